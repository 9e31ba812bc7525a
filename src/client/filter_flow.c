/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * filter_flow.c - what a filter means for a flow, on this side of the wire
 *
 * Lists are filtered by the daemon; announcements are not, so ctctl's monitor holds each
 * against the filter itself. A field that the flow does not have (a port of ICMP, a rule
 * when the policy decided) has no value: a match fails, a negated match holds.
 */
#include <errno.h>
#include <libnetfilter_conntrack/libnetfilter_conntrack.h>
#include <string.h>

#include "client/filter_priv.h"

/* ---- numbers ---------------------------------------------------------------------------- */

static bool ct_number(const struct nf_conntrack *ct, enum nf_conntrack_attr attr,
                      uint64_t *number)
{
	if (nfct_attr_is_set(ct, attr) <= 0)
		return false;
	switch (attr) {
	case ATTR_ORIG_PORT_SRC:
	case ATTR_ORIG_PORT_DST:
	case ATTR_REPL_PORT_SRC:
	case ATTR_REPL_PORT_DST: *number = ntohs(nfct_get_attr_u16(ct, attr)); break;
	case ATTR_ZONE:
	case ATTR_ORIG_ZONE:
	case ATTR_REPL_ZONE: *number = nfct_get_attr_u16(ct, attr); break;
	case ATTR_MARK:
	case ATTR_ID:
	case ATTR_STATUS:
	case ATTR_TIMEOUT: *number = nfct_get_attr_u32(ct, attr); break;
	default: *number = nfct_get_attr_u8(ct, attr);
	}
	return true;
}

/* Both directions' sum. */
static bool ct_sum(const struct nf_conntrack *ct, enum nf_conntrack_attr original,
                   enum nf_conntrack_attr reply, uint64_t *number)
{
	if (nfct_attr_is_set(ct, original) <= 0)
		return false;
	*number = nfct_get_attr_u64(ct, original) + nfct_get_attr_u64(ct, reply);
	return true;
}

static bool record_number(const struct ctq_record *record, uint16_t type,
                          uint64_t *number)
{
	*number = ctq_record_number(record, type);
	return ctq_record_has(record, type);
}

static bool ct_state(const struct nf_conntrack *ct, uint64_t *number)
{
	return ct_number(ct, ATTR_TCP_STATE, number) ||
	       ct_number(ct, ATTR_SCTP_STATE, number);
}

/* That of both directions, or of the one that has it; 0 is not said. */
static bool ct_zone(const struct nf_conntrack *ct, uint64_t *number)
{
	if (!ct_number(ct, ATTR_ZONE, number) && !ct_number(ct, ATTR_ORIG_ZONE, number) &&
	    !ct_number(ct, ATTR_REPL_ZONE, number))
		*number = 0;
	return true;
}

/* The number of a field with one value. */
static bool flow_number(const struct ctq_flow *flow, uint16_t field, uint64_t *number)
{
	const struct nf_conntrack *ct = flow->ct;

	switch (field) {
	case CTQ_FIELD_FAMILY: return ct_number(ct, ATTR_L3PROTO, number);
	case CTQ_FIELD_PROTO: return ct_number(ct, ATTR_L4PROTO, number);
	case CTQ_FIELD_SPORT: return ct_number(ct, ATTR_ORIG_PORT_SRC, number);
	case CTQ_FIELD_DPORT: return ct_number(ct, ATTR_ORIG_PORT_DST, number);
	case CTQ_FIELD_REPLY_SPORT: return ct_number(ct, ATTR_REPL_PORT_SRC, number);
	case CTQ_FIELD_REPLY_DPORT: return ct_number(ct, ATTR_REPL_PORT_DST, number);
	case CTQ_FIELD_ICMP_TYPE: return ct_number(ct, ATTR_ICMP_TYPE, number);
	case CTQ_FIELD_ICMP_CODE: return ct_number(ct, ATTR_ICMP_CODE, number);
	case CTQ_FIELD_STATUS: return ct_number(ct, ATTR_STATUS, number);
	case CTQ_FIELD_MARK: return ct_number(ct, ATTR_MARK, number);
	case CTQ_FIELD_ID: return ct_number(ct, ATTR_ID, number);
	case CTQ_FIELD_TIMEOUT: return ct_number(ct, ATTR_TIMEOUT, number);
	case CTQ_FIELD_STATE: return ct_state(ct, number);
	case CTQ_FIELD_ZONE: return ct_zone(ct, number);
	case CTQ_FIELD_PACKETS:
		return ct_sum(ct, ATTR_ORIG_COUNTER_PACKETS, ATTR_REPL_COUNTER_PACKETS,
		              number);
	case CTQ_FIELD_BYTES:
		return ct_sum(ct, ATTR_ORIG_COUNTER_BYTES, ATTR_REPL_COUNTER_BYTES,
		              number);
	case CTQ_FIELD_AGE: return record_number(&flow->record, CTQA_FLOW_AGE, number);
	case CTQ_FIELD_IDLE: return record_number(&flow->record, CTQA_FLOW_IDLE, number);
	case CTQ_FIELD_VERDICT:
		return record_number(&flow->record, CTQA_FLOW_VERDICT, number);
	case CTQ_FIELD_REASON:
		return record_number(&flow->record, CTQA_FLOW_REASON, number);
	default: return false;
	}
}

