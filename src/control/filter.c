/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * filter.c - does a filter take a flow?
 *
 * The filter was checked when it was parsed: operators have their operands, values fit
 * their fields. A field has up to four readings in a flow ("host" has four addresses); a
 * match holds when one of them has one of the values. A field that the flow does not have
 * (the port of a ping) matches nothing, negated or not.
 */
#include <netinet/in.h>
#include <string.h>

#include "control/control_priv.h"

#define READINGS_MAX 4

/* What a field of a flow is. */
struct readings {
	unsigned int length;
	uint64_t number[READINGS_MAX];
	const uint8_t *address[READINGS_MAX];
	uint8_t address_size;
	const char *string;
};

static void read_number(struct readings *r, uint64_t n)
{
	r->number[r->length++] = n;
}

static void read_address(struct readings *r, const struct tuple *t,
                         const uint8_t *address)
{
	r->address[r->length++] = address;
	r->address_size = (uint8_t)tuple_address_size(t->l3);
}

bool control_has_ports(uint8_t proto)
{
	switch (proto) {
	case IPPROTO_TCP:
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
	case IPPROTO_SCTP:
	case IPPROTO_DCCP: return true;
	default: return false;
	}
}

bool control_is_icmp(uint8_t proto)
{
	return proto == IPPROTO_ICMP || proto == IPPROTO_ICMPV6;
}

static void read_port(struct readings *r, const struct tuple *t, uint16_t port)
{
	if (control_has_ports(t->l4))
		read_number(r, ntohs(port));
}

static void read_name(struct readings *r, const char *name)
{
	r->string = name;
	r->length = name && *name;
}

static void read_rule(const struct control *c, const struct flow_info *info,
                      struct readings *r)
{
	struct ctlink_flow value;
	static char name[CTQ_NAME_MAX]; /* control's thread only */

	control_flow_value(c, info, &value);
	if (!ctlink_has(&value, CTLINK_FLOW_RULE_NAME))
		return;
	memcpy(name, value.rule_name, sizeof(name));
	read_name(r, name);
}

static void read_verdict(const struct control *c, const struct flow_info *info,
                         uint16_t field, struct readings *r)
{
	struct ctlink_flow value;

	control_flow_value(c, info, &value);
	if (ctlink_has(&value, CTLINK_FLOW_VERDICT))
		read_number(r, field == CTQ_FIELD_VERDICT ? value.verdict : value.reason);
}

static void read_state(const struct control *c, const struct flow_info *info,
                       struct readings *r)
{
	const struct track_proto *proto = control_machine(c, info->machine);

	int number = track_state_number(proto, &info->state);

	if (number >= 0)
		read_number(r, (uint64_t)number);
}

static const char *ifname_of(const struct control *c, uint32_t index)
{
	return index && c->env.ifname ? c->env.ifname(c->env.ctx, index) : NULL;
}

/* That of both directions, or of the one that has it. */
static void read_zone(struct readings *r, uint16_t orig, uint16_t reply)
{
	if (orig || !reply)
		read_number(r, orig);
	if (reply && reply != orig)
		read_number(r, reply);
}

static void read_tuple_field(const struct flow_info *info, uint16_t field,
                             struct readings *r)
{
	const struct tuple *o = &info->tuple[TRACK_ORIGINAL],
			   *p = &info->tuple[TRACK_REPLY];

	switch (field) {
	case CTQ_FIELD_FAMILY: read_number(r, o->l3); break;
	case CTQ_FIELD_PROTO: read_number(r, o->l4); break;
	case CTQ_FIELD_ZONE: read_zone(r, o->zone, p->zone); break;
	case CTQ_FIELD_SRC: read_address(r, o, o->src); break;
	case CTQ_FIELD_DST: read_address(r, o, o->dst); break;
	case CTQ_FIELD_REPLY_SRC: read_address(r, p, p->src); break;
	case CTQ_FIELD_REPLY_DST: read_address(r, p, p->dst); break;
	case CTQ_FIELD_SPORT: read_port(r, o, o->src_id); break;
	case CTQ_FIELD_DPORT: read_port(r, o, o->dst_id); break;
	case CTQ_FIELD_REPLY_SPORT: read_port(r, p, p->src_id); break;
	case CTQ_FIELD_REPLY_DPORT: read_port(r, p, p->dst_id); break;
	case CTQ_FIELD_HOST:
		read_address(r, o, o->src);
		read_address(r, o, o->dst);
		read_address(r, p, p->src);
		read_address(r, p, p->dst);
		break;
	case CTQ_FIELD_PORT:
		read_port(r, o, o->src_id);
		read_port(r, o, o->dst_id);
		read_port(r, p, p->src_id);
		read_port(r, p, p->dst_id);
		break;
	case CTQ_FIELD_ICMP_TYPE:
		if (control_is_icmp(o->l4))
			read_number(r, ntohs(o->dst_id) >> 8);
		break;
	case CTQ_FIELD_ICMP_CODE:
		if (control_is_icmp(o->l4))
			read_number(r, ntohs(o->dst_id) & 0xff);
		break;
	default: break;
	}
}

