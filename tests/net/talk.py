# SPDX-License-Identifier: GPL-2.0-or-later
"""Random conversations: each suite yields (client speaks, packet, text) from a seed."""
import struct
import time


class Side:
    """What a TCP host of a random conversation may say."""

    def __init__(self, rng):
        self.rng = rng
        self.isn = rng.choice((1000, rng.getrandbits(32), 0xFFFFFF00))
        self.next = self.isn
        self.syn = rng.random() < 0.85
        self.scale = rng.choice((None, 0, 3, 7, 14, 15))
        self.sack = rng.random() < 0.7

    def options(self):
        out = b""
        if self.scale is not None:
            out += bytes([1, 3, 3, self.scale])
        if self.sack:
            out += bytes([4, 2, 1, 1])
        return out

    def number(self):
        """A sequence number of this side: mostly a right one."""
        r = self.rng
        return r.choices((self.next, self.isn, self.next - 1, self.next + r.randint(1, 3000),
                          self.next - r.randint(1, 3000), self.next + r.randint(0, 200000),
                          self.next - r.randint(0, 200000), 0, r.getrandbits(32)),
                         (60, 6, 6, 6, 6, 5, 5, 2, 1))[0]


def tcp_step(rng, case, sides, client, settled):
    me, other = sides[not client], sides[client]
    flags = rng.choices(("S", "SA", "A", "PA", "FA", "R", "RA", "FPA", "SF", "P", "AU", ""),
                        (5, 3, 24, 16, 8, 5, 5, 2, 1, 1, 1, 0.5) if settled else
                        (12, 10, 12, 6, 3, 3, 3, 1, 1, 1, 1, 0.5))[0]
    length = rng.choice((0, 1, 100, 1400, 1400)) if "P" in flags else 0
    seq = me.isn if "S" in flags and rng.random() < 0.7 else me.number()
    ack = other.number() if "A" in flags or rng.random() < 0.1 else 0
    options = b""
    if "S" in flags:
        if rng.random() < 0.15:
            me.__init__(rng)
            seq = me.isn
        options = me.options() if rng.random() < 0.9 else b""
    elif rng.random() < 0.2:
        left = other.number()
        options = struct.pack("!BBBBII", 1, 1, 5, 10, left & 0xFFFFFFFF,
                              left + rng.choice((1, 100, 3000)) & 0xFFFFFFFF)
    window = rng.choice((0, 1, 100, 500, 8192, 65535))
    data = case.tcp(client, flags, seq, ack, window, length, options)
    if rng.random() < 0.9:
        end = seq + length + ("S" in flags) + ("F" in flags)
        if (end - me.next) & 0xFFFFFFFF < 1 << 31:
            me.next = end & 0xFFFFFFFF
    return data, f"{flags or '-'} {seq & 0xFFFFFFFF}:{length} ack {ack & 0xFFFFFFFF} " \
        f"win {window} opt {options.hex()}"


def tcp_handshake(case, sides):
    c, s = sides
    yield True, case.tcp(True, "S", c.isn, 0, 64000, 0, c.options()), f"S {c.isn}"
    c.next = c.isn + 1 & 0xFFFFFFFF
    yield False, case.tcp(False, "SA", s.isn, c.next, 65000, 0, s.options()), f"SA {s.isn}"
    s.next = s.isn + 1 & 0xFFFFFFFF
    yield True, case.tcp(True, "A", c.next, s.next, 500), "A"


def suite_tcp(rng, case):
    sides = (Side(rng), Side(rng))
    settled = rng.random() < 0.6
    if settled:
        yield from tcp_handshake(case, sides)
    for _ in range(rng.randint(1, 25)):
        client = rng.random() < 0.5
        data, text = tcp_step(rng, case, sides, client, settled)
        yield client, data, text


def settings_tcp(rng):
    return {"tcp_loose": int(rng.random() < 0.8), "tcp_be_liberal": int(rng.random() < 0.1),
            "tcp_ignore_invalid_rst": int(rng.random() < 0.1),
            "tcp_max_retrans": rng.choice((3, 1, 0)),
            "tcp_timeout_max_retrans": rng.choice((300, 200)),
            "tcp_timeout_unacknowledged": rng.choice((300, 250, 100))}


