# SPDX-License-Identifier: GPL-2.0-or-later
"""The steps of scenarios.py, made packets."""
import struct

from packets import FLAGS, Case, checksum, crc32c, ip, with_sum

ICMP = {4: {"echo": (8, 0), "reply": (0, 0), "ts": (13, 0), "tsreply": (14, 0),
            "info": (15, 0), "inforeply": (16, 0), "mask": (17, 0), "maskreply": (18, 0)},
        6: {"echo": (128, 0), "reply": (129, 0), "nodeinfo": (139, 0), "nodereply": (140, 0)}}
ERROR = {4: {"unreach": (3, 3), "frag": (3, 4), "quench": (4, 0), "redirect": (5, 1),
             "ttl": (11, 0), "param": (12, 0)},
         6: {"unreach": (1, 4), "frag": (2, 0), "ttl": (3, 0), "param": (4, 0)}}
CHUNKS = ("DATA", "INIT", "INIT_ACK", "SACK", "HEARTBEAT", "HEARTBEAT_ACK", "ABORT", "SHUTDOWN",
          "SHUTDOWN_ACK", "ERROR", "COOKIE_ECHO", "COOKIE_ACK", "ECNE", "CWR",
          "SHUTDOWN_COMPLETE")
MASK = 0xFFFFFFFF


class Step:
    """One step: who speaks, and the packets (several when it is cut into fragments)."""

    def __init__(self, text, proto):
        words = text.split()
        arrow = words.pop(0)
        self.text = text
        self.proto = arrow[0] if len(arrow) == 2 else proto
        self.client = arrow[-1] == ">"
        self.words = [w for w in words if "=" not in w and w[:4] not in ("seq+", "seq-", "ack+",
                                                                         "ack-")]
        self.values = dict(w.split("=", 1) for w in words if "=" in w)
        self.offsets = {w[:3]: int(w[3:]) for w in words if w[:3] in ("seq", "ack") and
                        w[3:4] in ("+", "-")}
        self.lost = "lose" in self.values or "overlap" in self.values or "lost" in self.words

    def number(self, name, default=None):
        return int(self.values[name], 0) if name in self.values else default


