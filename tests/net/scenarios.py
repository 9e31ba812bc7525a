# SPDX-License-Identifier: GPL-2.0-or-later
"""Scenarios for `differential`: what two hosts say to each other, step by step.

A scenario is a line of steps, separated by `|`. `>` is said by the client, `<` by the server.

  TCP    > S ws=7        flags (S A F R P U E C, `-`: none), then
           len=100       bytes of data                win=0      window (64000)
           seq+5 seq-5   beside the right number      ack+5 ack-5
           isn=9000      a new first number           ws=7 sack  options of a SYN
           block=1:100   a SACK block, relative to what the other side sent first
           opt=0306      options as bytes             off=4      data offset in words
           cut=10        only so many bytes of the segment     sum  a wrong checksum
  UDP    > len=10        sum, cut=N, short=N (the length field says N)
  ICMP   > echo  < reply > ts < tsreply > info < inforeply > mask < maskreply > nodeinfo
           < nodereply > type=200; id=N, cut=N, sum
  errors < err=unreach   quotes the last packet that this side saw; also ttl, frag, param,
           quench, redirect; quote=N: only its first N bytes; other: of ports that nobody used
  SCTP   > INIT > COOKIE_ECHO,DATA tag=0; /T sets the T bit; cut=N, sum
  GRE, others    > len=10
  frags  in any of them: `frags=16,8` cuts what follows the IP header behind 16 and then
           24 bytes; `order=1,0,2` sends the pieces so; `lose=1`; `overlap=1`
  lost   the kernel itself forwards no such packet

SETTINGS of a group are the tracker's sysctls. A scenario whose name begins with `!` shows a
difference that docs/tracking.md names: it must differ.
"""

