# SPDX-License-Identifier: GPL-2.0-or-later
"""sctp - both ends of a small SCTP association, for kernels without SCTP

Raw packets made by scapy: enough of RFC 9260 for a tracker to see an association open,
carry data and close. The sender's tag is TAG_CLIENT, the server's TAG_SERVER.
"""
import os

os.environ.setdefault("XDG_CACHE_HOME", "/nonexistent")
from scapy.layers.sctp import (  # noqa: E402
    SCTP, SCTPChunkCookieAck, SCTPChunkCookieEcho, SCTPChunkData, SCTPChunkHeartbeatAck,
    SCTPChunkHeartbeatReq, SCTPChunkInit, SCTPChunkInitAck, SCTPChunkParamStateCookie,
    SCTPChunkSACK, SCTPChunkShutdown, SCTPChunkShutdownAck, SCTPChunkShutdownComplete)

TAG_CLIENT, TAG_SERVER = 0x11111111, 0x22222222
COOKIE = bytes(range(16))


def _init(tag, kind, **more):
    return kind(init_tag=tag, a_rwnd=65535, n_out_streams=1, n_in_streams=1, init_tsn=1, **more)


def sctp_client_chunks():
    """(tag, chunk) of each packet that the client sends, in order."""
    return [
        (0, _init(TAG_CLIENT, SCTPChunkInit)),
        (TAG_SERVER, SCTPChunkCookieEcho(cookie=COOKIE)),
        (TAG_SERVER, SCTPChunkData(tsn=1, stream_id=0, stream_seq=0, proto_id=0, data=b"test")),
        (TAG_SERVER, SCTPChunkShutdown(cumul_tsn_ack=0)),
        (TAG_SERVER, SCTPChunkShutdownComplete()),
    ]


def sctp_packet(sport, dport, tag, chunk):
    return bytes(SCTP(sport=sport, dport=dport, tag=tag) / chunk)


def sctp_answer(data):
    """What the server says to one packet; None for nothing."""
    got = SCTP(data)
    answers = (
        (SCTPChunkInit, _init(TAG_SERVER, SCTPChunkInitAck,
                              params=[SCTPChunkParamStateCookie(cookie=COOKIE)])),
        (SCTPChunkCookieEcho, SCTPChunkCookieAck()),
        (SCTPChunkData, SCTPChunkSACK(cumul_tsn_ack=1, a_rwnd=65535)),
        (SCTPChunkHeartbeatReq, SCTPChunkHeartbeatAck()),
        (SCTPChunkShutdown, SCTPChunkShutdownAck()),
    )
    for kind, chunk in answers:
        if kind in got:
            return sctp_packet(got.dport, got.sport, TAG_CLIENT, chunk)
    return None