static void read_field(const struct control *c, const struct flow_info *info,
                       uint16_t field, struct readings *r)
{
	switch (field) {
	case CTQ_FIELD_IIF: read_name(r, ifname_of(c, info->ifin)); break;
	case CTQ_FIELD_OIF: read_name(r, ifname_of(c, info->ifout)); break;
	case CTQ_FIELD_STATUS: read_number(r, info->status); break;
	case CTQ_FIELD_MARK: read_number(r, info->mark); break;
	case CTQ_FIELD_ID: read_number(r, info->id); break;
	case CTQ_FIELD_AGE: read_number(r, info->age_s); break;
	case CTQ_FIELD_IDLE: read_number(r, info->idle_s); break;
	case CTQ_FIELD_TIMEOUT: read_number(r, info->timeout_s); break;
	case CTQ_FIELD_PACKETS:
		read_number(r, info->packets[0] + info->packets[1]);
		break;
	case CTQ_FIELD_BYTES: read_number(r, info->bytes[0] + info->bytes[1]); break;
	case CTQ_FIELD_STATE: read_state(c, info, r); break;
	case CTQ_FIELD_RULE: read_rule(c, info, r); break;
	case CTQ_FIELD_VERDICT:
	case CTQ_FIELD_REASON: read_verdict(c, info, field, r); break;
	default: read_tuple_field(info, field, r); break;
	}
}

/* ---- values ------------------------------------------------------------------------------ */

static bool bits_hold(uint64_t n, const struct ctlink_value *v)
{
	uint64_t first = ctlink_value_number(v->first, v->first_size);

	if (!ctlink_has(v, CTLINK_VALUE_MASK))
		return n & first;
	return (n & ctlink_value_number(v->mask, v->mask_size)) == first;
}

static bool number_holds(uint64_t n, const struct ctlink_value *v)
{
	uint64_t first = ctlink_value_number(v->first, v->first_size);

	if (ctlink_has(v, CTLINK_VALUE_MASK))
		return (n & ctlink_value_number(v->mask, v->mask_size)) == first;
	if (ctlink_has(v, CTLINK_VALUE_LAST))
		return n >= first && n <= ctlink_value_number(v->last, v->last_size);
	return n == first;
}

static bool prefix_holds(const uint8_t *a, const uint8_t *b, unsigned int bits)
{
	unsigned int bytes = bits / 8, rest = bits % 8;

	if (memcmp(a, b, bytes))
		return false;
	return !rest || !((a[bytes] ^ b[bytes]) & (0xff00 >> rest & 0xff));
}

static bool address_holds(const uint8_t *a, uint8_t size, const struct ctlink_value *v)
{
	if (v->first_size != size)
		return false;
	if (ctlink_has(v, CTLINK_VALUE_PREFIX))
		return prefix_holds(a, v->first, v->prefix);
	if (ctlink_has(v, CTLINK_VALUE_LAST))
		return memcmp(a, v->first, size) >= 0 && memcmp(a, v->last, size) <= 0;
	return memcmp(a, v->first, size) == 0;
}

static bool string_holds(const char *s, const char *pattern)
{
	size_t n = strlen(pattern);

	if (n && pattern[n - 1] == '*')
		return strncmp(s, pattern, n - 1) == 0;
	return strcmp(s, pattern) == 0;
}

static bool value_holds(const struct readings *r, unsigned int i, uint8_t type,
                        const struct ctlink_value *v)
{
	switch (type) {
	case CTLINK_FIELD_ADDRESS:
		return address_holds(r->address[i], r->address_size, v);
	case CTLINK_FIELD_STRING: return string_holds(r->string, v->string);
	case CTLINK_FIELD_BITS8:
	case CTLINK_FIELD_BITS32: return bits_hold(r->number[i], v);
	default: return number_holds(r->number[i], v);
	}
}

static bool match_holds(const struct control *c, const struct ctlink_match *match,
                        const struct flow_info *info)
{
	const struct ctlink_field *field = ctlink_field_get(match->field);
	bool negated = match->flags & CTQ_MATCH_NEGATE;
	struct readings r = { .length = 0 };
	bool holds = false;
	uint32_t i, v;

	if (match->field == CTQ_FIELD_LABEL)
		return control_label_holds(c, &info->labels, match) != negated;
	read_field(c, info, match->field, &r);
	if (r.length == 0)
		return false;
	for (i = 0; i < r.length && !holds; i++)
		for (v = 0; v < match->values.length && !holds; v++)
			holds = value_holds(&r, i, field->type,
			                    ctlink_match_value(match, v));
	return holds != negated;
}

