/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * router.h - a router in memory: packets go through path_batch() at two hooks
 *
 *	struct router r = router_new(&(struct router_options){ .workers = 1 });
 *	router_rules(&r, chain, rule, ...);
 *	struct wire w = router_udp(&r, 1024, 53);
 *	cr_assert(router_forward(&r, &w));         PREROUTING, then POSTROUTING
 *
 * Between the hooks a test may change the packet as NAT does (r.nat). The mark that
 * the entry verdict sets is the packet's at the confirm hook.
 */
#ifndef TESTS_UNIT_PATH_ROUTER_H
#define TESTS_UNIT_PATH_ROUTER_H

#include <criterion/criterion.h>

#include "../packet/wire.h"
#include "ctlink/rule.h"
#include "flow/event.h"
#include "flow/lock.h"
#include "path/path.h"

#define SECOND        1000000000ull
#define ROUTER_COOKIE 0x0fff0000u
#define ROUTER_SEEN   0x10u
#define ROUTER_MASK   0xf0u

struct router_options {
	uint32_t max;
	bool confirm_at_entry;
	bool no_marks;
	bool track_at_confirm;
	enum path_on_change on_change;
	uint32_t zone_mask;
	uint16_t ftp, tftp, sip;    /* ports with these helpers; 0: none */
	struct path_ask_config ask; /* limit 0: the defaults */
};

struct router {
	struct flow_table *flows;
	struct rules *rules;
	struct path *path;
	uint64_t now_ns;
	void (*nat)(struct wire *w);
	uint16_t worker; /* of router_holds() */
	uint32_t mark;   /* … and the mark that its packet comes with */
	/* of the last packet */
	struct packet p;
	struct packet_verdict v;
	bool skipped; /* the confirm hook's rule saw the seen mark */
};

struct router router_new(const struct router_options *options);
void router_end(struct router *r);

/** One packet at one hook, by worker @worker, with @mark. Returns the verdict. */
bool router_hook(struct router *r, uint16_t worker, struct wire *w, enum packet_hook hook,
                 uint32_t mark);

/** The same, of r->worker and with r->mark, for packet @id: does it wait for an answer? */
bool router_holds(struct router *r, struct wire *w, enum packet_hook hook, uint32_t id);

/** A packet through both hooks, NAT between them. True: it passed both. */
bool router_forward(struct router *r, struct wire *w);

/** The flow that the table has for the tuple of @w as it is; NULL: none. */
struct flow *router_flow(struct router *r, const struct wire *w);

/** The packet that answers @w: addresses, and the ports of UDP and TCP, change places. */
struct wire wire_reply(const struct wire *w);

/** A whole new rule set of one chain: at @hook, with @policy, and rules "proto udp dport N
 * VERDICT" for each port until 0. */
void router_rules(struct router *r, enum packet_hook hook, enum ctq_verdict policy,
                  enum ctq_verdict verdict, const uint16_t *ports);

/** The same with statements of the test's own in the one rule. */
struct ctlink_rule router_rule(uint16_t port);
struct ctlink_rule router_state_rule(enum ctq_ctstate state, enum ctq_statement kind);
void router_load(struct router *r, enum packet_hook hook, enum ctq_verdict policy,
                 struct ctlink_rule *rules, unsigned int n);

#endif