static bool value_takes_number(const struct ctlink_value *value, uint64_t number)
{
	uint64_t first = ctlink_value_number(value->first, value->first_size);

	if (ctlink_has(value, CTLINK_VALUE_MASK))
		return (number & ctlink_value_number(value->mask, value->mask_size)) ==
		       first;
	if (ctlink_has(value, CTLINK_VALUE_LAST))
		return number >= first &&
		       number <= ctlink_value_number(value->last, value->last_size);
	return number == first;
}

static bool match_takes_number(const struct ctlink_match *match,
                               const struct ctq_flow *flow, uint16_t field)
{
	uint64_t number;
	uint32_t i;

	if (!flow_number(flow, field, &number))
		return false;
	for (i = 0; i < match->values.length; i++)
		if (value_takes_number(ctlink_match_value(match, i), number))
			return true;
	return false;
}

/* ---- addresses ---------------------------------------------------------------------------- */

static bool prefix_equal(const uint8_t *a, const uint8_t *b, unsigned int bits)
{
	unsigned int whole = bits / 8, rest = bits % 8;

	if (memcmp(a, b, whole) != 0)
		return false;
	return rest == 0 || ((a[whole] ^ b[whole]) & (0xff00 >> rest) & 0xff) == 0;
}

static bool value_takes_address(const struct ctlink_value *value, const uint8_t *address,
                                size_t size)
{
	if (value->first_size != size)
		return false;
	if (ctlink_has(value, CTLINK_VALUE_LAST))
		return memcmp(address, value->first, size) >= 0 &&
		       memcmp(address, value->last, size) <= 0;
	return prefix_equal(address, value->first,
	                    ctlink_has(value, CTLINK_VALUE_PREFIX)
	                            ? value->prefix
	                            : (unsigned int)size * 8);
}

/* @v4 and @v6: the attributes of one address in either family. */
static bool match_takes_address(const struct ctlink_match *match,
                                const struct ctq_flow *flow, enum nf_conntrack_attr v4,
                                enum nf_conntrack_attr v6)
{
	bool is_v4 = nfct_attr_is_set(flow->ct, v4) > 0;
	const uint8_t *address;
	uint32_t i;

	if (!is_v4 && nfct_attr_is_set(flow->ct, v6) <= 0)
		return false;
	address = nfct_get_attr(flow->ct, is_v4 ? v4 : v6);
	for (i = 0; i < match->values.length; i++)
		if (value_takes_address(ctlink_match_value(match, i), address,
		                        is_v4 ? 4 : 16))
			return true;
	return false;
}

static bool match_takes_host(const struct ctlink_match *match,
                             const struct ctq_flow *flow)
{
	return match_takes_address(match, flow, ATTR_ORIG_IPV4_SRC, ATTR_ORIG_IPV6_SRC) ||
	       match_takes_address(match, flow, ATTR_ORIG_IPV4_DST, ATTR_ORIG_IPV6_DST) ||
	       match_takes_address(match, flow, ATTR_REPL_IPV4_SRC, ATTR_REPL_IPV6_SRC) ||
	       match_takes_address(match, flow, ATTR_REPL_IPV4_DST, ATTR_REPL_IPV6_DST);
}

