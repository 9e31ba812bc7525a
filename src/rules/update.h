/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * update.h - what `add` and `delete` statements say of sets, on its way to control
 *
 * Workers search sets and never change them. What a rule wants to add or delete goes into a ring
 * of the worker (log.h, a second one), and control takes it from there when no other change of
 * sets is under way. When the ring is full it is lost and counted (sets.lost).
 */
#ifndef RULES_UPDATE_H
#define RULES_UPDATE_H

#include "ctlink/set.h"
#include "rules/log.h"

struct rules;

/* One change. What @element points to belongs to the struct. */
struct rules_update {
	bool add; /* else delete */
	struct ctlink_element element;
	struct rules_log_entry entry;
	char name[CTQ_IFNAME_MAX + 1];
};

/** Take the oldest change that worker @number wants; false: there is none. Control. */
bool rules_update_take(struct rules *rules, uint16_t number, struct rules_update *out);

#endif
