/* SPDX-License-Identifier: GPL-2.0-or-later */
/* generate_rule.h - generated rules as the daemon takes them: for the bench and the model */
#ifndef GENERATE_RULE_H
#define GENERATE_RULE_H

#include "ctlink/rule.h"
#include "tests/bench/rules/generate.h"

/** A match of @field, with one value that is to be set. */
struct ctlink_value *generate_field_add(struct ctlink_rule *rule, uint16_t field);

/** @rule (all bytes zero) of chain "prerouting" gets the matches of @g. False: no memory. */
bool generate_rule(const struct generated_rule *g, struct ctlink_rule *rule);

#endif
