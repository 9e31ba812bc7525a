/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * track_priv.h - the built-in machines, for the list in track.c
 */
#ifndef TRACK_TRACK_PRIV_H
#define TRACK_TRACK_PRIV_H

#include "track/track.h"

extern const struct track_proto track_proto_tcp;
extern const struct track_proto track_proto_udp;
extern const struct track_proto track_proto_udplite;
extern const struct track_proto track_proto_icmp;
extern const struct track_proto track_proto_icmpv6;
extern const struct track_proto track_proto_sctp;
extern const struct track_proto track_proto_gre;
extern const struct track_proto track_proto_generic;

#endif