TCP = {
    "handshake": "> S | < SA | > A",
    "handshake with options": "> S ws=7 sack | < SA ws=9 sack | > A",
    "data both ways": "> S | < SA | > A | > PA len=100 | < A | < PA len=1000 | > A",
    "close by the client": "> S | < SA | > A | > FA | < A | < FA | > A",
    "close by the server": "> S | < SA | > A | < FA | > A | > FA | < A",
    "both close at once": "> S | < SA | > A | > FA | < FA ack-1 | > A | < A",
    "FIN with data": "> S | < SA | > A | > FPA len=300 | < A | < FPA len=200 | > A",
    "FIN acknowledged by FIN": "> S | < SA | > A | > FA | < FA | > A",
    "FIN again": "> S | < SA | > A | > FA | > FA seq-1 | < A | < FA | > A",
    "SYN again": "> S | > S seq+0 | > S | < SA | > A",
    "SYN/ACK again": "> S | < SA | < SA isn=50000 | > A",
    "SYN refused": "> S | < RA",
    "SYN refused after data": "> S | < SA | > A | > PA len=10 | < RA",
    "RST from the client": "> S | < SA | > A | > R",
    "RST/ACK from the client": "> S | < SA | > A | > RA",
    "RST at the wrong number": "> S | < SA | > A | > R seq+1000 | < A",
    "RST below the window": "> S | < SA | > A | > PA len=500 | < A | > R seq-400",
    "RST far away": "> S | < SA | > A | > R seq+1000000",
    "RST without a connection": "> R",
    "RST in SYN_SENT from the client": "> S | > R",
    "RST of a number never seen": "> S | < SA | < R seq+70000 | > A",
    "simultaneous open": "> S | < S | > SA | < SA | > A",
    "simultaneous open, one SYN/ACK": "> S | < S | > SA seq-1 | < A | > A",
    "ACK without SYN": "> A | < A | > A",
    "data without SYN": "> PA len=100 | < A | < PA len=100 | > A",
    "picked up from the server": "< PA len=100 | > A | < A",
    "SYN/ACK without SYN": "< SA",
    "FIN without a connection": "> FA",
    "null flags": "> - | < RA",
    "xmas": "> FPU",
    "SYN and FIN": "> SF",
    "SYN and RST": "> SR",
    "FIN without ACK": "> S | < SA | > A | > F",
    "URG": "> S | < SA | > A | > PAU len=10 | < A",
    "ECN handshake": "> SEC | < SAE | > A | > PAE len=10 | < AE | > PAC len=10",
    "SYN with ECN and data": "> SEC len=20 | < SA | > A",
    "SYN with data": "> S len=100 | < SA | > A",
    "SYN/ACK that acknowledges half": "> S len=100 | < SA ack-50 | > A",
    "SYN/ACK of a wrong number": "> S | < SA ack+5000 | < RA | > S",
    "challenge ACK to a SYN": "> S | < SA | > A | > PA len=10 | < A | > S isn=70000 | < A ack+0",
    "SYN into a connection that the server forgot":
        "> S | < SA | > A | > S isn=90000 | < SA isn=80000 | > A",
    "SYN into a connection, RST": "> S | < SA | > A | > S isn=90000 | < R",
    "half-open: SYN answered by an old ACK": "> S | < A seq+100 ack+7000 | > R | > S | < SA | > A",
    "reopened from TIME_WAIT":
        "> S | < SA | > A | > FA | < A | < FA | > A | > S isn=200000 | < SA isn=300000 | > A",
    "reopened from TIME_WAIT by the server":
        "> S | < SA | > A | > FA | < A | < FA | > A | < S isn=300000 | > SA isn=200000 | < A",
    "reopened after RST": "> S | < SA | > A | < R | > S isn=500000 | < SA | > A",
    "reopened after the client's RST": "> S | < SA | > A | > R | > S isn=500000 | < SA | > A",
    "ACK in TIME_WAIT": "> S | < SA | > A | > FA | < A | < FA | > A | > A | < A",
    "data in FIN_WAIT": "> S | < SA | > A | > FA | < PA len=100 | > A | < PA len=100 | > A",
    "data in CLOSE_WAIT": "> S | < SA | > A | > FA | < A | < PA len=100 | > A | < FA | > A",
    "beyond the window": "> S | < SA win=1000 | > A | > PA len=900 | > PA len=900 | > PA len=900",
    "far beyond the window": "> S | < SA | > A | > PA len=10 seq+400000 | > PA len=10",
    "below the window": "> S | < SA | > A | > PA len=10 seq-400000 | > A",
    "ACK of what was not sent": "> S | < SA | > A | > A ack+100000 | < A",
    "ACK too old": "> S | < SA | > A | < PA len=1400 | < PA len=1400 | > A ack-200000",
    "window scaled": "> S ws=8 | < SA ws=8 | > A win=500 | < PA len=1400 | < PA len=60000 "
                     "| < PA len=60000 | > A win=500",
    "window scale of one side": "> S ws=8 | < SA | > A | > PA len=1400 | < A win=100",
    "window scale above 14": "> S ws=15 | < SA ws=20 | > A win=1000 | < PA len=1400",
    "window closed": "> S | < SA | > A | < A win=0 | > PA len=1 | < A win=0 | > PA len=1 | < A",
    "keep-alive": "> S | < SA | > A | > PA len=10 | < A | > A seq-1 | < A",
    "duplicate ACKs": "> S | < SA | > A | > PA len=10 | < A | < A | < A | < A | < A",
    "retransmitted data":
        "> S | < SA | > A | > PA len=100 | > PA len=100 seq-100 | > PA len=100 seq-200 | < A",
    "SACK": "> S sack | < SA sack | > A | < PA len=1000 | < PA len=1000 seq+1000 "
            "| > A block=2001:3001 | < PA len=1000 | > A ack+1000",
    "SACK of what was not sent": "> S sack | < SA sack | > A | < PA len=100 "
                                 "| > A block=900000:900100 | < A",
    "SACK without permission": "> S | < SA | > A | < PA len=100 | > A block=1:101",
    "sequence numbers wrap":
        "> S isn=4294967290 | < SA isn=4294967000 | > A | > PA len=100 | < PA len=1000 | > A | < A",
    "data offset too small": "> S | < SA | > A off=4",
    "data offset beyond the packet": "> S | < SA | > A off=15",
    "header cut off": "> S cut=10",
    "wrong checksum": "> S sum | > S | < SA sum | < SA | > A",
    "option with length 0": "> S opt=0200 | < SA | > A",
    "option beyond the header": "> S opt=0314 | < SA | > A",
    "option of length 1": "> S opt=0801 | < SA | > A",
    "timestamps": "> S opt=0101080a0000000100000000 | < SA opt=0101080a0000000200000001 | > A",
    "ACK of half of the data": "> S | < SA | > A | < PA len=1000 | > A ack-500 | > A",
    "window shrinks": "> S | < SA win=10000 | > A | < A win=100 | > PA len=90 | < A win=10",
    "large segment": "> S | < SA | > A | > PA len=30000 | < A",
    "fragments": "> S | < SA | > A | > PA len=1000 frags=400,400 | < A",
    "SYN in fragments": "> S len=100 frags=64 | < SA | > A",
}

TCP_LIBERAL = {
    "beyond the window": "> S | < SA | > A | > PA len=10 seq+900000 | < A ack-900000",
    "RST far away": "> S | < SA | > A | > R seq+1000000",
    "ACK of what was not sent": "> S | < SA | > A | > A ack+900000 | < A",
}