def suite_sctp(rng, case):
    tags = [rng.getrandbits(32) or 1, rng.getrandbits(32) or 1]  # expected from client, server
    names = ["DATA", "INIT", "INIT_ACK", "SACK", "HB", "HB_ACK", "ABORT", "SHUTDOWN",
             "SHUTDOWN_ACK", "ERROR", "ECHO", "ACK", "ECNE", "CWR", "COMPLETE"]
    opening = [(True, 1), (False, 2), (True, 10), (False, 11)]
    closing = [(True, 7), (False, 8), (True, 14)]
    plan = opening + closing if rng.random() < 0.7 else []
    while plan or rng.random() < 0.93:
        if plan and rng.random() < 0.75:
            client, kind = plan.pop(0)
            kinds = [kind]
        else:
            client = rng.random() < 0.5
            # one chunk that matters: ours follows all chunks or none, the kernel some
            kinds = rng.choices((0, 3, 12, 13, 0xC1), k=rng.choice((0, 0, 0, 1, 2)))
            kinds.insert(rng.randint(0, len(kinds)), rng.choices(
                range(15), (6, 5, 4, 6, 6, 6, 3, 3, 3, 2, 3, 3, 1, 1, 3))[0])
            if rng.random() < 0.3:
                plan = []
        tag = 0 if 1 in kinds and rng.random() < 0.95 else \
            rng.choices((tags[not client], tags[client], 0, rng.getrandbits(32)),
                        (85, 8, 3, 4))[0]
        if 1 in kinds and rng.random() < 0.1:
            tags[client] = rng.getrandbits(32)
        init = tags[client] if rng.random() < 0.95 else rng.getrandbits(32)
        chunks = [(k, int(rng.random() < 0.2), init) for k in kinds]
        yield client, case.sctp(client, tag, chunks), f"tag {tag:#x} init {init:#x} " + \
            " ".join(f"{names[k] if k < 15 else hex(k)}{'/T' if f else ''}" for k, f, _ in chunks)


def suite_datagrams(proto):
    def suite(rng, case):
        for _ in range(rng.randint(1, 8)):
            client = rng.random() < 0.6
            yield client, case.udp(client, proto), "datagram"
    return suite


def suite_stream(rng, case):
    """UDP at both sides of the two seconds after which it is a stream."""
    yield True, case.udp(True), "datagram"
    for wait in rng.choice(((0.1, 1.7, 0.5), (2.2, 0.1), (1.0, 1.2, 0.1), (2.3,))):
        time.sleep(wait)  # time itself is what is tested
        client = rng.random() < 0.5
        yield client, case.udp(client), f"datagram after {wait} s"


def suite_icmp(rng, case):
    """One question and its answers; what else is said belongs to nothing."""
    question, answer = rng.choice(((8, 0), (13, 14), (15, 16), (17, 18)) if case.family == 4
                                  else ((128, 129), (139, 140)))
    strange = [k for k in range(256) if k not in (8, 13, 15, 17)] if case.family == 4 else \
        [k for k in range(256) if k not in (128, 139) and not 133 <= k <= 137]
    for _ in range(rng.randint(1, 8)):
        client = rng.random() < 0.5
        kind = rng.choice(strange) if rng.random() < 0.3 else question if client else answer
        yield client, case.icmp(client, kind), f"type {kind}"


def suite_errors(rng, case):
    """An error quotes a packet that passed, or one that did not."""
    make = rng.choice((lambda c: case.udp(c), lambda c: case.tcp(c, "S", 1, 0, 100),
                       lambda c: case.icmp(c, 8 if case.family == 4 else 128),
                       lambda c: case.segment(c, 50, b"12345678")))
    quoted = make(True)
    if rng.random() < 0.8:
        yield True, quoted, "the packet"
    for _ in range(3):
        client = rng.random() < 0.3
        kind = rng.choice((3, 4, 5, 11, 12) if case.family == 4 else (1, 2, 3, 4, 100))
        quote = quoted if rng.random() < 0.7 else make(False)
        size = rng.choice((len(quote), 28 if case.family == 4 else 48,
                           27 if case.family == 4 else 47, 12))
        yield client, case.icmp(client, kind, 1, 0, quote[:size]), \
            f"error {kind} quotes {size} bytes"


def suite_others(rng, case):
    proto = rng.choice((47, 50, 253))
    gre = rng.choice((struct.pack("!HH", 0, 0x0800) + b"12345678",
                      struct.pack("!HHHH", 0x3001, 0x880B, 4, 7) + b"12345678"))
    for _ in range(rng.randint(1, 5)):
        client = rng.random() < 0.6
        body = gre if proto == 47 else struct.pack("!HH", *case.ports(client)) + b"12345678"
        yield client, case.segment(client, proto, body), f"proto {proto}"


def no_settings(_):
    return {}


def no_checksums(_):
    """Linux 6.18 sums up UDP-Lite with UDP's number, and finds no sum right."""
    return {"checksum": 0}


SUITES = {"tcp": (suite_tcp, settings_tcp), "sctp": (suite_sctp, no_settings),
          "udp": (suite_datagrams(17), no_settings),
          "stream": (suite_stream, no_settings),
          "udplite": (suite_datagrams(136), no_checksums),
          "icmp": (suite_icmp, no_settings), "errors": (suite_errors, no_settings),
          "others": (suite_others, no_settings)}
