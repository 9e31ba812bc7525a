/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See generate.h. */
#include "tests/bench/rules/generate.h"

#include <netinet/in.h>

#define ANY_PORT         \
	{                \
		0, 65535 \
	}
#define SITES 64 /* networks of which the addresses of a set are parts */
#define BURST 32 /* longest run of packets of one connection */

/* Percent of the rules; each group adds up to 100. */
struct style {
	const char *name;
	struct {
		uint32_t open, high, exact; /* of ports; the rest are other ranges */
	} sport, dport;
	struct {
		uint32_t open, host,
			medium; /* prefixes: /0, /32, /24 to /31; the rest: shorter */
	} src, dst;
	struct {
		uint32_t tcp, udp, icmp; /* the rest: any */
	} proto;
};

/* clang-format off */
static const struct style styles[GENERATE_STYLES] = {
	/*        sport           dport           src             dst             proto */
	{ "acl", { 98, 1, 1 },   { 30, 5, 50 }, { 3, 45, 40 },  { 1, 45, 45 },  { 80, 12, 3 } },
	{ "fw",  { 75, 12, 10 }, { 30, 5, 50 }, { 45, 25, 20 }, { 15, 55, 20 }, { 60, 25, 5 } },
	{ "ipc", { 80, 8, 8 },   { 45, 5, 40 }, { 15, 50, 25 }, { 10, 50, 30 }, { 55, 30, 5 } },
};
/* clang-format on */

/* Services that rules name, the first ones more often. */
static const uint16_t services[] = { 80,  443, 53,  25,  22,   110,  143,  21,   23,
	                             123, 161, 389, 445, 1433, 1521, 3306, 3389, 8080 };

struct generator {
	uint64_t random;
	uint32_t sites[SITES];
};

static uint32_t draw(struct generator *g, uint32_t below)
{
	g->random ^= g->random << 13;
	g->random ^= g->random >> 7;
	g->random ^= g->random << 17;
	return (uint32_t)((g->random >> 32) % below);
}

/* Small numbers are likelier: each half as often as the one before it, about. */
static uint32_t draw_skewed(struct generator *g, uint32_t below)
{
	uint32_t a = draw(g, below), b = draw(g, below);

	return a < b ? (uint32_t)((uint64_t)a * b / below) : draw(g, a + 1);
}

static void generator_init(struct generator *g, uint64_t seed)
{
	uint32_t i;

	g->random = seed * 0x9e3779b97f4a7c15u + 1;
	for (i = 0; i < SITES; i++)
		g->sites[i] = (1 + draw(g, 223)) << 24 | draw(g, 1u << 24);
}

const char *generate_style_name(enum generate_style style)
{
	return styles[style].name;
}

/* ---- rules ----------------------------------------------------------------------- */

static void ports_draw(struct generator *g, uint32_t open, uint32_t high, uint32_t exact,
                       uint16_t out[2])
{
	uint32_t kind = draw(g, 100);

	out[0] = 0;
	out[1] = 65535;
	if (kind < open)
		return;
	if (kind < open + high) {
		out[0] = 1024;
	} else if (kind < open + high + exact) {
		out[0] = draw(g, 4) ? services[draw_skewed(g, sizeof(services) / 2)]
		                    : (uint16_t)draw(g, 65536);
		out[1] = out[0];
	} else {
		out[0] = (uint16_t)draw(g, 60000);
		out[1] = (uint16_t)(out[0] + draw(g, draw(g, 2) ? 100 : 5000));
	}
}

static uint8_t length_draw(struct generator *g, uint32_t open, uint32_t host,
                           uint32_t medium)
{
	uint32_t kind = draw(g, 100);

	if (kind < open)
		return 0;
	if (kind < open + host)
		return 32;
	if (kind < open + host + medium)
		return (uint8_t)(24 + draw_skewed(g, 8));
	return (uint8_t)(8 + draw(g, 16));
}

