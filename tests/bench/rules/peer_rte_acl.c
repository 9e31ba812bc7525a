/* SPDX-License-Identifier: GPL-2.0-or-later */
/* peer_rte_acl.c - DPDK's access control lists, 32 packets at once */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <rte_acl.h>
#include <rte_eal.h>
#include <rte_malloc.h>
#include <stdlib.h>
#include <string.h>

#include "tests/bench/rules/peer.h"

#define BULK 32

/* As on the wire, the protocol first: the library wants one byte there. */
struct acl_packet {
	uint8_t proto;
	uint8_t unused[3];
	uint32_t src, dst;
	uint16_t sport, dport;
};

enum { PROTO, SRC, DST, SPORT, DPORT, FIELDS };

static const struct rte_acl_field_def fields[FIELDS] = {
	{ RTE_ACL_FIELD_TYPE_BITMASK, 1, PROTO, 0, offsetof(struct acl_packet, proto) },
	{ RTE_ACL_FIELD_TYPE_MASK, 4, SRC, 1, offsetof(struct acl_packet, src) },
	{ RTE_ACL_FIELD_TYPE_MASK, 4, DST, 2, offsetof(struct acl_packet, dst) },
	{ RTE_ACL_FIELD_TYPE_RANGE, 2, SPORT, 3, offsetof(struct acl_packet, sport) },
	{ RTE_ACL_FIELD_TYPE_RANGE, 2, DPORT, 3, offsetof(struct acl_packet, dport) },
};

RTE_ACL_RULE_DEF(acl_rule, FIELDS);

static struct rte_acl_ctx *acl;
static struct acl_packet *packets;
static size_t before;

static size_t acl_allocated(void)
{
	struct rte_malloc_socket_stats stats = { 0 };

	rte_malloc_get_socket_stats(0, &stats);
	return stats.heap_allocsz_bytes;
}

static bool eal_init(void)
{
	char *args[] = { "bench",
		         "--no-pci",
		         "--no-telemetry",
		         "--log-level=error",
		         "--lcores=0@(0-1)",
		         "--no-shconf",
		         "--no-huge",
		         "-m",
		         "6000" };

	return rte_eal_init(sizeof(args) / sizeof(args[0]), args) >= 0;
}

static void rule_make(const struct generated_rule *g, uint32_t i, uint32_t n,
                      struct acl_rule *rule)
{
	memset(rule, 0, sizeof(*rule));
	rule->data.category_mask = 1;
	rule->data.priority = (int32_t)(n - i);
	rule->data.userdata = i + 1;
	rule->field[PROTO].value.u8 = g->proto;
	rule->field[PROTO].mask_range.u8 = g->proto ? 0xff : 0;
	rule->field[SRC].value.u32 = g->src;
	rule->field[SRC].mask_range.u32 = g->src_length;
	rule->field[DST].value.u32 = g->dst;
	rule->field[DST].mask_range.u32 = g->dst_length;
	rule->field[SPORT].value.u16 = g->sport[0];
	rule->field[SPORT].mask_range.u16 = g->sport[1];
	rule->field[DPORT].value.u16 = g->dport[0];
	rule->field[DPORT].mask_range.u16 = g->dport[1];
}

static bool acl_create(const struct generated_rule *list, uint32_t n)
{
	struct rte_acl_param param = {
		.name = "bench",
		.socket_id = SOCKET_ID_ANY,
		.rule_size = RTE_ACL_RULE_SZ(FIELDS),
		.max_rule_num = n,
	};
	struct acl_rule rule;
	uint32_t i;

	if (!eal_init())
		return false;
	acl = rte_acl_create(&param);
	for (i = 0; acl && i < n; i++) {
		rule_make(&list[i], i, n, &rule);
		if (rte_acl_add_rules(acl, (struct rte_acl_rule *)&rule, 1))
			return false;
	}
	before = acl_allocated();
	return acl != NULL;
}

static bool acl_build(void)
{
	struct rte_acl_config config = { .num_categories = 1, .num_fields = FIELDS };

	memcpy(config.defs, fields, sizeof(fields));
	return rte_acl_build(acl, &config) == 0;
}

static bool acl_prepare(const struct generated_packet *list, uint32_t n)
{
	uint32_t i;

	packets = (struct acl_packet *)calloc(n, sizeof(*packets));
	for (i = 0; packets && i < n; i++) {
		packets[i].proto = list[i].proto;
		packets[i].src = htonl(list[i].src);
		packets[i].dst = htonl(list[i].dst);
		packets[i].sport = htons(list[i].sport);
		packets[i].dport = htons(list[i].dport);
	}
	return packets != NULL;
}

static void acl_classify(uint32_t from, uint32_t n, uint32_t *results)
{
	const uint8_t *data[BULK];
	uint32_t i, j, count;

	for (i = 0; i < n; i += count) {
		count = n - i < BULK ? n - i : BULK;
		for (j = 0; j < count; j++)
			data[j] = (const uint8_t *)&packets[from + i + j];
		rte_acl_classify(acl, data, results + i, count, 1);
		for (j = 0; j < count; j++)
			results[i + j]--; /* 0: none */
	}
}

static size_t acl_bytes(void)
{
	return acl_allocated() - before;
}

const struct classifier_peer classifier_peer = {
	.name = "rte_acl",
	.create = acl_create,
	.build = acl_build,
	.prepare = acl_prepare,
	.classify = acl_classify,
	.bytes = acl_bytes,
};