class Script:
    """A scenario being played: the conversation and what its hosts know."""

    def __init__(self, family, sport, dport, target=None):
        self.case = Case(family, sport, dport, target)
        self.family = family
        self.isn = {True: 1000, False: 5000}
        self.next = dict(self.isn)
        self.tags = {True: 0x1111, False: 0x2222}  # that each side wants to see
        self.last = {}  # side → the last packet that it got

    def packets(self, step):
        """The step's datagrams."""
        segment, proto = {"T": self.tcp, "U": self.udp, "L": self.udplite, "I": self.icmp,
                          "E": self.error, "S": self.sctp, "G": self.gre,
                          "O": self.other}["E" if "err" in step.values else step.proto](step)
        segment = segment[:step.number("cut", len(segment))]
        whole = ip(self.family, *self.case.ends(step.client), proto, segment)
        return self.fragments(step, whole) if "frags" in step.values else [whole]

    def summed(self, step, proto, segment, at):
        segment = with_sum(self.family, *self.case.ends(step.client), proto, segment, at)
        if "sum" in step.words:
            segment = segment[:at] + bytes([segment[at] ^ 0x55]) + segment[at + 1:]
        return segment

    # ---- TCP

    def tcp_options(self, step, other):
        out = bytes.fromhex(step.values.get("opt", ""))
        if "ws" in step.values:
            out += bytes([1, 3, 3, step.number("ws")])
        if "sack" in step.words:
            out += bytes([1, 1, 4, 2])
        if "block" in step.values:
            left, right = (int(n) + self.isn[other] & MASK
                           for n in step.values["block"].split(":"))
            out += struct.pack("!BBBBII", 1, 1, 5, 10, left, right)
        return out + b"\0" * (-len(out) % 4)

    def tcp_number(self, step, flags):
        me = step.client
        if "isn" in step.values:
            self.isn[me] = self.next[me] = step.number("isn")
        return (self.isn if "S" in flags else self.next)[me] + step.offsets.get("seq", 0) & MASK

    def tcp(self, step):
        me, other = step.client, not step.client
        flags = step.words[0]
        length = step.number("len", 0)
        seq = self.tcp_number(step, flags)
        ack = self.next[other] + step.offsets.get("ack", 0) & MASK if "A" in flags else 0
        options = self.tcp_options(step, other)
        words = step.number("off", (20 + len(options)) // 4)
        header = struct.pack("!HHIIBBHHH", *self.case.ports(me), seq, ack, words << 4,
                             sum(FLAGS[f] for f in flags if f != "-"),
                             step.number("win", 64000), 0, 0)
        if "seq" not in step.offsets:
            end = seq + length + ("S" in flags) + ("F" in flags) & MASK
            if "S" in flags or (end - self.next[me] & MASK) < 1 << 31:
                self.next[me] = end
        return self.summed(step, 6, header + options + b"x" * length, 16), 6

    # ---- datagrams

    def datagram(self, step, proto, covered):
        body = b"x" * step.number("len", 4)
        header = struct.pack("!HHHH", *self.case.ports(step.client),
                             step.number("short", covered(len(body))), 0)
        segment = self.summed(step, proto, header + body, 6)
        if proto == 136 and 8 <= step.number("short", 0) < len(segment):
            segment = self.partly(step, header, body)
        return segment, proto

    def partly(self, step, header, body):
        """UDP-Lite's sum over a part: what is not covered counts as if it were not there, but
        for its length in the pseudo header."""
        part = (header + body)[:step.number("short")]
        whole = len(header) + len(body)
        src, dst = self.case.ends(step.client)
        summed = with_sum(self.family, src, dst, 136, part, 6)
        total = (~struct.unpack("!H", summed[6:8])[0] & 0xFFFF) + whole - len(part)
        value = ~((total & 0xFFFF) + (total >> 16)) & 0xFFFF
        return header[:6] + struct.pack("!H", value or 0xFFFF) + body

    def udp(self, step):
        return self.datagram(step, 17, lambda length: 8 + length)

    def udplite(self, step):
        return self.datagram(step, 136, lambda length: 0)

    # ---- ICMP

    def icmp_message(self, step, kind, code, rest, data):
        body = struct.pack("!BBH", kind, code, 0) + rest + data
        if self.family == 6:
            return self.summed(step, 58, body, 2), 58
        value = checksum(body) ^ (0x5500 if "sum" in step.words else 0)
        return body[:2] + struct.pack("!H", value) + body[4:], 1

    def icmp(self, step):
        kind = (step.number("type"), 0) if "type" in step.values else \
            ICMP[self.family][step.words[0]]
        ident = step.number("id", self.case.ident(step.client))
        return self.icmp_message(step, *kind, struct.pack("!HH", ident, 1),
                                 b"payload!" + b"x" * step.number("len", 0))

    def error(self, step):
        kind = ERROR[self.family][step.values["err"]]
        quoted = self.last[not step.client if "own" in step.words else step.client]
        if "other" in step.words:
            quoted = Case(self.family, 9, 9).udp(True)
        quoted = quoted[:step.number("quote", len(quoted))]
        return self.icmp_message(step, *kind, struct.pack("!I", 1300), quoted)

    # ---- others

    def chunk(self, step, text):
        name, t_bit = text.removesuffix("/T"), text.endswith("/T")
        kind = CHUNKS.index(name)
        value = struct.pack("!IIHHI", self.tags[step.client], 65536, 1, 1, 1) \
            if kind in (1, 2) else b"abcd"
        return struct.pack("!BBH", kind, t_bit, 4 + len(value)) + value

    def sctp(self, step):
        names = step.words[0].split(",")
        tag = 0 if "INIT" in names else self.tags[not step.client]
        if names == ["ABORT/T"]:
            tag = self.tags[step.client]
        body = struct.pack("!HHII", *self.case.ports(step.client), step.number("tag", tag), 0) + \
            b"".join(self.chunk(step, name) for name in names)
        value = crc32c(body) ^ (1 if "sum" in step.words else 0)
        return body[:8] + struct.pack("<I", value) + body[12:], 132

    def gre(self, step):
        if "pptp" in step.values:
            return struct.pack("!HHHH", 0x3001, 0x880B, 4, step.number("pptp")) + b"12345678", 47
        return struct.pack("!HH", 0, 0x0800) + b"12345678", 47

    def other(self, step):
        return struct.pack("!HH", *self.case.ports(step.client)) + b"12345678", \
            step.number("proto")

    # ---- fragments

    def fragments(self, step, whole):
        at = 40 if self.family == 6 else 20
        header, payload = whole[:at], whole[at:]
        pieces, offset = [], 0
        sizes = [int(n) for n in step.values["frags"].split(",")]
        for i, size in enumerate([*sizes, len(payload) - sum(sizes)]):
            begin = offset - (8 if i == step.number("overlap", -1) else 0)
            more = offset + size < len(payload)
            pieces.append(self.piece(header, begin, payload[begin:offset + size], more))
            offset += size
        order = [int(n) for n in step.values.get("order", "").split(",") if n] or \
            range(len(pieces))
        return [pieces[i] for i in order if i != step.number("lose", -1)]

    def piece(self, header, offset, data, more):
        ident = self.case.sport
        if self.family == 6:
            extension = struct.pack("!BBHI", header[6], 0, offset | more, ident)
            return header[:4] + struct.pack("!HB", 8 + len(data), 44) + header[7:] + extension + \
                data
        header = header[:2] + struct.pack("!HHH", 20 + len(data), ident,
                                          offset // 8 | (0x2000 if more else 0)) + \
            header[8:10] + b"\0\0" + header[12:]
        return header[:10] + struct.pack("!H", checksum(header)) + header[12:] + data
