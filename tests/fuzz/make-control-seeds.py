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


def batch(w, items, end=True, check=False):
    out = w.message(ctlink.BATCH_BEGIN, REQUEST, resource=ctlink.SUBSYSTEM_RULES)
    for kind, payload in items:
        out += w.message(kind, REQUEST, payload)
    if end:
        out += w.message(ctlink.BATCH_END, REQUEST | ACK | (ctlink.BATCH_CHECK if check else 0),
                         resource=ctlink.SUBSYSTEM_RULES)
    return out


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
    for name, data in conversations():
        with open(os.path.join(sys.argv[1], name), "wb") as out:
            out.write(data)


main()
