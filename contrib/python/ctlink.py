# SPDX-License-Identifier: GPL-2.0-or-later
"""ctlink - speak to ctqd from Python, with nothing but the standard library

Written from ctlink(7) alone: it shares no code and no header with ctqd.

    with ctlink.Connection() as ctqd:
        for flow in ctqd.flows(ctlink.match("dport", 443)):
            print(flow["orig"], flow["state"])
        ctqd.load([ctlink.chain("prerouting", hook=0, policy="accept"),
                   ctlink.rule("prerouting", "drop", ctlink.match("src", "192.0.2.0/24"))])
        ctqd.subscribe("new", "destroy")
        for event in ctqd.events():
            ...

Errors of the daemon are ctlink.Error, with its errno, text, hint, and the offset of the
attribute that it means. Not for more than one thread at a time.
"""
import collections
import errno
import ipaddress
import os
import socket
import struct
import sys

SOCKET = "/run/ctqd/ctl.sock"
DATAGRAM_MAX = 131072

NLM_F_REQUEST, NLM_F_MULTI, NLM_F_ACK, NLM_F_DUMP_INTR = 1, 2, 4, 0x10
NLM_F_DUMP, NLM_F_CREATE, NLM_F_ACK_TLVS = 0x300, 0x400, 0x200
NLMSG_NOOP, NLMSG_ERROR, NLMSG_DONE = 1, 2, 3
BATCH_BEGIN, BATCH_END, BATCH_CHECK = 0x10, 0x11, 0x100
NESTED, TYPE_MASK = 0x8000, 0x3FFF

CT_NEW, CT_GET, CT_DELETE = 0x0100, 0x0101, 0x0102
RULESET_GET, RULESET_NEW, RULESET_FLUSH = 0x5000, 0x5001, 0x5002
CHAIN_GET, CHAIN_NEW, RULE_GET, RULE_NEW = 0x5003, 0x5004, 0x5006, 0x5007
DAEMON_GET, STATS_GET, SUBSCRIBE, OVERRUN, COUNT = 0x5400, 0x5402, 0x5404, 0x5405, 0x5406
SUBSYSTEM_RULES, SUBSYSTEM_SETS, BATCH_KILL = 0x50, 0x51, 0x200
ELEMENT_NEW, ELEMENT_DEL = 0x5105, 0x5106
ASK_GET, ASK_NEW, ASK_DEL, ASK_ANSWER = 0x5500, 0x5501, 0x5502, 0x5503
CTA_CTQ, CTA_CTQ_FILTER, CTA_CTQ_SEQUENCE = 0x100, 0x101, 0x102

GROUPS = {"new": 1, "update": 2, "destroy": 3, "rules": 16, "ask": 18}
VERDICTS = {"accept": 1, "drop": 2}
PROTOCOLS = {"icmp": 1, "tcp": 6, "udp": 17, "gre": 47, "icmpv6": 58, "sctp": 132, "udplite": 136}
TCP_STATES = ("NONE SYN_SENT SYN_RECV ESTABLISHED FIN_WAIT CLOSE_WAIT LAST_ACK TIME_WAIT CLOSE "
              "SYN_SENT2").split()

# ctlink(7), FIELDS: word → number, type
FIELDS = {
    "family": (1, "B"), "proto": (2, "B"), "src": (3, "address"), "dst": (4, "address"),
    "sport": (5, "H"), "dport": (6, "H"), "icmp-type": (7, "B"), "icmp-code": (8, "B"),
    "iif": (9, "string"), "oif": (10, "string"), "ct state": (11, "I"), "status": (12, "I"),
    "meta mark": (13, "I"), "mark": (14, "I"), "zone": (15, "H"), "host": (20, "address"),
    "reply-src": (21, "address"), "reply-dst": (22, "address"), "reply-sport": (23, "H"),
    "reply-dport": (24, "H"), "state": (25, "B"), "age": (26, "I"), "idle": (27, "I"),
    "timeout": (28, "I"), "packets": (29, "Q"), "bytes": (30, "Q"), "rule": (31, "string"),
    "verdict": (32, "B"), "reason": (33, "H"), "id": (34, "I"), "port": (35, "H"),
}

