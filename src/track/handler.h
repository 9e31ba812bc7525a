/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * handler.h - a module's handler (ctq/module.h) as a machine
 */
#ifndef TRACK_HANDLER_H
#define TRACK_HANDLER_H

#include "ctq/module.h"
#include "track/track.h"

/** Letters, digits, '-' and '_', fewer than @max of them, at least one: a name in modules. */
bool track_handler_name_is_proper(const char *name, size_t max);

/** NULL when @handler is whole and within its limits, or what is wrong with it. */
const char *track_handler_fault(const struct ctq_handler *handler);

/** Fill @proto, the machine that calls @handler, which was found right. */
void track_handler_init(struct track_proto *proto, const struct ctq_handler *handler);

/* ---- for track.c: what stands for open() and packet() of a machine ------------------- */

void track_handler_open(const struct ctq_handler *handler, union track_state *state,
                        const struct packet *p, uint64_t now_ms,
                        struct track_result *res);
void track_handler_packet(const struct ctq_handler *handler, union track_state *state,
                          const struct packet *p, enum track_dir dir, uint32_t status,
                          uint64_t now_ms, struct track_result *res);

#endif