/* ---- strings --------------------------------------------------------------------------------- */

static bool value_takes_string(const struct ctlink_value *value, const char *string)
{
	size_t length = strlen(value->string);

	if (length && value->string[length - 1] == '*')
		return strncmp(value->string, string, length - 1) == 0;
	return strcmp(value->string, string) == 0;
}

static bool match_takes_string(const struct ctlink_match *match,
                               const struct ctq_flow *flow, uint16_t type)
{
	const char *string = ctq_record_string(&flow->record, type);
	uint32_t i;

	for (i = 0; string && i < match->values.length; i++)
		if (value_takes_string(ctlink_match_value(match, i), string))
			return true;
	return false;
}

/* Of "web,17". */
static bool match_takes_label(const struct ctlink_match *match,
                              const struct ctq_flow *flow)
{
	const char *names = ctq_record_string(&flow->record, CTQA_FLOW_LABELS);
	char name[CTQ_LABELS_TEXT_MAX];
	size_t length;
	uint32_t i;

	for (; names && *names; names += length + (names[length] == ',')) {
		length = strcspn(names, ",");
		if (length >= sizeof(name))
			return false;
		memcpy(name, names, length);
		name[length] = '\0';
		for (i = 0; i < match->values.length; i++)
			if (value_takes_string(ctlink_match_value(match, i), name))
				return true;
	}
	return false;
}

/* ---- expressions ------------------------------------------------------------------------------ */

static bool match_takes(const struct ctlink_match *match, const struct ctq_flow *flow)
{
	switch (match->field) {
	case CTQ_FIELD_SRC:
		return match_takes_address(match, flow, ATTR_ORIG_IPV4_SRC,
		                           ATTR_ORIG_IPV6_SRC);
	case CTQ_FIELD_DST:
		return match_takes_address(match, flow, ATTR_ORIG_IPV4_DST,
		                           ATTR_ORIG_IPV6_DST);
	case CTQ_FIELD_REPLY_SRC:
		return match_takes_address(match, flow, ATTR_REPL_IPV4_SRC,
		                           ATTR_REPL_IPV6_SRC);
	case CTQ_FIELD_REPLY_DST:
		return match_takes_address(match, flow, ATTR_REPL_IPV4_DST,
		                           ATTR_REPL_IPV6_DST);
	case CTQ_FIELD_HOST: return match_takes_host(match, flow);
	case CTQ_FIELD_IIF: return match_takes_string(match, flow, CTQA_FLOW_IN);
	case CTQ_FIELD_OIF: return match_takes_string(match, flow, CTQA_FLOW_OUT);
	case CTQ_FIELD_LABEL: return match_takes_label(match, flow);
	case CTQ_FIELD_RULE: return match_takes_string(match, flow, CTQA_FLOW_RULE_NAME);
	case CTQ_FIELD_PORT:
		return match_takes_number(match, flow, CTQ_FIELD_SPORT) ||
		       match_takes_number(match, flow, CTQ_FIELD_DPORT) ||
		       match_takes_number(match, flow, CTQ_FIELD_REPLY_SPORT) ||
		       match_takes_number(match, flow, CTQ_FIELD_REPLY_DPORT);
	default: return match_takes_number(match, flow, match->field);
	}
}

bool ctq_filter_takes(const struct ctq_filter *filter, const struct ctq_flow *flow)
{
	bool stack[CTQ_FILTER_TERMS_MAX];
	const struct ctlink_term *term;
	uint32_t i = filter->filter.terms.length, top = 0;

	/* Prefix order read from its end: each operator finds its operands on the stack. */
	while (i-- > 0) {
		term = ctlink_filter_term(&filter->filter, i);
		if (ctlink_has(term, CTLINK_TERM_MATCH)) {
			stack[top++] = match_takes(&term->match, flow) !=
			               !!(term->match.flags & CTQ_MATCH_NEGATE);
			continue;
		}
		if (term->op == CTQ_OPERATOR_NOT) {
			stack[top - 1] = !stack[top - 1];
			continue;
		}
		top--;
		stack[top - 1] = term->op == CTQ_OPERATOR_AND
		                         ? stack[top - 1] && stack[top]
		                         : stack[top - 1] || stack[top];
	}
	return top == 0 || stack[0];
}