Message = collections.namedtuple("Message", "type flags seq family payload")


class Error(OSError):
    """What the daemon refused: errno, text, hint, offset (0: the message as a whole)."""

    def __init__(self, code, text="", hint="", offset=0):
        super().__init__(code, text or os.strerror(code))
        self.hint, self.offset = hint, offset


class Interrupted(Exception):
    """What was listed was replaced meanwhile: list again."""


# ---- bytes out ----------------------------------------------------------------------

def attribute(number, payload):
    return struct.pack("=HH", 4 + len(payload), number) + payload + bytes(-len(payload) % 4)


def nested(number, *attributes):
    return attribute(number | NESTED, b"".join(attributes))


def number(kind, code, value):
    """An integer attribute; @code: B, H, I or Q, as in the module struct."""
    return attribute(kind, struct.pack("!" + code, value))


def string(kind, text):
    return attribute(kind, text.encode() + b"\0")


# ---- matches and filters ---------------------------------------------------------------

def _address(text):
    if "/" in text:
        network = ipaddress.ip_network(text, strict=False)
        return attribute(1, network.network_address.packed) + number(4, "B", network.prefixlen)
    return attribute(1, ipaddress.ip_address(text).packed)


def _value(field, value):
    code = FIELDS[field][1]
    if code == "address":
        return nested(3, _address(value))
    if code == "string":
        return nested(3, string(5, value))
    if field == "proto" and isinstance(value, str):
        value = PROTOCOLS[value]
    if isinstance(value, tuple):  # a range, both ends included
        return nested(3, number(1, code, value[0]), number(2, code, value[1]))
    return nested(3, number(1, code, value))


def match(field, *values, negate=False):
    """The field has one of the values; or with @negate none of them."""
    flags = [number(2, "I", 1)] if negate else []
    return [("match", b"".join([number(1, "H", FIELDS[field][0]), *flags,
                                *(_value(field, v) for v in values)]))]


def _operator(code, operands):
    """Operands are expressions in prefix order; AND and OR take two of them."""
    terms = operands[-1]
    for operand in reversed(operands[:-1]):
        terms = [("operator", code)] + operand + terms
    return terms


def every(*expressions):
    return _operator(1, expressions)


def any_of(*expressions):
    return _operator(2, expressions)


def negate(expression):
    return [("operator", 3)] + expression


def _filter(expression):
    if not expression:
        return b""
    return nested(CTA_CTQ_FILTER, *(
        nested(1, nested(2, payload) if what == "match" else number(1, "B", payload))
        for what, payload in expression))


# ---- rules -------------------------------------------------------------------------------

def chain(name, hook=None, policy=None):
    """A chain; @hook: 0 prerouting, 1 input, 2 forward, 3 output, 4 postrouting."""
    payload = string(1, name)
    if hook is not None:
        payload += number(2, "B", hook)
    if policy:
        payload += number(3, "B", VERDICTS[policy])
    return CHAIN_NEW, payload


def rule(chain_name, verdict, *matches, name=None):
    """A rule at the end of a chain: all matches must hold."""
    payload = string(1, chain_name)
    if name:
        payload += string(4, name)
    payload += b"".join(nested(6, m[0][1]) for m in matches)
    return RULE_NEW, payload + nested(7, number(1, "H", VERDICTS[verdict]))


# ---- bytes in -----------------------------------------------------------------------------

def messages(datagram):
    """The messages of a datagram; ValueError when a length lies."""
    offset = 0
    while offset < len(datagram):
        length, kind, flags, seq, _ = struct.unpack_from("=IHHII", datagram, offset)
        if length < 16 or offset + length > len(datagram):
            raise ValueError("nlmsg_len lies")
        body, family = datagram[offset + 16:offset + length], 0
        if kind not in (NLMSG_NOOP, NLMSG_ERROR, NLMSG_DONE):
            family, body = body[0], body[4:]
        yield Message(kind, flags, seq, family, body)
        offset += (length + 3) & ~3


