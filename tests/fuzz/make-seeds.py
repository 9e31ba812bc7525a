#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Write the seeds of fuzz_packet, fuzz_fragment and fuzz_queue: one of each shape.

Run in this folder; needs scapy (Debian: python3-scapy). The formats stand on top of
these programs. Files that are there and not written here are inputs
that once broke something: keep them.
"""
import os
import random
import struct

from scapy.all import (AH, ICMP, IP, TCP, UDP, GRE, DNS, DNSQR, Raw, IPv6, fragment,
                       ICMPv6DestUnreach, ICMPv6EchoReply, ICMPv6EchoRequest,
                       ICMPv6MLReport2, ICMPv6ND_NS, ICMPv6ND_Redirect,
                       ICMPv6NDOptRedirectedHdr, ICMPv6PacketTooBig, IPv6ExtHdrDestOpt,
                       IPv6ExtHdrFragment, IPv6ExtHdrHopByHop, IPv6ExtHdrRouting,
                       fragment6, IPOption_Timestamp, IPOption_RR)
from scapy.layers.sctp import (SCTP, SCTPChunkCookieAck, SCTPChunkCookieEcho,
                               SCTPChunkData, SCTPChunkInit, SCTPChunkSACK)

random.seed(1)
I4 = IP(src="192.0.2.1", dst="198.51.100.2", id=1)
I6 = IPv6(src="2001:db8::1", dst="2001:db8:1::2")
IPV6, GSO, CUT = 1, 2, 16
UNVERIFIED = 1 << 2

SYN = TCP(sport=40000, dport=443, flags="S", seq=1, window=64240,
          options=[("MSS", 1460), ("SAckOK", b""), ("Timestamp", (1, 0)), ("NOP", None),
                   ("WScale", 7)])
SACK = TCP(sport=40000, dport=443, flags="A", seq=2, ack=1000,
           options=[("NOP", None), ("NOP", None), ("Timestamp", (1, 2)), ("NOP", None),
                    ("NOP", None), ("SAck", (2000, 3000, 4000, 5000))])
DATA = Raw(b"GET / HTTP/1.1\r\nHost: example.org\r\n\r\n")
QUERY = DNS(rd=1, qd=DNSQR(qname="example.org"))


def packet_seeds():
    udp4, udp6 = I4 / UDP(sport=5353, dport=53) / QUERY, I6 / UDP(sport=5353, dport=53) / QUERY
    pptp = struct.pack("!HHHHI", 0x3001, 0x880b, 4, 77, 1) + b"data"
    yield "tcp4-syn", 0, I4 / SYN
    yield "tcp6-syn", IPV6, I6 / SYN
    yield "tcp4-data", UNVERIFIED, I4 / TCP(sport=40000, dport=80, flags="PA") / DATA
    yield "tcp4-sack", 0, I4 / SACK
    yield "tcp4-rst", 0, I4 / TCP(sport=1, dport=2, flags="R")
    yield "tcp4-christmas", 0, I4 / TCP(sport=1, dport=2, flags="FPU")
    yield "tcp4-gso", GSO, I4 / TCP(sport=40000, dport=80, flags="A") / Raw(bytes(3000))
    yield "tcp4-bad-options", 0, I4 / TCP(dataofs=7) / Raw(b"\x03\x00\x08\x30\x01\x01\x01\x01")
    yield "tcp4-copied-in-part", CUT, I4 / SYN
    yield "tcp4-options", 0, IP(src="192.0.2.1", dst="198.51.100.2",
                                options=[IPOption_RR(), IPOption_Timestamp()]) / SYN
    yield "udp4-dns", UNVERIFIED, udp4
    yield "udp6-dns", IPV6 | UNVERIFIED, udp6
    yield "udp4-no-checksum", UNVERIFIED, I4 / UDP(sport=1, dport=2, chksum=0)
    yield "udp4-bad-length", 0, I4 / UDP(sport=1, dport=2, len=4)
    yield "udplite4", UNVERIFIED, IP(src="192.0.2.1", dst="198.51.100.2", proto=136) / \
        Raw(struct.pack("!HHHH", 1, 2, 8, 0x1234) + b"payload")
    yield "icmp4-echo", UNVERIFIED, I4 / ICMP(id=77, seq=1) / Raw(bytes(56))
    yield "icmp4-timestamp", 0, I4 / ICMP(type=13, id=77, ts_ori=1, ts_rx=0, ts_tx=0)
    yield "icmp4-unreachable", 0, I4 / ICMP(type=3, code=3) / udp4
    yield "icmp4-frag-needed", 0, I4 / ICMP(type=3, code=4, nexthopmtu=1400) / I4 / SYN
    yield "icmp4-exceeded-echo", 0, I4 / ICMP(type=11) / I4 / ICMP(id=5)
    yield "icmp4-quotes-error", 0, I4 / ICMP(type=3) / I4 / ICMP(type=3) / udp4
    yield "icmp4-quotes-fragment", 0, I4 / ICMP(type=3) / IP(frag=4) / UDP()
    yield "icmp4-router", 0, I4 / ICMP(type=9)
    yield "icmp6-echo", IPV6 | UNVERIFIED, I6 / ICMPv6EchoRequest(id=77) / Raw(bytes(56))
    yield "icmp6-reply", IPV6, I6 / ICMPv6EchoReply(id=77)
    yield "icmp6-solicit", IPV6, I6 / ICMPv6ND_NS(tgt="2001:db8::9")
    yield "icmp6-listener", IPV6, I6 / IPv6ExtHdrHopByHop() / ICMPv6MLReport2()
    yield "icmp6-unreachable", IPV6, I6 / ICMPv6DestUnreach() / udp6
    yield "icmp6-too-big", IPV6, I6 / ICMPv6PacketTooBig(mtu=1280) / I6 / \
        IPv6ExtHdrDestOpt() / IPv6ExtHdrFragment(m=1, id=9) / SYN
    yield "icmp6-redirect", IPV6, IPv6(src="fe80::1", dst="2001:db8::1", hlim=255) / \
        ICMPv6ND_Redirect(tgt="fe80::2", dst="2001:db8:1::2") / \
        ICMPv6NDOptRedirectedHdr(pkt=udp6)
    yield "ip6-extensions", IPV6, I6 / IPv6ExtHdrHopByHop() / IPv6ExtHdrDestOpt() / \
        IPv6ExtHdrRouting(addresses=["2001:db8::7"]) / AH(nh=6, payloadlen=4, icv=bytes(12)) / SYN
    yield "ip6-no-next", IPV6, IPv6(nh=59)
    yield "ip6-atomic-fragment", IPV6, I6 / IPv6ExtHdrFragment(id=1) / UDP()
    yield "sctp4-init", UNVERIFIED, I4 / SCTP(sport=1, dport=2) / SCTPChunkInit(init_tag=7)
    yield "sctp6-cookie-data", IPV6, I6 / SCTP(tag=9) / SCTPChunkCookieEcho(cookie=b"x" * 30) / \
        SCTPChunkData(data=b"hello")
    yield "sctp4-sack", CUT, I4 / SCTP(tag=9) / SCTPChunkSACK() / SCTPChunkData(data=b"hi")
    yield "sctp4-misplaced", 0, I4 / SCTP(tag=9) / SCTPChunkData(data=b"hi") / SCTPChunkCookieAck()
    yield "gre4", 0, I4 / GRE(key_present=1, key=7) / IP() / UDP()
    yield "gre4-pptp", 0, IP(src="192.0.2.1", dst="198.51.100.2", proto=47) / Raw(pptp)
    yield "dccp4", 0, IP(src="192.0.2.1", dst="198.51.100.2", proto=33) / \
        Raw(struct.pack("!HHBBHI", 5000, 6000, 4, 0, 0, 1))
    yield "ospf4", 0, IP(src="192.0.2.1", dst="224.0.0.5", proto=89) / Raw(bytes(44))
    yield "fragment4-first", 0, fragment(I4 / UDP(sport=1, dport=2) / Raw(bytes(200)), 96)[0]
    yield "fragment4-last", 0, fragment(I4 / UDP(sport=1, dport=2) / Raw(bytes(200)), 96)[-1]
    yield "padding4", 0, Raw(bytes(I4 / SYN) + bytes(6))


def sequence(packets, family, gaps=None):
    out = b""
    for i, p in enumerate(packets):
        b = bytes(p)
        assert len(b) < 256
        out += struct.pack("BBB", family, gaps[i] if gaps else 0, len(b)) + b
    return out


def fragment_seeds():
    whole = I4 / UDP(sport=1, dport=2) / Raw(bytes(400))
    parts = fragment(whole, 96)
    whole6 = I6 / IPv6ExtHdrFragment(id=9) / UDP(sport=1, dport=2) / Raw(bytes(1500))
    parts6 = [p for p in fragment6(whole6, 200)]
    ping = fragment(I4 / ICMP(id=77) / Raw(bytes(300)), 96)
    again = parts[:2] + [parts[1]] + parts[2:]
    yield "in-order4", sequence(parts, 0)
    yield "in-order6", sequence(parts6, 1)
    yield "ping4", sequence(ping, 0)
    yield "reversed4", sequence(parts[::-1], 0)
    yield "gap4", sequence(parts[:1] + parts[2:] + parts[1:], 0)
    yield "overlap4", sequence(again, 0)
    yield "two-beginnings4", sequence(parts[:1] + parts, 0)
    yield "too-late4", sequence(parts, 0, [0] + [235] * (len(parts) - 1))
    yield "both-hooks4", b"".join(sequence([p], 0) + sequence([p], 2) for p in parts)
    many = [fragment(IP(src="192.0.2.1", dst="198.51.100.2", id=i) / UDP() / Raw(bytes(200)), 96)
            for i in range(20)]
    yield "beyond-limit4", sequence([m[0] for m in many] + [m[1] for m in many], 0)


def attribute(number, payload):
    return struct.pack("=HH", 4 + len(payload), number) + payload + bytes(-len(payload) % 4)


def message(number, family, attributes):
    body = struct.pack("!BBH", family, 0, 5) + attributes
    return struct.pack("=IHHII", 16 + len(body), number, 0, 0, 0) + body


def queue_seeds():
    """nlmsghdr and attributes in the byte order of this machine, as the kernel sends them."""
    udp = bytes(I4 / UDP(sport=5353, dport=53) / QUERY)
    header = attribute(1, struct.pack("!IHB", 7, 0x0800, 0))
    number = lambda n: struct.pack("!I", n)
    plain = message(0x300, 2, header + attribute(10, udp))
    full = message(0x300, 2, header + attribute(3, number(5)) + attribute(5, number(2)) +
                   attribute(6, number(3)) + attribute(16, number(1000)) +
                   attribute(17, number(100)) + attribute(13, number(1500)) +
                   attribute(14, number(6)) + attribute(10, udp))
    error = struct.pack("=IHHII", 36, 2, 0, 9, 0) + struct.pack("=i", -2) + plain[:16]
    yield "packet", b"\0" + plain
    yield "packet-all-attributes", b"\0" + full
    yield "packet-cut-off", b"\x11" + plain
    yield "packet-without-header", b"\0" + message(0x300, 2, attribute(10, udp))
    yield "packet-without-payload", b"\0" + message(0x300, 10, header)
    yield "refusal", b"\0" + error
    yield "other", b"\0" + message(0x100, 2, header)


def write(what, name, content):
    os.makedirs(f"seeds/{what}", exist_ok=True)
    with open(f"seeds/{what}/{name}", "wb") as f:
        f.write(content)


for name, properties, packet in packet_seeds():
    write("packet", name, bytes([properties, 20]) + bytes(packet))
for name, content in fragment_seeds():
    write("fragment", name, content)
for name, content in queue_seeds():
    write("queue", name, content)
