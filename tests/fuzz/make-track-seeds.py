#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Write the seeds of fuzz_track: one of each shape of conversation.

Run in this folder. The format stands on top of fuzz_track.c. Files that are there and not
written here are inputs that once broke something: keep them.
"""
import os
import struct

TCP, SCTP, UDP, UDPLITE, ICMP, ICMPV6, GRE, ESP = range(8)
NOT_LOOSE, LIBERAL, BAD_RST, UNCONFIRMED, FRAGMENTS = 8, 16, 32, 64, 128
LATER = 64  # of a packet's time, with FRAGMENTS
FLAGS = {"F": 1, "S": 2, "R": 4, "P": 8, "A": 16, "U": 32}
SEQ_ABSOLUTE, ACK_ABSOLUTE, SCALE, SACK_PERM, SACK, OPTIONS, LONG = 1, 2, 4, 8, 16, 32, 64
SYN = SEQ_ABSOLUTE | SCALE | SACK_PERM | OPTIONS


def tcp(direction, flags, what=0, seq=0, ack=0, window=500, length=0, sack=0, wait=0):
    """A segment; by default its numbers are those that the other side expects."""
    return struct.pack("!BBBhhHHH", (direction == "<") | wait << 1,
                       sum(FLAGS[f] for f in flags), what, seq, ack, window, length, sack)


def sctp(direction, tag, *chunks):
    """Tag 1: the one of this direction, 2: of the other. Chunks: type, flags, tag."""
    body = b""
    for kind, flags, init in chunks:
        value = struct.pack("!IIHHI", init, 65536, 1, 1, 1) if kind in (1, 2) else b"abcd"
        body += struct.pack("!BBH", kind, flags, 4 + len(value)) + value
    return struct.pack("!BBB", direction == "<", tag, len(body)) + body


OPEN = (tcp(">", "S", SYN, 1007, window=64240) +
        tcp("<", "SA", SYN, 5007, window=65160) + tcp(">", "A"))
SCTP_OPEN = (sctp(">", 0, (1, 0, 12)) + sctp("<", 1, (2, 0, 5)) +
             sctp(">", 1, (10, 0, 0), (0, 0, 0)) + sctp("<", 1, (11, 0, 0), (3, 0, 0)))
RESTART = tcp(">", "S", SYN, 30007) + tcp("<", "SA", SYN, 20007)

SEEDS = {
    "tcp-close": (TCP, OPEN + tcp(">", "PA", length=100) + tcp("<", "A") + tcp(">", "FA") +
                  tcp("<", "FA") + tcp(">", "A") + tcp(">", "S", SYN, 9007)),
    "tcp-refused": (TCP, tcp(">", "S", SYN, 1007) + tcp("<", "RA", SEQ_ABSOLUTE)),
    "tcp-both-open": (TCP, tcp(">", "S", SYN, 1007) + tcp("<", "S", SYN, 5007) +
                      tcp(">", "SA", seq=-1) + tcp("<", "SA", seq=-1) + tcp("<", "A")),
    "tcp-restart": (TCP, OPEN + RESTART + tcp(">", "A")),
    "tcp-challenge": (TCP, OPEN + tcp(">", "FA") + tcp("<", "FA") +
                      tcp(">", "S", SYN, 30007) + tcp("<", "A") + tcp("<", "A")),
    "tcp-half-open": (TCP, tcp(">", "S", SYN, 1007) +
                      tcp("<", "A", SEQ_ABSOLUTE | ACK_ABSOLUTE, 77, 33) +
                      tcp(">", "R", SEQ_ABSOLUTE, 33)),
    "tcp-rst": (TCP, OPEN + tcp("<", "R", seq=100) + tcp("<", "R", seq=-100) +
                tcp("<", "R")),
    "tcp-rst-let-pass": (TCP | BAD_RST, OPEN + tcp("<", "R", seq=-100)),
    "tcp-windows": (TCP, OPEN + tcp(">", "A", LONG, length=1000) + tcp("<", "A") +
                    tcp(">", "A", ack=1) + tcp(">", "A", seq=-30000) +
                    tcp(">", "PA", LONG, seq=30000, length=2000) +
                    tcp("<", "A", SACK | OPTIONS, ack=-500, sack=500)),
    "tcp-liberal": (TCP | LIBERAL, OPEN + tcp(">", "PA", SEQ_ABSOLUTE, -1, length=9)),
    "tcp-picked-up": (TCP, tcp(">", "PA", length=50) + tcp("<", "PA", length=50) +
                      tcp(">", "A")),
    "tcp-not-loose": (TCP | NOT_LOOSE, tcp(">", "PA") + tcp(">", "S", SYN, 7)),
    "tcp-unconfirmed": (TCP | UNCONFIRMED, OPEN),
    "tcp-retransmits": (TCP, OPEN + tcp(">", "PA", length=100) +
                        4 * tcp(">", "PA", seq=-100, length=100) + tcp("<", "A", window=0)),
    "tcp-fragments": (TCP | FRAGMENTS, OPEN + tcp(">", "PA", length=1460) +
                      tcp(">", "", length=1480, wait=LATER) +
                      tcp("<", "A") + tcp(">", "FA", length=1460) +
                      tcp(">", "", LONG, length=20, wait=LATER) + tcp("<", "A", ack=1)),
    "sctp-close": (SCTP, SCTP_OPEN + sctp(">", 1, (7, 0, 0)) + sctp("<", 1, (8, 0, 0)) +
                   sctp(">", 1, (14, 0, 0)) + sctp(">", 0, (1, 0, 13))),
    "sctp-both-open": (SCTP, sctp(">", 0, (1, 0, 12)) + sctp("<", 0, (1, 0, 5)) +
                       sctp(">", 1, (2, 0, 12)) + sctp("<", 1, (2, 0, 99)) +
                       sctp("<", 1, (2, 0, 5)) + sctp("<", 1, (10, 0, 0)) +
                       sctp(">", 1, (11, 0, 0))),
    "sctp-second-path": (SCTP, sctp(">", 5, (4, 0, 0)) + sctp("<", 12, (5, 0, 0)) +
                         sctp(">", 6, (4, 0, 0)) + sctp("<", 13, (5, 0, 0))),
    "sctp-abort": (SCTP, SCTP_OPEN + sctp(">", 2, (6, 1, 0))),
    "sctp-fragments": (SCTP | FRAGMENTS, SCTP_OPEN + bytes([LATER << 1]) + sctp("<", 2)[1:]),
    "udp-fragments": (UDP | FRAGMENTS, bytes([0, LATER << 1, 1, LATER << 1 | 1])),
    "udp-stream": (UDP, bytes([0, 1, 0x40, 1])),
    "udplite": (UDPLITE, bytes([0, 1, 0])),
    "icmp": (ICMP, bytes([0, 8, 1, 0, 0, 3])),
    "icmpv6": (ICMPV6, bytes([0, 128, 1, 129])),
    "gre": (GRE, bytes([0, 1, 0])),
    "esp": (ESP, bytes([0, 1, 0])),
}

os.makedirs("seeds/track", exist_ok=True)
for name, (setup, packets) in SEEDS.items():
    with open(f"seeds/track/{name}", "wb") as out:
        out.write(bytes([setup]) + packets)