/* ---- expressions in prefix order ----------------------------------------------------------- */

/* At most CTQ_FILTER_TERMS_MAX deep. Both operands are walked, needed or not, so that *@at
 * stands behind them. */
static bool term_holds(const struct control *c, const struct ctlink_filter *filter,
                       uint32_t *at, const struct flow_info *info)
{
	const struct ctlink_term *term = ctlink_filter_term(filter, (*at)++);
	bool a, b;

	if (ctlink_has(term, CTLINK_TERM_MATCH))
		return match_holds(c, &term->match, info);
	a = term_holds(c, filter, at, info);
	if (term->op == CTQ_OPERATOR_NOT)
		return !a;
	b = term_holds(c, filter, at, info);
	return term->op == CTQ_OPERATOR_AND ? a && b : a || b;
}

/* ---- the kernel's own filters ---------------------------------------------------------------- */

static bool kernel_tuple_holds(const struct ctlink_tuple *want, uint32_t flags,
                               const struct tuple *t)
{
	if (flags & CTQ_TUPLE_SRC && memcmp(want->src, t->src, sizeof(t->src)))
		return false;
	if (flags & CTQ_TUPLE_DST && memcmp(want->dst, t->dst, sizeof(t->dst)))
		return false;
	if (flags & CTQ_TUPLE_ZONE && want->zone != t->zone)
		return false;
	if (flags & CTQ_TUPLE_PROTO && want->l4 != t->l4)
		return false;
	if (flags & (CTQ_TUPLE_SRC_PORT | CTQ_TUPLE_ICMP_ID | CTQ_TUPLE_ICMPV6_ID) &&
	    want->src_id != t->src_id)
		return false;
	if (flags & CTQ_TUPLE_DST_PORT && want->dst_id != t->dst_id)
		return false;
	if (flags & (CTQ_TUPLE_ICMP_TYPE | CTQ_TUPLE_ICMPV6_TYPE) &&
	    (ntohs(want->dst_id) ^ ntohs(t->dst_id)) & 0xff00)
		return false;
	return !(flags & (CTQ_TUPLE_ICMP_CODE | CTQ_TUPLE_ICMPV6_CODE)) ||
	       !((ntohs(want->dst_id) ^ ntohs(t->dst_id)) & 0xff);
}

/* As nf_ct_zone_equal_any(): whichever directions the zone is for; 0: neither has one. */
static bool kernel_zone_holds(uint16_t zone, const struct flow_info *info)
{
	uint16_t orig = info->tuple[TRACK_ORIGINAL].zone,
		 reply = info->tuple[TRACK_REPLY].zone;

	return zone ? zone == orig || zone == reply : !orig && !reply;
}

static bool kernel_filter_holds(const struct ctlink_filter *f,
                                const struct flow_info *info)
{
	uint32_t mask;

	if (f->family && f->family != info->tuple[TRACK_ORIGINAL].l3)
		return false;
	if (ctlink_has(f, CTLINK_FILTER_MARK)) {
		mask = ctlink_has(f, CTLINK_FILTER_MARK_MASK) ? f->mark_mask : UINT32_MAX;
		if ((info->mark & mask) != f->mark)
			return false;
	}
	if (ctlink_has(f, CTLINK_FILTER_STATUS)) {
		mask = ctlink_has(f, CTLINK_FILTER_STATUS_MASK) ? f->status_mask
		                                                : f->status;
		if ((info->status & mask) != f->status)
			return false;
	}
	if (ctlink_has(f, CTLINK_FILTER_ZONE) && !kernel_zone_holds(f->zone, info))
		return false;
	if (ctlink_has(f, CTLINK_FILTER_ID) && f->id != info->id)
		return false;
	if (ctlink_has(f, CTLINK_FILTER_ORIG) &&
	    !kernel_tuple_holds(&f->orig, f->orig_flags, &info->tuple[TRACK_ORIGINAL]))
		return false;
	return !ctlink_has(f, CTLINK_FILTER_REPLY) ||
	       kernel_tuple_holds(&f->reply, f->reply_flags, &info->tuple[TRACK_REPLY]);
}

bool control_filter_holds(const struct control *c, const struct ctlink_filter *filter,
                          const struct flow_info *info)
{
	uint32_t at = 0;

	if (!kernel_filter_holds(filter, info))
		return false;
	return filter->terms.length == 0 || term_holds(c, filter, &at, info);
}