def attributes(payload):
    """(number, payload) of each attribute of one level."""
    offset = 0
    while offset < len(payload):
        length, kind = struct.unpack_from("=HH", payload, offset)
        if length < 4 or offset + length > len(payload):
            raise ValueError("nla_len lies")
        yield kind & TYPE_MASK, payload[offset + 4:offset + length]
        offset += (length + 3) & ~3


def integer(payload):
    return int.from_bytes(payload, "big")


def text_of(payload):
    return payload.rstrip(b"\0").decode(errors="replace")


def _read(payload, table):
    """Attributes by @table (number → name, reader); those that are not in it are skipped."""
    out = {}
    for kind, body in attributes(payload):
        if kind in table:
            name, reader = table[kind]
            out[name] = reader(body)
    return out


def _tuple(payload):
    out = {}
    for kind, body in attributes(payload):
        if kind == 1:
            for which, address in attributes(body):
                out["src" if which in (1, 3) else "dst"] = str(ipaddress.ip_address(address))
        elif kind == 2:
            out.update(_read(body, {1: ("proto", integer), 2: ("sport", integer),
                                    3: ("dport", integer), 4: ("id", integer),
                                    5: ("type", integer), 6: ("code", integer),
                                    7: ("id", integer), 8: ("type", integer),
                                    9: ("code", integer)}))
        elif kind == 3:
            out["zone"] = integer(body)
    return out


def _ip(payload):
    return str(ipaddress.ip_address(payload))


def _counters(payload):
    return _read(payload, {1: ("packets", integer), 2: ("bytes", integer)})


def _state(payload):
    for kind, body in attributes(payload):
        for which, value in attributes(body):
            if which == 1:
                state = integer(value)
                return TCP_STATES[state] if kind == 1 and state < len(TCP_STATES) else state
    return None


def _judgement(payload):
    return _read(payload, {1: ("verdict", integer), 2: ("reason", integer), 3: ("rule", integer),
                           4: ("rule_name", text_of), 5: ("generation", integer),
                           6: ("iif", text_of), 7: ("oif", text_of), 8: ("age", integer),
                           9: ("idle", integer), 10: ("end", integer)})


FLOW = {1: ("orig", _tuple), 2: ("reply", _tuple), 3: ("status", integer), 4: ("state", _state),
        7: ("timeout", integer), 8: ("mark", integer), 9: ("orig_counters", _counters),
        10: ("reply_counters", _counters), 12: ("id", integer), 14: ("master", _tuple),
        18: ("zone", integer),
        CTA_CTQ: ("ctq", _judgement), CTA_CTQ_SEQUENCE: ("sequence", integer)}
RULESET = {1: ("generation", integer), 2: ("rules", integer), 3: ("chains", integer),
           4: ("backend", text_of), CTA_CTQ_SEQUENCE: ("sequence", integer)}
RULE = {1: ("chain", text_of), 2: ("id", integer), 4: ("name", text_of), 5: ("comment", text_of),
        9: ("packets", integer), 10: ("bytes", integer), 11: ("hits", integer)}
DAEMON = {1: ("version", text_of), 2: ("protocol", integer), 3: ("pid", integer),
          5: ("uptime", integer), 6: ("workers", integer), 7: ("flows", integer),
          8: ("flows_max", integer), 12: ("generation", integer), 14: ("clients", integer),
          19: ("features", integer), 20: ("clients_max", integer), 22: ("lists", integer),
          23: ("lists_max", integer)}


PACKET = {1: ("hook", integer), 3: ("proto", integer), 4: ("src", _ip), 5: ("dst", _ip),
          6: ("sport", integer), 7: ("dport", integer), 8: ("type", integer),
          9: ("code", integer), 11: ("in", text_of), 12: ("out", text_of), 14: ("length", integer),
          17: ("uid", integer), 25: ("rule", integer), 26: ("rule_name", text_of),
          29: ("flow", integer), 33: ("queue", integer), 35: ("data", bytes)}
QUESTION = {1: ("id", integer), 2: ("left", integer), 3: ("default", integer),
            4: ("packet", lambda payload: _read(payload, PACKET)), 7: ("reason", integer),
            CTA_CTQ_SEQUENCE: ("sequence", integer)}


def flow(message):
    """A connection as a dictionary; what the message does not have is absent."""
    return _read(message.payload, FLOW)