TCP_STRICT = {
    "ACK without SYN": "> A | < A",
    "data without SYN": "> PA len=100 | < PA len=10",
    "SYN/ACK without SYN": "< SA | > A",
    "handshake": "> S | < SA | > A | > PA len=10 | < A",
    "RST below the window": "> S | < SA | > A | > PA len=500 | < A | > R seq-400",
}

TCP_IMPATIENT = {
    "retransmissions shorten the timeout":
        "> S | < SA | > A | > PA len=10 | > PA len=10 seq-10 | > PA len=10 seq-20 | < A",
    "unacknowledged data": "> S | < SA | > A | > PA len=10 | < PA len=10 ack-10 | > A",
}

UDP = {
    "one packet": ">",
    "one packet from the server": "<",
    "question and answer": "> | <",
    "several": "> | < | > | < | < | >",
    "unanswered": "> | > | >",
    "empty": "> len=0 | < len=0",
    "header cut off": "> cut=6",
    "length field too long": "> short=600",
    "length field too short": "> short=7",
    "length field of a part": "> short=10 len=20",
    "wrong checksum": "> sum | > | < sum",
    "fragments": "> len=3000 frags=1480,1480 | <",
    "fragments in reverse": "> len=3000 frags=1480,1480 order=2,1,0 | <",
    "answer in fragments": "> | < len=3000 frags=1480,1480",
    "a fragment is lost": "> len=3000 frags=1480,1480 lose=1 | > | <",
    "the first fragment is lost": "> len=3000 frags=1480,1480 lose=0 | > | <",
    "overlapping fragments": "> len=3000 frags=1480,1480 overlap=1 | > | <",
}

UDPLITE = {
    "!question and answer": "> | <",
    "!one packet": ">",
}

# The kernel sums up UDP-Lite with UDP's protocol number, and finds no sum right.
UDPLITE_UNCHECKED = {
    "one packet": ">",
    "question and answer": "> | <",
    "several": "> | < | > | < | < | >",
    "header cut off": "> cut=6",
    "coverage beyond the packet": "> short=600",
    "coverage within the header": "> short=7",
    "coverage of a part": "> short=10 len=20 | <",
}

ICMP = {
    "echo": "> echo | < reply",
    "echo without answer": "> echo | > echo",
    "reply without echo": "< reply | > reply",
    "two replies": "> echo | < reply | < reply",
    "echo both ways": "> echo | < reply | < echo | > reply",
    "reply of another identifier": "> echo id=7 | < reply id=8",
    "large echo": "> echo len=3000 frags=1480,1480 | < reply len=3000 frags=1480,1480",
    "unknown type": "> type=200",
    "unknown type of the server": "< type=201",
    "wrong checksum": "> echo sum | > echo | < reply sum",
}

ICMP4 = {
    "timestamp": "> ts | < tsreply",
    "information": "> info | < inforeply",
    "address mask": "> mask | < maskreply",
    "timestamp answers echo": "> echo | < tsreply",
    "router advertisement": "> type=9 | > type=10",
    "header cut off": "> echo cut=4",
}

ICMP6 = {
    "node information": "> nodeinfo | < nodereply",
    "multicast listener report": "> type=131",
    "certification path": "> type=148",
    "header cut off": "> echo cut=4 lost",
}

ERRORS = {
    "port unreachable": "U> | < err=unreach",
    "port unreachable of an answer": "U> | U< | > err=unreach",
    "time exceeded": "U> | < err=ttl | U> | U<",
    "too big": "T> S | T< SA | T> A | T> PA len=100 | < err=frag | T> PA len=10",
    "parameter problem": "U> | < err=param",
    "TCP unreachable": "T> S | < err=unreach | T> S",
    "echo unreachable": "I> echo | < err=unreach",
    "of a packet of nobody": "U> | < err=unreach other",
    "quotes 28 bytes": "U> len=100 | < err=unreach quote=28",
    "quotes 48 bytes": "U> len=100 | < err=unreach quote=48",
    "quotes too little": "U> len=100 | < err=unreach quote=24",
    "quotes a header only": "U> | < err=unreach quote=20",
    "sent by who sent the packet": "U> | > err=unreach own",
    "wrong checksum": "U> | < err=unreach sum",
}

ERRORS4 = {
    "source quench": "U> | < err=quench",
    "redirect": "U> | < err=redirect",
}