/* Part of a site: its upper bits are the site's, below them few values are common. */
static uint32_t prefix_draw(struct generator *g, uint8_t length)
{
	uint32_t site = g->sites[draw_skewed(g, SITES)];
	uint32_t address = (site & 0xffff0000) | draw_skewed(g, 256) << 8 | draw(g, 256);

	return length ? address & UINT32_MAX << (32 - length) : 0;
}

static uint8_t proto_draw(struct generator *g, const struct style *s)
{
	uint32_t kind = draw(g, 100);

	if (kind < s->proto.tcp)
		return IPPROTO_TCP;
	if (kind < s->proto.tcp + s->proto.udp)
		return IPPROTO_UDP;
	return kind < s->proto.tcp + s->proto.udp + s->proto.icmp ? IPPROTO_ICMP : 0;
}

static void rule_draw(struct generator *g, const struct style *s,
                      struct generated_rule *r)
{
	*r = (struct generated_rule){ .sport = ANY_PORT, .dport = ANY_PORT };
	r->src_length = length_draw(g, s->src.open, s->src.host, s->src.medium);
	r->dst_length = length_draw(g, s->dst.open, s->dst.host, s->dst.medium);
	if (r->src_length + r->dst_length ==
	    0) /* one rule like that would end a real list */
		r->dst_length = 32;
	r->src = prefix_draw(g, r->src_length);
	r->dst = prefix_draw(g, r->dst_length);
	r->proto = proto_draw(g, s);
	if (r->proto != IPPROTO_TCP && r->proto != IPPROTO_UDP)
		return;
	ports_draw(g, s->sport.open, s->sport.high, s->sport.exact, r->sport);
	ports_draw(g, s->dport.open, s->dport.high, s->dport.exact, r->dport);
}

void generate_rules(enum generate_style style, uint64_t seed,
                    struct generated_rule *rules, uint32_t n)
{
	struct generator g;
	uint32_t i;

	generator_init(&g, seed);
	for (i = 0; i < n; i++)
		rule_draw(&g, &styles[style], &rules[i]);
}

/* ---- packets --------------------------------------------------------------------- */

static uint32_t address_within(struct generator *g, uint32_t prefix, uint8_t length)
{
	if (length == 32)
		return prefix;
	return prefix | (draw(g, UINT32_MAX) & (UINT32_MAX >> length));
}

static uint16_t port_within(struct generator *g, const uint16_t ports[2])
{
	return (uint16_t)(ports[0] + draw(g, ports[1] - ports[0] + 1u));
}

static void packet_in_rule(struct generator *g, const struct generated_rule *r,
                           struct generated_packet *p)
{
	p->src = address_within(g, r->src, r->src_length);
	p->dst = address_within(g, r->dst, r->dst_length);
	p->proto = r->proto ? r->proto : IPPROTO_TCP;
	p->sport = port_within(g, r->sport);
	p->dport = port_within(g, r->dport);
}

static void packet_anywhere(struct generator *g, struct generated_packet *p)
{
	p->src = draw(g, UINT32_MAX);
	p->dst = draw(g, UINT32_MAX);
	p->proto = draw(g, 3) ? IPPROTO_TCP : IPPROTO_UDP;
	p->sport = (uint16_t)draw(g, 65536);
	p->dport = (uint16_t)draw(g, 65536);
}

void generate_packets(uint64_t seed, bool uniform, const struct generated_rule *rules,
                      uint32_t n_rules, struct generated_packet *packets, uint32_t n)
{
	struct generated_packet p = { 0 };
	struct generator g;
	uint32_t i, left = 0;

	generator_init(&g, seed);
	for (i = 0; i < n; i++) {
		if (left == 0) {
			left = uniform ? 1 : 1 + draw_skewed(&g, BURST);
			if (uniform || draw(&g, 20) == 0)
				packet_anywhere(&g, &p);
			else
				packet_in_rule(&g, &rules[draw(&g, n_rules)], &p);
		}
		left--;
		packets[i] = p;
	}
}