def _error(message):
    """None for an acknowledgement, or the Error."""
    code, = struct.unpack_from("=i", message.payload)
    if code == 0:
        return None
    text = hint = ""
    offset = 0
    if message.flags & NLM_F_ACK_TLVS:
        for kind, body in attributes(message.payload[20:]):
            if kind == 1:
                text = text_of(body)
            elif kind == 2:
                offset = int.from_bytes(body, sys.byteorder)
            elif kind == 0x40:
                hint = text_of(body)
    return Error(-code, text, hint, offset)


# ---- the connection ---------------------------------------------------------------------------

class Connection:
    def __init__(self, path=SOCKET, timeout=5):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.socket.settimeout(timeout)
        self.socket.connect(path)
        self.seq = 0
        self.generation = self.generation_end = None  # of the last list
        self._waiting = collections.deque()  # announcements that came between answers

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def message(self, kind, flags, payload=b"", family=0, resource=0):
        """A message of this connection, with the next sequence number."""
        self.seq += 1
        return struct.pack("=IHHII", 20 + len(payload), kind, flags, self.seq, 0) + \
            struct.pack("!BBH", family, 0, resource) + payload + bytes(-len(payload) % 4)

    def _send(self, datagram):
        try:
            self.socket.send(datagram)
        except (BrokenPipeError, ConnectionResetError):
            pass  # who hung up has perhaps said why: that is still to be read

    def _receive(self):
        try:
            datagram = self.socket.recv(DATAGRAM_MAX)
        except ConnectionResetError:  # said once, before what was still sent
            datagram = self.socket.recv(DATAGRAM_MAX)
        if not datagram:
            raise Error(errno.ECONNRESET, "ctqd closed the connection")
        return messages(datagram)

    def _answers(self, first):
        """Messages that answer requests from @first on; announcements are kept."""
        while True:
            for message in self._receive():
                if message.seq == 0 and message.type != NLMSG_ERROR:
                    self._waiting.append(message)
                elif message.seq == 0 or first <= message.seq <= self.seq:
                    yield message

    def ask(self, kind, flags=0, payload=b"", family=0):
        """One request, and its answer: messages with data. A list when NLM_F_DUMP is set."""
        is_list = flags & NLM_F_DUMP == NLM_F_DUMP
        self._send(self.message(kind, NLM_F_REQUEST | flags | (0 if is_list else NLM_F_ACK),
                                payload, family))
        interrupted = False
        for message in self._answers(self.seq):
            if message.type == NLMSG_ERROR:
                if error := _error(message):
                    raise error
                return
            if message.type == NLMSG_DONE:
                self._done(message)
                if interrupted or message.flags & NLM_F_DUMP_INTR:
                    raise Interrupted()
                return
            interrupted |= bool(message.flags & NLM_F_DUMP_INTR)
            yield message

    def _done(self, message):
        code, = struct.unpack_from("=i", message.payload)
        if code:
            raise Error(-code)
        told = {}
        if message.flags & NLM_F_ACK_TLVS:
            told = {kind: integer(body) for kind, body in attributes(message.payload[4:])}
        self.generation, self.generation_end = told.get(0x41), told.get(0x42)

    # ---- what one asks for ------------------------------------------------------------------

    def status(self):
        return next(_read(m.payload, DAEMON) for m in list(self.ask(DAEMON_GET)))

    def flows(self, expression=None, family=0):
        for message in self.ask(CT_GET, NLM_F_DUMP, _filter(expression), family):
            yield flow(message)

    def count(self, expression=None):
        answer, = self.ask(COUNT, 0, _filter(expression))
        return integer(dict(attributes(answer.payload))[1])

    def delete(self, expression):
        """Delete the connections that the expression takes; returns how many."""
        answer, = self.ask(CT_DELETE, 0, _filter(expression))
        return integer(dict(attributes(answer.payload))[1])

    def ruleset(self):
        answer, = self.ask(RULESET_GET)
        return _read(answer.payload, RULESET)

    def rules(self):
        return [_read(m.payload, RULE) for m in self.ask(RULE_GET, NLM_F_DUMP)]

    def load(self, items, check=False, generation=None):
        """
        Replace all rules by chains and rules made by chain() and rule(): all or nothing.
        With @generation only if that is in force.
        """
        self._batch(SUBSYSTEM_RULES, [(RULESET_FLUSH, b""), *items],
                    BATCH_CHECK if check else 0, generation)

    def ban(self, *addresses, seconds=None, comment=None, kill=True, name="ban"):
        """
        Put addresses or prefixes into a set that the rules drop, in one transaction; with
        @kill their open connections end. Returns how many did.
        """
        more = (number(4, "I", seconds) if seconds else b"") + \
            (string(6, comment) if comment else b"")
        items = [(ELEMENT_NEW, string(1, name) + nested(2, _address(a)) + more) for a in addresses]
        return self._batch(SUBSYSTEM_SETS, items, BATCH_KILL if kill else 0)

    def unban(self, *addresses, name="ban"):
        self._batch(SUBSYSTEM_SETS, [(ELEMENT_DEL, string(1, name) + nested(2, _address(a)))
                                     for a in addresses])

    def _batch(self, subsystem, items, flags=0, generation=None):
        """All of the messages, or none. Returns what CTQ_MSG_DAEMON_COUNT tells, if it comes."""
        first = self.seq + 1
        batch = self.message(BATCH_BEGIN, NLM_F_REQUEST,
                             number(1, "I", generation) if generation else b"",
                             resource=subsystem)
        for kind, payload in items:
            message = self.message(kind, NLM_F_REQUEST, payload)
            if len(batch) + len(message) > DATAGRAM_MAX:
                self._send(batch)
                batch = b""
            batch += message
        end = self.message(BATCH_END, NLM_F_REQUEST | NLM_F_ACK | flags, resource=subsystem)
        if len(batch) + len(end) > DATAGRAM_MAX:
            self._send(batch)
            batch = b""
        self._send(batch + end)
        return self._batch_answer(first)

    def _batch_answer(self, first):
        """The first error tells what was wrong; the answer to the end ends it."""
        wrong = count = None
        for message in self._answers(first):
            if message.type == COUNT:
                count = integer(dict(attributes(message.payload))[1])
            if message.type != NLMSG_ERROR:
                continue
            wrong = wrong or _error(message)
            if message.seq in (0, self.seq):
                break
        if wrong:
            raise wrong
        return count

    def questions(self):
        """Packets of rules that ask, and wait for an answer."""
        return [_read(m.payload, QUESTION) for m in self.ask(ASK_GET, NLM_F_DUMP)]

    def answer(self, question, verdict, whole_flow=False):
        """
        Accept or drop the packets of a question, by its id; with @whole_flow all of their
        connection. Error with ENOENT: it is settled already.
        """
        list(self.ask(ASK_ANSWER, 0, number(1, "I", question) +
                      number(5, "B", VERDICTS[verdict]) + number(6, "B", 2 if whole_flow else 1)))

    def subscribe(self, *groups):
        """Hear of these groups from now on: new, update, destroy, rules, ask; none: of nothing."""
        list(self.ask(SUBSCRIBE, 0, b"".join(number(1, "I", GROUPS[g]) for g in groups)))

    def heard(self):
        """Announcements that came between answers, as dictionaries."""
        while self._waiting:
            if event := self._event(self._waiting.popleft()):
                yield event

    def events(self):
        """Announcements as dictionaries, for ever; socket.timeout when none comes in time."""
        while True:
            yield from self.heard()
            self._waiting.extend(m for m in self._receive() if m.seq == 0)

    @staticmethod
    def _event(message):
        if message.type == CT_NEW:
            return {"event": "new" if message.flags & NLM_F_CREATE else "update", **flow(message)}
        if message.type == CT_DELETE:
            return {"event": "destroy", **flow(message)}
        if message.type == RULESET_NEW:
            return {"event": "rules", **_read(message.payload, RULESET)}
        if message.type in (ASK_NEW, ASK_DEL):
            return {"event": "asked" if message.type == ASK_NEW else "settled",
                    **_read(message.payload, QUESTION)}
        if message.type == OVERRUN:
            return {"event": "overrun", "lost": integer(dict(attributes(message.payload))[1])}
        return None  # a newer daemon's