SCTP = {
    "association": "> INIT | < INIT_ACK | > COOKIE_ECHO | < COOKIE_ACK",
    "data": "> INIT | < INIT_ACK | > COOKIE_ECHO,DATA | < COOKIE_ACK | > DATA | < SACK | < DATA",
    "shutdown by the client": "> INIT | < INIT_ACK | > COOKIE_ECHO | < COOKIE_ACK | > SHUTDOWN "
                              "| < SHUTDOWN_ACK | > SHUTDOWN_COMPLETE",
    "shutdown by the server": "> INIT | < INIT_ACK | > COOKIE_ECHO | < COOKIE_ACK | < SHUTDOWN "
                              "| > SHUTDOWN_ACK | < SHUTDOWN_COMPLETE",
    "abort": "> INIT | < INIT_ACK | > COOKIE_ECHO | < COOKIE_ACK | < ABORT",
    "abort with the T bit": "> INIT | < ABORT/T",
    "INIT again": "> INIT | > INIT | < INIT_ACK",
    "INIT with a tag": "> INIT tag=5",
    "wrong tag": "> INIT | < INIT_ACK | > COOKIE_ECHO tag=77 | > COOKIE_ECHO",
    "data without association": "> DATA",
    "heartbeat opens a path": "> HEARTBEAT | < HEARTBEAT_ACK | > DATA",
    "restart": "> INIT | < INIT_ACK | > COOKIE_ECHO | < COOKIE_ACK | > INIT | < INIT_ACK "
               "| > COOKIE_ECHO | < COOKIE_ACK",
    "error chunk": "> INIT | < INIT_ACK | > COOKIE_ECHO | < ERROR",
    "header cut off": "> INIT cut=8",
    "wrong checksum": "> INIT sum | > INIT | < INIT_ACK",
    "shutdown of nobody": "> SHUTDOWN_ACK | < SHUTDOWN_COMPLETE",
    "!a good chunk before a bad one": "> INIT | < INIT_ACK | > COOKIE_ECHO | < COOKIE_ACK,ABORT/T",
}

GRE = {
    "both ways": "> | < | >",
    "unanswered": "> | >",
    "PPTP": "> pptp=5 | > pptp=5 | < pptp=6",
}

GENERIC = {
    "protocol 50": "> proto=50 | < proto=50",
    "protocol 253": "> proto=253 | > proto=253 | < proto=253",
    "!DCCP": "> proto=33 | < proto=33",
}

NAT = {
    "TCP": "T> S | T< SA | T> A | T> PA len=10 | T< A | T> FA | T< FA | T> A",
    "UDP": "U> | U< | U>",
    "echo": "I> echo | I< reply",
    "UDP unreachable": "U> | < err=unreach",
    "TCP too big": "T> S | T< SA | T> A | T> PA len=100 | < err=frag | T> PA len=10",
    "echo unreachable": "I> echo | < err=unreach",
    "RST": "T> S | T< RA",
    "fragments": "U> len=3000 frags=1480,1480 | U<",
    "error by the client": "U> | U< | > err=unreach",
}

LIBERAL = {"tcp_be_liberal": 1}
STRICT = {"tcp_loose": 0, "tcp_ignore_invalid_rst": 1}
IMPATIENT = {"tcp_max_retrans": 2, "tcp_timeout_max_retrans": 100,
             "tcp_timeout_unacknowledged": 90}

# name of the group, protocol of its packets, scenarios, families, settings, NAT
GROUPS = (
    ("tcp", "T", TCP, (4, 6), {}, None),
    ("tcp liberal", "T", TCP_LIBERAL, (4, 6), LIBERAL, None),
    ("tcp strict", "T", TCP_STRICT, (4, 6), STRICT, None),
    ("tcp impatient", "T", TCP_IMPATIENT, (4, 6), IMPATIENT, None),
    ("udp", "U", UDP, (4, 6), {}, None),
    ("udplite", "L", UDPLITE, (4, 6), {}, None),
    ("udplite unchecked", "L", UDPLITE_UNCHECKED, (4, 6), {"checksum": 0}, None),
    ("icmp", "I", ICMP, (4, 6), {}, None),
    ("icmp", "I", ICMP4, (4,), {}, None),
    ("icmpv6", "I", ICMP6, (6,), {}, None),
    ("error", "E", ERRORS, (4, 6), {}, None),
    ("error", "E", ERRORS4, (4,), {}, None),
    ("sctp", "S", SCTP, (4, 6), {}, None),
    ("gre", "G", GRE, (4, 6), {}, None),
    ("generic", "O", GENERIC, (4, 6), {}, None),
    ("masquerade", "E", NAT, (4, 6), {}, "masquerade"),
    ("dnat", "E", NAT, (4, 6), {}, "dnat"),
)
