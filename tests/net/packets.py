# SPDX-License-Identifier: GPL-2.0-or-later
"""Packets of one conversation, and a router between two TUN devices that they cross.

     client ──▶ t0 ──▶ router ──▶ t1 ──▶ server

The other ends of the devices are in our hands: a packet is written at one end and read at the
other, so when we look it has passed all that there is between them.
"""
import fcntl
import os
import socket
import struct
import subprocess

TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 1, 0x1000
CLIENT = {4: "10.0.0.2", 6: "fd00:a::2"}
SERVER = {4: "10.0.1.2", 6: "fd00:b::2"}
FLAGS = {"F": 1, "S": 2, "R": 4, "P": 8, "A": 16, "U": 32, "E": 64, "C": 128}


def sh(*command):
    subprocess.run(command, check=True)


# ---- packets ------------------------------------------------------------------------------

def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def address(family, text):
    return socket.inet_pton(socket.AF_INET if family == 4 else socket.AF_INET6, text)


def ip(family, src, dst, proto, payload, hops=64):
    if family == 6:
        return struct.pack("!IHBB", 6 << 28, len(payload), proto, hops) + \
            address(6, src) + address(6, dst) + payload
    header = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(payload), 1, 0x4000, hops, proto, 0) + \
        address(4, src) + address(4, dst)
    return header[:10] + struct.pack("!H", checksum(header)) + header[12:] + payload


def with_sum(family, src, dst, proto, segment, at):
    """Put the transport checksum at offset @at of @segment."""
    pseudo = address(family, src) + address(family, dst) + \
        (struct.pack("!BBH", 0, proto, len(segment)) if family == 4 else
         struct.pack("!IHBB", len(segment), 0, 0, proto))
    value = checksum(pseudo + segment) or 0xFFFF
    return segment[:at] + struct.pack("!H", value) + segment[at + 2:]


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


class Case:
    """One flow's worth of packets: who talks to whom, and how to build what they say."""

    def __init__(self, family, sport, dport, target=None):
        self.family, self.sport, self.dport = family, sport, dport
        self.near = (CLIENT[family], target or SERVER[family])
        self.far, self.far_ports = self.near, (sport, dport)

    def seen(self, data):
        """What came out at the server's end: NAT may have changed who talks to whom, and the
        server answers to what it saw."""
        if data[0] >> 4 == 6:
            src, dst, proto, rest = data[8:24], data[24:40], data[6], data[40:]
            family = socket.AF_INET6
        else:
            src, dst, proto, rest = data[12:16], data[16:20], data[9], data[20:]
            family = socket.AF_INET
        self.far = (socket.inet_ntop(family, src), socket.inet_ntop(family, dst))
        if len(rest) < 8:
            return
        if proto in (6, 17, 33, 132, 136):
            self.far_ports = struct.unpack("!HH", rest[:4])
        elif proto in (1, 58):
            self.far_ports = (struct.unpack("!H", rest[4:6])[0], self.dport)

    def ends(self, client):
        return self.near if client else self.far[::-1]

    def ports(self, client):
        return (self.sport, self.dport) if client else self.far_ports[::-1]

    def ident(self, client):
        return self.sport if client else self.far_ports[0]

    def segment(self, client, proto, body, at=None, hops=64):
        src, dst = self.ends(client)
        if at is not None:
            body = with_sum(self.family, src, dst, proto, body, at)
        return ip(self.family, src, dst, proto, body, hops)

    def tcp(self, client, flags, seq, ack, window, length=0, options=b""):
        options += b"\0" * (-len(options) % 4)
        header = struct.pack("!HHIIBBHHH", *self.ports(client), seq & 0xFFFFFFFF,
                             ack & 0xFFFFFFFF, (20 + len(options)) // 4 << 4,
                             sum(FLAGS[f] for f in flags), window, 0, 0)
        return self.segment(client, 6, header + options + b"x" * length, 16)

    def udp(self, client, proto=17, length=4):
        covered = 8 + length if proto == 17 else 0
        header = struct.pack("!HHHH", *self.ports(client), covered, 0)
        return self.segment(client, proto, header + b"x" * length, 6)

    def icmp(self, client, kind, code=0, ident=None, rest=b"payload!", hops=64):
        proto = 1 if self.family == 4 else 58
        body = struct.pack("!BBHHH", kind, code, 0,
                           self.ident(client) if ident is None else ident, 1) + rest
        if proto == 58:
            return self.segment(client, 58, body, 2, hops)
        return self.segment(client, 1, body[:2] + struct.pack("!H", checksum(body)) + body[4:],
                            hops=hops)

    def sctp(self, client, tag, chunks):
        body = struct.pack("!HHII", *self.ports(client), tag, 0)
        for kind, flags, init in chunks:
            value = struct.pack("!IIHHI", init, 65536, 1, 1, 1) if kind in (1, 2) else b"abcd"
            body += struct.pack("!BBH", kind, flags, 4 + len(value)) + value
        return self.segment(client, 132, body[:8] + struct.pack("<I", crc32c(body)) + body[12:])


# ---- the router ---------------------------------------------------------------------------

def sysctl(path, value):
    with open(f"/proc/sys/net/{path}", "w", encoding="ascii") as out:
        out.write(str(value))


def tun(name, *addresses):
    fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH", name.encode(), IFF_TUN | IFF_NO_PI))
    for a in addresses:
        sh("ip", "address", "add", a, "dev", name, *(["nodad"] if ":" in a else []))
    sh("ip", "link", "set", name, "up", "mtu", "64000")
    return fd


def router():
    """Make this namespace the router; the two far ends, the client's first."""
    for path in ("ipv4/ip_forward", "ipv6/conf/all/forwarding"):
        sysctl(path, 1)
    sysctl("ipv6/conf/all/accept_dad", 0)
    sysctl("ipv6/conf/default/accept_dad", 0)
    sysctl("ipv6/conf/default/router_solicitations", 0)
    return [tun("t0", "10.0.0.1/24", "fd00:a::1/64"),
            tun("t1", "10.0.1.1/24", "fd00:b::1/64")]


def drain(fd):
    try:
        while os.read(fd, 65536):
            pass
    except BlockingIOError:
        pass


def tos(data):
    """The TOS byte of IPv4, the traffic class of IPv6."""
    return data[1] if data[0] >> 4 == 4 else (data[0] & 15) << 4 | data[1] >> 4