/* ---- tuples ------------------------------------------------------------------------------------ */

/* The one number or address that @match asks for; NULL: it may be another. */
static const struct ctlink_value *single_value(const struct ctlink_match *match)
{
	const struct ctlink_value *value;

	if (match->values.length != 1 || match->flags & CTQ_MATCH_NEGATE)
		return NULL;
	value = ctlink_match_value(match, 0);
	return value->has == UINT64_C(1) << CTLINK_VALUE_FIRST ? value : NULL;
}

static void tuple_set_address(struct nf_conntrack *tuple, enum nf_conntrack_attr v4,
                              enum nf_conntrack_attr v6, const struct ctlink_value *value)
{
	nfct_set_attr(tuple, value->first_size == 4 ? v4 : v6, value->first);
	nfct_set_attr_u8(tuple, ATTR_L3PROTO,
	                 value->first_size == 4 ? AF_INET : AF_INET6);
}

static int tuple_set(struct nf_conntrack *tuple, uint16_t field,
                     const struct ctlink_value *value)
{
	uint64_t number = ctlink_value_number(value->first, value->first_size);

	switch (field) {
	case CTQ_FIELD_FAMILY:
		nfct_set_attr_u8(tuple, ATTR_L3PROTO, (uint8_t)number);
		break;
	case CTQ_FIELD_PROTO:
		nfct_set_attr_u8(tuple, ATTR_L4PROTO, (uint8_t)number);
		break;
	case CTQ_FIELD_SRC:
		tuple_set_address(tuple, ATTR_ORIG_IPV4_SRC, ATTR_ORIG_IPV6_SRC, value);
		break;
	case CTQ_FIELD_DST:
		tuple_set_address(tuple, ATTR_ORIG_IPV4_DST, ATTR_ORIG_IPV6_DST, value);
		break;
	case CTQ_FIELD_SPORT:
		nfct_set_attr_u16(tuple, ATTR_ORIG_PORT_SRC, htons((uint16_t)number));
		break;
	case CTQ_FIELD_DPORT:
		nfct_set_attr_u16(tuple, ATTR_ORIG_PORT_DST, htons((uint16_t)number));
		break;
	case CTQ_FIELD_ZONE: nfct_set_attr_u16(tuple, ATTR_ZONE, (uint16_t)number); break;
	default: return -EINVAL;
	}
	return 0;
}

static bool tuple_is_whole(const struct nf_conntrack *tuple)
{
	static const enum nf_conntrack_attr ports[] = { ATTR_L3PROTO, ATTR_L4PROTO,
		                                        ATTR_ORIG_PORT_SRC,
		                                        ATTR_ORIG_PORT_DST };

	return nfct_attr_is_set_array(tuple, ports, BASE_ARRAY_LENGTH(ports)) &&
	       (nfct_attr_grp_is_set(tuple, ATTR_GRP_ORIG_IPV4) ||
	        nfct_attr_grp_is_set(tuple, ATTR_GRP_ORIG_IPV6));
}

int ctq_filter_tuple(const struct ctq_filter *filter, struct nf_conntrack *tuple)
{
	const struct ctlink_value *value;
	const struct ctlink_term *term;
	uint32_t i;

	for (i = 0; i < filter->filter.terms.length; i++) {
		term = ctlink_filter_term(&filter->filter, i);
		if (!ctlink_has(term, CTLINK_TERM_MATCH)) {
			if (term->op != CTQ_OPERATOR_AND)
				return -EINVAL;
			continue;
		}
		value = single_value(&term->match);
		if (!value || tuple_set(tuple, term->match.field, value))
			return -EINVAL;
	}
	return tuple_is_whole(tuple) ? 0 : -EINVAL;
}
