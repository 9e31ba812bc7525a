#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""make-control-seeds.py - conversations for fuzz-control, built by contrib/python

usage: make-control-seeds.py FOLDER
"""
import os
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../contrib/python"))
sys.dont_write_bytecode = True
import ctlink  # noqa: E402

SEND, SEND_UNREAD, PACKET, TICK, LATER, CLOSE = range(6)
DUMP, REQUEST, ACK = ctlink.NLM_F_DUMP, ctlink.NLM_F_REQUEST, ctlink.NLM_F_ACK


class Writer(ctlink.Connection):
    """Messages without a socket."""

    def __init__(self):
        self.seq = 0


def step(what, client=0):
    return bytes([what * 4 + client])


def send(datagram, client=0, what=SEND):
    return step(what, client) + struct.pack("<H", len(datagram)) + datagram


def tuple_of(host):
    return ctlink.nested(1, ctlink.nested(1, ctlink.attribute(1, bytes([10, 0, 0, host])),
                                          ctlink.attribute(2, bytes([192, 0, 2, 1]))),
                         ctlink.nested(2, ctlink.number(1, "B", 17), ctlink.number(2, "H", 1024),
                                       ctlink.number(3, "H", 53)))


def reply_of(host):
    return ctlink.nested(2, ctlink.nested(1, ctlink.attribute(1, bytes([192, 0, 2, 1])),
                                          ctlink.attribute(2, bytes([10, 0, 0, host]))),
                         ctlink.nested(2, ctlink.number(1, "B", 17), ctlink.number(2, "H", 53),
                                       ctlink.number(3, "H", 1024)))


def batch(w, items, end=True, check=False, subsystem=ctlink.SUBSYSTEM_RULES, flags=0):
    out = w.message(ctlink.BATCH_BEGIN, REQUEST, resource=subsystem)
    for kind, payload in items:
        out += w.message(kind, REQUEST, payload)
    if end:
        out += w.message(ctlink.BATCH_END,
                         REQUEST | ACK | flags | (ctlink.BATCH_CHECK if check else 0),
                         resource=subsystem)
    return out


def expectation(host, port):
    """Of the flow from 10.0.0.@host, which must be there: a connection back to it."""
    mask = ctlink.nested(1, ctlink.nested(1, ctlink.attribute(1, bytes(4)),
                                          ctlink.attribute(2, b"\xff" * 4)),
                         ctlink.nested(2, ctlink.number(1, "B", 17), ctlink.number(2, "H", 0),
                                       ctlink.number(3, "H", 0xFFFF)))
    wanted = ctlink.nested(1, ctlink.nested(1, ctlink.attribute(1, bytes(4)),
                                            ctlink.attribute(2, bytes([10, 0, 0, host]))),
                           ctlink.nested(2, ctlink.number(1, "B", 17), ctlink.number(2, "H", 0),
                                         ctlink.number(3, "H", port)))

    def renumbered(nest, kind):
        return struct.pack("=HH", len(nest), 0x8000 | kind) + nest[4:]
    return renumbered(tuple_of(host), 1) + renumbered(wanted, 2) + renumbered(mask, 3) + \
        ctlink.number(4, "I", 30) + ctlink.string(6, "tftp")


def element(name, key, port=None):
    return ctlink.string(1, name) + ctlink.nested(2, ctlink.attribute(1, key)) + \
        (ctlink.nested(3, ctlink.number(1, "H", port)) if port else b"")


def others(w):
    """Sets, expectations, packets, protocols: what came after the rest."""
    sets = [(0x5101, ctlink.string(1, name) + ctlink.number(2, "H", kind) + ctlink.number(3, "I", 1))
            for kind, name in enumerate(("ban", "web", "pairs", "ifs", "marks"), 1)]
    bans = [(ctlink.ELEMENT_NEW, element("ban", bytes([10, 0, 0, n])) + ctlink.number(4, "I", 60))
            for n in range(1, 4)]
    listed = b"".join(send(w.message(kind, REQUEST | DUMP, payload))
                      for kind, payload in ((0x5100, b""), (0x5104, ctlink.string(1, "ban"))))
    of_sets = {"subsystem": ctlink.SUBSYSTEM_SETS}
    yield "sets", send(batch(w, sets + bans, **of_sets)) + listed + \
        send(w.message(0x5104, REQUEST, element("ban", bytes([10, 0, 0, 2])))) + \
        send(batch(w, [(ctlink.ELEMENT_DEL, element("ban", bytes([10, 0, 0, 2]))),
                       (0x5103, ctlink.string(1, "ban")), (0x5102, ctlink.string(1, "web"))],
                   **of_sets)) + listed
    yield "sets-kill", step(PACKET) + b"\x01" + send(batch(w, sets, **of_sets)) + \
        send(batch(w, bans, flags=ctlink.BATCH_KILL, **of_sets)) + step(TICK) + step(LATER)
    yield "sets-pairs", send(batch(w, [*sets, (ctlink.ELEMENT_NEW,
                                               element("pairs", bytes([10, 0, 0, 1]), 80)),
                                       (ctlink.ELEMENT_NEW, element("web", b"\0\x50")),
                                       (ctlink.ELEMENT_NEW, element("ban", b"\0\x50"))],
                                   **of_sets))
    announced = w.message(ctlink.SUBSCRIBE, REQUEST | ACK, b"".join(
        ctlink.number(1, "I", g) for g in (1, 2, 3, 4, 5, 6, 16, 17, 19, 20)))
    yield "expect", send(announced, 1) + \
        send(w.message(ctlink.CT_NEW, REQUEST | ACK | 0x400, tuple_of(77) + reply_of(77) +
                       ctlink.number(7, "I", 100) + ctlink.nested(5, ctlink.string(1, "tftp")),
                       2)) + \
        send(w.message(0x0200, REQUEST | ACK | 0x400, expectation(77, 7000), 2)) + step(TICK) + \
        send(w.message(0x0201, REQUEST | DUMP)) + \
        send(w.message(0x0203, REQUEST | DUMP)) + \
        send(w.message(0x0202, REQUEST | ACK, expectation(77, 7000), 2)) + step(TICK) + \
        send(w.message(0x0200, REQUEST | ACK | 0x400, expectation(77, 7001), 2)) + \
        send(w.message(0x0202, REQUEST | ACK)) + step(TICK)
    packet = ctlink.number(2, "B", 2) + ctlink.number(3, "B", 17) + \
        ctlink.attribute(4, bytes([10, 0, 0, 1])) + ctlink.attribute(5, bytes([192, 0, 2, 1])) + \
        ctlink.number(6, "H", 1024) + ctlink.number(7, "H", 53)
    yield "explain", step(PACKET) + b"\x01" + send(w.message(0x5009, REQUEST | DUMP, packet)) + \
        send(w.message(0x5009, REQUEST, packet))
    yield "protocols", step(PACKET) + b"\x01" + \
        send(w.message(0x5302, REQUEST | ACK, ctlink.string(1, "udp"))) + step(TICK) + \
        step(LATER) + send(w.message(0x5302, REQUEST | ACK, ctlink.string(1, "udp")), 1) + \
        send(w.message(0x5303, REQUEST | ACK, ctlink.string(1, "udp")), 1) + step(LATER) + \
        send(w.message(0x5300, REQUEST | DUMP), 2)
    rules = [ctlink.chain("prerouting", 0, "accept"), ctlink.chain("web", None, None),
             ctlink.rule("prerouting", "drop", ctlink.match("src", "10.0.0.0/8")),
             ctlink.rule("web", "accept", ctlink.match("dport", 80))]
    deletes = [(0x5008, ctlink.number(2, "I", 2)), (0x5005, ctlink.string(1, "web")),
               (0x5008, ctlink.number(2, "I", 1))]
    yield "rules-delete", send(batch(w, rules)) + send(batch(w, deletes)) + \
        send(w.message(ctlink.RULE_GET, REQUEST | DUMP)) + \
        send(batch(w, deletes[1:2])) + send(batch(w, deletes[:1]))
    socket = ctlink.number(1, "I", 4096) + ctlink.attribute(2, b"") + ctlink.number(3, "I", 4711)
    yield "socket", send(w.message(0x5408, REQUEST | ACK, socket)) + send(announced) + \
        step(PACKET) + b"\x30" + step(TICK) + send(w.message(ctlink.CT_GET, REQUEST | DUMP)) + \
        send(w.message(ctlink.CT_DELETE, REQUEST | ACK)) + step(TICK) + \
        send(w.message(0x5408, REQUEST | ACK)) + step(PACKET) + b"\x01" + step(TICK)


def conversations():
    w = Writer()
    dns = ctlink._filter(ctlink.every(ctlink.match("proto", "udp"), ctlink.match("dport", 53)))
    subscribe = w.message(ctlink.SUBSCRIBE, REQUEST | ACK,
                          b"".join(ctlink.number(1, "I", g) for g in (1, 2, 3, 16)))
    rules = [(ctlink.RULESET_FLUSH, b""), ctlink.chain("prerouting", 0, "accept"),
             ctlink.rule("prerouting", "drop", ctlink.match("src", "10.0.0.0/8"), name="ten"),
             ctlink.rule("prerouting", "accept", ctlink.match("dport", (1, 1023)))]
    for name, kind in (("get", 0x0101), ("zero", 0x0103), ("dying", 0x0106), ("unconfirmed", 0x0107),
                       ("cpu", 0x0104), ("chains", 0x5003), ("rules", 0x5006), ("queues", 0x5200),
                       ("protocols", 0x5300), ("config", 0x5409)):
        yield f"list-{name}", send(w.message(kind, REQUEST | DUMP))
    for name, kind in (("flows", 0x0105), ("ruleset", 0x5000), ("daemon", 0x5400), ("stats", 0x5402),
                       ("reload", 0x5407)):
        yield f"get-{name}", send(w.message(kind, REQUEST | ACK))
    yield "filter", send(w.message(ctlink.CT_GET, REQUEST | DUMP, dns)) + \
        send(w.message(ctlink.COUNT, REQUEST, dns))
    yield "one", send(w.message(ctlink.CT_GET, REQUEST, tuple_of(3), 2)) + \
        send(w.message(ctlink.CT_NEW, REQUEST | ACK, tuple_of(3) + ctlink.number(8, "I", 7), 2)) + \
        send(w.message(ctlink.CT_DELETE, REQUEST | ACK, tuple_of(3), 2)) + \
        send(w.message(ctlink.CT_GET, REQUEST, tuple_of(3), 2))
    yield "events", send(subscribe) + step(PACKET) + b"\x30" + step(TICK) + \
        send(w.message(ctlink.CT_DELETE, REQUEST | ACK, dns), 1) + step(TICK) + step(LATER) + \
        send(w.message(ctlink.SUBSCRIBE, REQUEST))
    yield "rules", send(batch(w, rules)) + send(w.message(ctlink.RULE_GET, REQUEST | DUMP))
    yield "rules-check", send(batch(w, rules, check=True))
    yield "rules-two", send(batch(w, rules[:2], end=False)) + send(batch(w, rules), 1) + \
        send(w.message(ctlink.BATCH_END, REQUEST | ACK))
    yield "rules-jump", send(batch(w, [*rules, (ctlink.RULE_NEW, ctlink.string(1, "prerouting") +
                                                ctlink.nested(7, ctlink.number(1, "H", 6),
                                                              ctlink.string(4, "nowhere")))]))
    yield "rules-left", send(subscribe, 2) + send(batch(w, rules, end=False)) + step(CLOSE) + \
        send(batch(w, rules), 1) + step(TICK)
    yield "unread", b"".join(send(w.message(ctlink.CT_GET, REQUEST | DUMP), c, SEND_UNREAD)
                             for c in (0, 1, 2, 3)) + step(CLOSE, 2)
    yield "broken", send(w.message(ctlink.DAEMON_GET, REQUEST)[:17]) + \
        send(batch(w, rules[:2], end=False)) + \
        send(w.message(ctlink.RULE_NEW, REQUEST, struct.pack("=HH", 3, 1))) + \
        send(w.message(ctlink.BATCH_END, REQUEST | ACK))


def main():
    os.makedirs(sys.argv[1], exist_ok=True)
    for name, data in (*conversations(), *others(Writer())):
        with open(os.path.join(sys.argv[1], name), "wb") as out:
            out.write(data)


main()
