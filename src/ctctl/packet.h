/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * packet.h - records of CTQA_PACKET_*: how packets look
 */
#ifndef CTCTL_PACKET_H
#define CTCTL_PACKET_H

#include "ctctl/ctctl.h"
#include "ctctl/json.h"
#include "ctq/ctq.h"

/** Bytes that hold every text of packet_text() and packet_outcome(). */
#define PACKET_TEXT_MAX 512

/** "tcp 192.0.2.1:1024 > 198.51.100.1:443 in eth0 out eth1": what 'ctctl explain' reads. Returns
 * @buf. */
char *packet_text(const struct ctq_record *packet, char buf[PACKET_TEXT_MAX]);

/** "drop.rule: web (rule 12, generation 4)", without the verdict's word. Returns @buf. */
char *packet_outcome(const struct ctq_record *packet, char buf[PACKET_TEXT_MAX]);

/** A packet that was seen, as a line, or an object whose "event" is @event. */
void packet_write(struct tool *tool, const char *event, const struct ctq_record *packet);

/** All of it as members of the open object. */
void packet_json(struct json *json, const struct ctq_record *packet);

#endif
