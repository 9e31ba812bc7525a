#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Write the seeds of fuzz_helper: conversations that announce something.

Run in this folder. The format stands on top of fuzz_helper.c. Files that are there and not
written here are inputs that once broke something: keep them.
"""
import os
import struct

FTP, SIP, TFTP = range(3)
IPV6, LOOSE, NAT, EXPECTED = 8, 16, 32, 64
REPLY = {">": 0, "<": 1}


def talk(setup, *packets):
    """Each packet: direction, text or bytes, bytes that were not copied."""
    out = bytes([setup])
    for direction, text, *cut in packets:
        data = text if isinstance(text, bytes) else text.encode()
        out += struct.pack("!BH", REPLY[direction] | (cut[0] if cut else 0) << 3, len(data)) + data
    return out


def sip(start, cseq, headers="", body=""):
    return f"{start}\r\nCSeq: {cseq}\r\n{headers}\r\n{body}"


def sdp(address, *media, session=True):
    family = 6 if ":" in address else 4
    line = f"c=IN IP{family} {address}\r\n"
    return "v=0\r\n" + (line if session else "") + "".join(
        f"m={m}\r\n" + ("" if session else line) for m in media)


FTP_OPEN = (("<", "220 ready\r\n"), (">", "USER a\r\n"))
INVITE, REGISTER = "INVITE sip:b@198.51.100.2 SIP/2.0", "REGISTER sip:198.51.100.2 SIP/2.0"
AUDIO, VIDEO, IMAGE = "audio 6000 RTP/AVP 0", "video 6002/2 RTP/AVP 31", "image 6004 udptl t38"

SEEDS = {
    "ftp-active": talk(FTP, *FTP_OPEN, (">", "PORT 192,0,2,1,156,64\r\n"),
                       (">", "EPRT |1|192.0.2.1|40001|\r\n"), (">", "PORT 192,0,2,1")),
    "ftp-passive": talk(FTP, *FTP_OPEN, ("<", "227 ok (198,51,100,2,4,1)\r\n"),
                        ("<", "229 ok (|||1027|)\r\n"), ("<", "227 ok (198,51,100,2,4,1)\r\n", 5)),
    "ftp-loose": talk(FTP | LOOSE, *FTP_OPEN, (">", "PORT 10,0,0,5,0,22\r\n"),
                      ("<", "227 (10,0,0,6,0,22)\r\n")),
    "ftp-nat": talk(FTP | NAT, *FTP_OPEN, ("<", "227 (10,0,0,9,4,1)\r\n"),
                    (">", "PORT 192,0,2,1,4,1\r\n")),
    "ftp-port-0": talk(FTP, *FTP_OPEN, (">", "PORT 192,0,2,1,0,0\r\n"),
                       ("<", "227 ok (198,51,100,2,0,0)\r\n")),
    "ftp-6": talk(FTP | IPV6, *FTP_OPEN, (">", "EPRT |2|2001:db8::1|40000|\r\n"),
                  ("<", "229 Extended (|||1027|)\r\n")),
    "tftp": talk(TFTP, (">", b"\0\1file\0octet\0"), (">", b"\0\2file\0octet\0"), ("<", b"\0\4\0\1")),
    "tftp-nat-6": talk(TFTP | IPV6 | NAT, (">", b"\0\1file\0octet\0")),
    "sip-call": talk(SIP, (">", sip(INVITE, "1 INVITE", body=sdp("192.0.2.1", AUDIO, VIDEO, IMAGE))),
                     ("<", sip("SIP/2.0 183 x", "1 INVITE", body=sdp("198.51.100.2", AUDIO))),
                     (">", sip("PRACK sip:b SIP/2.0", "2 PRACK", body=sdp("192.0.2.1", AUDIO))),
                     ("<", sip("SIP/2.0 200 x", "1 INVITE", body=sdp("198.51.100.2", AUDIO, session=False))),
                     (">", sip("ACK sip:b SIP/2.0", "1 ACK")), ("<", sip("BYE sip:a SIP/2.0", "9 BYE"))),
    "sip-error": talk(SIP, (">", sip(INVITE, "1 INVITE", body=sdp("192.0.2.1", AUDIO))),
                      ("<", sip("SIP/2.0 486 busy", "1 INVITE"))),
    "sip-register": talk(SIP, (">", sip(REGISTER, "1 REGISTER", 'm:"A, a"<sip:a@192.0.2.1:5062>;expires=9\r\n')),
                         ("<", sip("SIP/2.0 200 x", "1 REGISTER",
                                   "Contact: <sip:x@10.0.0.1>,\r\n <sip:a@192.0.2.1:5062;transport=udp>;expires=8\r\n"
                                   "Contact: <sip:a@192.0.2.1>;expires=0\r\nExpires: 7\r\n")),
                         (">", sip(REGISTER, "2 REGISTER", "Contact: *\r\nExpires: 0\r\n"))),
    "sip-folded": talk(SIP, (">", "invite x SIP/2.0\ncseq \t:\n 5\n invite\n\nv=0\rc=IN IP4 192.0.2.1/9\rm=audio 65535 x\r")),
    "sip-cut": talk(SIP, (">", sip(INVITE, "1 INVITE", body=sdp("192.0.2.1", AUDIO, VIDEO)), 9)),
    "sip-loose": talk(SIP | LOOSE, (">", sip(INVITE, "1 INVITE", body=sdp("10.0.0.1", AUDIO)))),
    "sip-nat": talk(SIP | NAT, (">", sip(INVITE, "1 INVITE", body=sdp("192.0.2.1", AUDIO))),
                    ("<", sip("SIP/2.0 200 x", "1 INVITE", body=sdp("10.0.0.9", AUDIO))),
                    ("<", sip("SIP/2.0 200 x", "1 INVITE", body=sdp("198.51.100.2", AUDIO)))),
    "sip-6": talk(SIP | IPV6, (">", sip(INVITE, "1 INVITE", body=sdp("2001:db8::1", AUDIO))),
                  (">", sip(REGISTER, "2 REGISTER", "Contact: <sip:a@[2001:db8::1]:5070>;expires=9\r\n")),
                  ("<", sip("SIP/2.0 200 x", "2 REGISTER", "m: <sip:a@[2001:db8::1]:5070>;expires=9\r\n"))),
    "sip-expected": talk(SIP | EXPECTED, (">", sip(REGISTER, "1 REGISTER", "m: <sip:a@192.0.2.1>;expires=9\r\n"))),
}

os.makedirs("seeds/helper", exist_ok=True)
for name, data in SEEDS.items():
    with open(f"seeds/helper/{name}", "wb") as out:
        out.write(data)
