/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctctl/view.h"

#include <arpa/inet.h>
#include <libnetfilter_conntrack/libnetfilter_conntrack.h>
#include <stdio.h>
#include <string.h>

#include "base/base.h"

/* The attributes of one direction. */
struct side_attrs {
	enum nf_conntrack_attr src4, dst4, src6, dst6, sport, dport;
};

static const struct side_attrs orig_attrs = {
	ATTR_ORIG_IPV4_SRC, ATTR_ORIG_IPV4_DST, ATTR_ORIG_IPV6_SRC,
	ATTR_ORIG_IPV6_DST, ATTR_ORIG_PORT_SRC, ATTR_ORIG_PORT_DST,
};
static const struct side_attrs reply_attrs = {
	ATTR_REPL_IPV4_SRC, ATTR_REPL_IPV4_DST, ATTR_REPL_IPV6_SRC,
	ATTR_REPL_IPV6_DST, ATTR_REPL_PORT_SRC, ATTR_REPL_PORT_DST,
};

static bool has(const struct nf_conntrack *ct, enum nf_conntrack_attr attr)
{
	return nfct_attr_is_set(ct, attr) > 0;
}

/* inet_ntop(3) for IPv4 without its sprintf: half of a long list's time was there. */
static void ipv4_text(const uint8_t *address, char buf[INET6_ADDRSTRLEN])
{
	unsigned int i, octet;

	for (i = 0; i < 4; i++) {
		octet = address[i];
		if (octet >= 100)
			*buf++ = (char)('0' + octet / 100);
		if (octet >= 10)
			*buf++ = (char)('0' + octet / 10 % 10);
		*buf++ = (char)('0' + octet % 10);
		*buf++ = i < 3 ? '.' : '\0';
	}
}

static void address_text(const struct nf_conntrack *ct, uint8_t family,
                         enum nf_conntrack_attr v4, enum nf_conntrack_attr v6,
                         char buf[INET6_ADDRSTRLEN])
{
	enum nf_conntrack_attr attr = family == AF_INET ? v4 : v6;

	buf[0] = '\0';
	if (!has(ct, attr))
		return;
	if (family == AF_INET)
		ipv4_text(nfct_get_attr(ct, attr), buf);
	else
		inet_ntop(family, nfct_get_attr(ct, attr), buf, INET6_ADDRSTRLEN);
}

static void side_init(struct view_side *side, const struct nf_conntrack *ct,
                      uint8_t family, const struct side_attrs *attrs)
{
	address_text(ct, family, attrs->src4, attrs->src6, side->src);
	address_text(ct, family, attrs->dst4, attrs->dst6, side->dst);
	side->present = side->src[0] || side->dst[0];
	side->has_ports = has(ct, attrs->sport) && has(ct, attrs->dport);
	if (side->has_ports) {
		side->sport = ntohs(nfct_get_attr_u16(ct, attrs->sport));
		side->dport = ntohs(nfct_get_attr_u16(ct, attrs->dport));
	}
}

static bool sides_mirror(const struct view *view)
{
	const struct view_side *orig = &view->orig, *reply = &view->reply;

	return strcmp(orig->src, reply->dst) == 0 && strcmp(orig->dst, reply->src) == 0 &&
	       orig->sport == reply->dport && orig->dport == reply->sport;
}

static const char *state_of(const struct nf_conntrack *ct, uint8_t protocol)
{
	if (has(ct, ATTR_TCP_STATE))
		return ctq_state_name(protocol, nfct_get_attr_u8(ct, ATTR_TCP_STATE));
	if (has(ct, ATTR_SCTP_STATE))
		return ctq_state_name(protocol, nfct_get_attr_u8(ct, ATTR_SCTP_STATE));
	return NULL;
}

static void view_identity(struct view *view, const struct nf_conntrack *ct)
{
	const char *name;

	view->family = nfct_get_attr_u8(ct, ATTR_L3PROTO);
	view->protocol = nfct_get_attr_u8(ct, ATTR_L4PROTO);
	name = ctq_protocol_name(view->protocol);
	if (name)
		snprintf(view->protocol_name, sizeof(view->protocol_name), "%s", name);
	else
		snprintf(view->protocol_name, sizeof(view->protocol_name), "%u",
		         view->protocol);
	view->state = state_of(ct, view->protocol);
	side_init(&view->orig, ct, view->family, &orig_attrs);
	side_init(&view->reply, ct, view->family, &reply_attrs);
	view->mirror = sides_mirror(view);
	view->has_icmp = has(ct, ATTR_ICMP_TYPE);
	if (view->has_icmp) {
		view->icmp_type = nfct_get_attr_u8(ct, ATTR_ICMP_TYPE);
		view->icmp_code = nfct_get_attr_u8(ct, ATTR_ICMP_CODE);
		view->icmp_id = ntohs(nfct_get_attr_u16(ct, ATTR_ICMP_ID));
	}
}

static void view_counters(struct view *view, const struct nf_conntrack *ct)
{
	view->has_counters = has(ct, ATTR_ORIG_COUNTER_PACKETS);
	view->orig_packets = nfct_get_attr_u64(ct, ATTR_ORIG_COUNTER_PACKETS);
	view->orig_bytes = nfct_get_attr_u64(ct, ATTR_ORIG_COUNTER_BYTES);
	view->reply_packets = nfct_get_attr_u64(ct, ATTR_REPL_COUNTER_PACKETS);
	view->reply_bytes = nfct_get_attr_u64(ct, ATTR_REPL_COUNTER_BYTES);
}

