/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * generate.h - rule sets and packets that look like those of real filters
 *
 * Three styles, after what has been published of real access lists (acl), firewalls (fw)
 * and IP chains (ipc) by those who measure classifiers: which fields are exact, ranges or
 * open, how long prefixes are, how they nest. Packets mostly lie in rules and come in
 * bursts. The same seed gives the same rules and packets.
 */
#ifndef TESTS_BENCH_RULES_GENERATE_H
#define TESTS_BENCH_RULES_GENERATE_H

#include <stdbool.h>
#include <stdint.h>

struct generated_rule {
	uint32_t src, dst; /* host order; bits behind the length are 0 */
	uint8_t src_length, dst_length;
	uint16_t sport[2], dport[2]; /* first and last */
	uint8_t proto;               /* 0: any */
};

struct generated_packet {
	uint32_t src, dst;
	uint16_t sport, dport;
	uint8_t proto;
};

enum generate_style { GENERATE_ACL, GENERATE_FW, GENERATE_IPC, GENERATE_STYLES };

/** "acl", "fw", "ipc". */
const char *generate_style_name(enum generate_style style);

void generate_rules(enum generate_style style, uint64_t seed,
                    struct generated_rule *rules, uint32_t n);

/** @uniform: headers at random instead; few lie in a rule. */
void generate_packets(uint64_t seed, bool uniform, const struct generated_rule *rules,
                      uint32_t n_rules, struct generated_packet *packets, uint32_t n);

#endif