static void view_zone(struct view *view, const struct nf_conntrack *ct)
{
	view->zone = nfct_get_attr_u16(ct, ATTR_ZONE);
	if (has(ct, ATTR_ORIG_ZONE)) {
		view->zone = nfct_get_attr_u16(ct, ATTR_ORIG_ZONE);
		view->zone_direction = "original";
	} else if (has(ct, ATTR_REPL_ZONE)) {
		view->zone = nfct_get_attr_u16(ct, ATTR_REPL_ZONE);
		view->zone_direction = "reply";
	}
}

static void view_numbers(struct view *view, const struct nf_conntrack *ct)
{
	view->has_timeout = has(ct, ATTR_TIMEOUT);
	view->has_id = has(ct, ATTR_ID);
	view->has_mark = has(ct, ATTR_MARK);
	view->has_status = has(ct, ATTR_STATUS);
	view->timeout = nfct_get_attr_u32(ct, ATTR_TIMEOUT);
	view->id = nfct_get_attr_u32(ct, ATTR_ID);
	view->mark = nfct_get_attr_u32(ct, ATTR_MARK);
	view->status = nfct_get_attr_u32(ct, ATTR_STATUS);
	view->use = nfct_get_attr_u32(ct, ATTR_USE);
	view_zone(view, ct);
	view->start = nfct_get_attr_u64(ct, ATTR_TIMESTAMP_START);
	view->stop = nfct_get_attr_u64(ct, ATTR_TIMESTAMP_STOP);
	view->helper =
		has(ct, ATTR_HELPER_NAME) ? nfct_get_attr(ct, ATTR_HELPER_NAME) : NULL;
}

static void view_record(struct view *view, const struct ctq_record *record)
{
	view->record = record;
	view->labels = ctq_record_string(record, CTQA_FLOW_LABELS);
	if (ctq_record_has(record, CTQA_FLOW_VERDICT))
		view->verdict = ctq_verdict_name(
			(unsigned int)ctq_record_number(record, CTQA_FLOW_VERDICT));
	view->reason = ctq_reason_name(
		(unsigned int)ctq_record_number(record, CTQA_FLOW_REASON));
	view->rule_name = ctq_record_string(record, CTQA_FLOW_RULE_NAME);
	view->in = ctq_record_string(record, CTQA_FLOW_IN);
	view->out = ctq_record_string(record, CTQA_FLOW_OUT);
	view->end = ctq_end_name((unsigned int)ctq_record_number(record, CTQA_FLOW_END));
}

void view_init(struct view *view, const struct ctq_flow *flow)
{
	const struct nf_conntrack *ct = ctq_flow_conntrack(flow);

	memset(view, 0, sizeof(*view));
	view->flow = flow;
	view_identity(view, ct);
	view_counters(view, ct);
	view_numbers(view, ct);
	view_record(view, ctq_flow_record(flow));
}

/* ---- texts -------------------------------------------------------------------------- */

/* These write what fits always (VIEW_SIDE_MAX), and return where the text ends. */
static char *number_text(char *end, uint16_t number)
{
	char digits[5];
	size_t n = 0;

	do {
		digits[n++] = (char)('0' + number % 10);
		number /= 10;
	} while (number);
	while (n > 0)
		*end++ = digits[--n];
	*end = '\0';
	return end;
}

static char *endpoint_text(char *end, const struct view *view, const char *address,
                           bool has_port, uint16_t port)
{
	bool brackets = has_port && view->family == AF_INET6;

	if (brackets)
		end = stpcpy(end, "[");
	end = stpcpy(end, address);
	if (brackets)
		end = stpcpy(end, "]");
	return has_port ? number_text(stpcpy(end, ":"), port) : end;
}

char *view_side_text(const struct view *view, const struct view_side *side,
                     const char *arrow, char buf[VIEW_SIDE_MAX])
{
	char *end;

	end = endpoint_text(buf, view, side->src, side->has_ports, side->sport);
	end = stpcpy(stpcpy(stpcpy(end, " "), arrow), " ");
	end = endpoint_text(end, view, side->dst, side->has_ports, side->dport);
	if (view->has_icmp && side == &view->orig)
		number_text(stpcpy(end, " id "), view->icmp_id);
	return buf;
}

char *view_zone_text(const struct view *view, char buf[VIEW_ZONE_MAX])
{
	char *end = number_text(buf, view->zone);

	if (view->zone_direction)
		stpcpy(stpcpy(end, "/"), view->zone_direction);
	return buf;
}

char *view_flags_text(const struct view *view, char separator, char buf[VIEW_FLAGS_MAX])
{
	/* CONFIRMED and the like are true of nearly all flows and tell nothing. */
	static const uint32_t shown[] = { IPS_ASSURED, IPS_EXPECTED,      IPS_SRC_NAT,
		                          IPS_DST_NAT, IPS_FIXED_TIMEOUT, IPS_DYING,
		                          1u << 13,    1u << 14,          1u << 15 };
	size_t i, used = 0;

	buf[0] = '\0';
	if (!view->has_status)
		return buf;
	if (!(view->status & IPS_SEEN_REPLY))
		used += (size_t)snprintf(buf, VIEW_FLAGS_MAX, "UNREPLIED");
	for (i = 0; i < BASE_ARRAY_LENGTH(shown); i++) {
		if (!(view->status & shown[i]))
			continue;
		if (used)
			buf[used++] = separator;
		used += (size_t)snprintf(
			buf + used, VIEW_FLAGS_MAX - used, "%s",
			ctq_status_name((unsigned int)__builtin_ctz(shown[i])));
	}
	return buf;
}
