/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * flow_value.c - a flow of the table as a value of the wire
 */
#include <string.h>

#include "control/control_priv.h"

_Static_assert(sizeof(struct tuple) == sizeof(struct ctlink_tuple), "the same 40 bytes");

static void set_tuple(struct ctlink_flow *out, enum ctlink_flow_bit bit,
                      struct ctlink_tuple *to, const struct tuple *from)
{
	memcpy(to, from, sizeof(*to));
	ctlink_mark(out, bit);
}

static void set_tcp(struct ctlink_flow *out, const struct track_tcp *tcp)
{
	out->tcp.state = tcp->state;
	out->tcp.wscale_orig = tcp->side[TRACK_ORIGINAL].scale;
	out->tcp.wscale_reply = tcp->side[TRACK_REPLY].scale;
	out->tcp.flags_orig.flags = tcp->side[TRACK_ORIGINAL].flags;
	out->tcp.flags_reply.flags = tcp->side[TRACK_REPLY].flags;
	ctlink_mark(out, CTLINK_FLOW_TCP_STATE);
	ctlink_mark(out, CTLINK_FLOW_TCP_WSCALE_ORIG);
	ctlink_mark(out, CTLINK_FLOW_TCP_WSCALE_REPLY);
	ctlink_mark(out, CTLINK_FLOW_TCP_FLAGS_ORIG);
	ctlink_mark(out, CTLINK_FLOW_TCP_FLAGS_REPLY);
}

static void set_sctp(struct ctlink_flow *out, const struct track_sctp *sctp)
{
	out->sctp.state = sctp->state;
	out->sctp.vtag_orig = sctp->vtag[TRACK_ORIGINAL];
	out->sctp.vtag_reply = sctp->vtag[TRACK_REPLY];
	ctlink_mark(out, CTLINK_FLOW_SCTP_STATE);
	ctlink_mark(out, CTLINK_FLOW_SCTP_VTAG_ORIG);
	ctlink_mark(out, CTLINK_FLOW_SCTP_VTAG_REPLY);
}

static void set_protocol(struct ctlink_flow *out, const struct flow_info *info)
{
	if (info->machine == TRACK_MACHINE_TCP)
		set_tcp(out, &info->state.tcp);
	else if (info->machine == TRACK_MACHINE_SCTP)
		set_sctp(out, &info->state.sctp);
}

static void set_counters(struct ctlink_flow *out, const struct flow_info *info)
{
	out->counters_orig.packets = info->packets[TRACK_ORIGINAL];
	out->counters_orig.bytes = info->bytes[TRACK_ORIGINAL];
	out->counters_reply.packets = info->packets[TRACK_REPLY];
	out->counters_reply.bytes = info->bytes[TRACK_REPLY];
	ctlink_mark(out, CTLINK_FLOW_ORIG_PACKETS);
	ctlink_mark(out, CTLINK_FLOW_ORIG_BYTES);
	ctlink_mark(out, CTLINK_FLOW_REPLY_PACKETS);
	ctlink_mark(out, CTLINK_FLOW_REPLY_BYTES);
}

static void set_times(struct ctlink_flow *out, const struct flow_info *info)
{
	out->start = info->started_ns;
	ctlink_mark(out, CTLINK_FLOW_START);
	out->timeout = info->timeout_s;
	ctlink_mark(out, CTLINK_FLOW_TIMEOUT);
	if (info->stopped_ns) {
		out->stop = info->stopped_ns;
		ctlink_mark(out, CTLINK_FLOW_STOP);
		out->end = info->end;
		ctlink_mark(out, CTLINK_FLOW_END);
	}
	out->age = info->age_s;
	out->idle = info->idle_s;
	ctlink_mark(out, CTLINK_FLOW_AGE);
	ctlink_mark(out, CTLINK_FLOW_IDLE);
}

static void set_name(const struct control *c, uint32_t index, char *name,
                     struct ctlink_flow *out, enum ctlink_flow_bit bit)
{
	const char *found =
		index && c->env.ifname ? c->env.ifname(c->env.ctx, index) : NULL;

	if (!found)
		return;
	strncpy(name, found, CTQ_IFNAME_MAX - 1);
	ctlink_mark(out, bit);
}

uint8_t control_flow_verdict(const struct flow_verdict *v)
{
	if (v->accept)
		return CTQ_VERDICT_ACCEPT;
	switch (v->reason) {
	case CTQ_REJECT_RULE: return CTQ_VERDICT_REJECT;
	case CTQ_HELD_ASK: return CTQ_VERDICT_ASK;
	default: return CTQ_VERDICT_DROP;
	}
}

/* The verdict that counts: the entry hook's, or the confirm hook's when it was seen there only,
 * or when that one drops. */
static const struct flow_verdict *verdict_of(const struct flow_info *info)
{
	const struct flow_verdict *entry = &info->verdict[FLOW_ROLE_ENTRY];
	const struct flow_verdict *confirm = &info->verdict[FLOW_ROLE_CONFIRM];

	if (!entry->generation ||
	    (confirm->generation && !confirm->accept && entry->accept))
		return confirm;
	return entry;
}

static void set_verdict(const struct control *c, struct ctlink_flow *out,
                        const struct flow_info *info)
{
	const struct flow_verdict *v = verdict_of(info);
	const char *name = "";

	if (!v->generation)
		return;
	out->verdict = control_flow_verdict(v);
	out->reason = v->reason;
	out->generation = v->generation;
	ctlink_mark(out, CTLINK_FLOW_VERDICT);
	ctlink_mark(out, CTLINK_FLOW_REASON);
	ctlink_mark(out, CTLINK_FLOW_GENERATION);
	if (!rules_name_read(c->env.rules, v->generation, v->rule, &out->rule, &name))
		return;
	ctlink_mark(out, CTLINK_FLOW_RULE);
	if (*name) {
		strncpy(out->rule_name, name, CTQ_NAME_MAX - 1);
		ctlink_mark(out, CTLINK_FLOW_RULE_NAME);
	}
}

static void set_labels(const struct control *c, struct ctlink_flow *out,
                       const struct flow_labels *l)
{
	if (!l->words[0] && !l->words[1])
		return;
	flow_labels_to_bytes(l, out->labels);
	out->labels_size = sizeof(out->labels);
	control_labels_text(c, l, out->label_names);
	ctlink_mark(out, CTLINK_FLOW_LABELS);
	ctlink_mark(out, CTLINK_FLOW_LABEL_NAMES);
}

static void set_refs(struct ctlink_flow *out, const struct flow_info *info)
{
	out->refs.total = info->refs;
	ctlink_mark(out, CTLINK_FLOW_REFS);
#ifdef DEBUG_REFS
	out->refs.table = info->held[FLOW_HOLDER_TABLE];
	out->refs.packet = info->held[FLOW_HOLDER_PACKET];
	out->refs.dump = info->held[FLOW_HOLDER_DUMP];
	out->refs.event = info->held[FLOW_HOLDER_EVENT];
	out->refs.expect = info->held[FLOW_HOLDER_EXPECT];
	out->refs.control = info->held[FLOW_HOLDER_CONTROL];
	ctlink_mark(out, CTLINK_FLOW_REFS_CLASS);
#endif
}

const struct track_proto *control_machine(const struct control *c, uint8_t number)
{
	const struct track_registry *r = path_registry(c->env.path);
	const struct track_proto *proto = track_registry_machine(r, number);

	return proto ? proto : track_registry_machine(r, TRACK_MACHINE_GENERIC);
}

static void set_help(struct ctlink_flow *out, const struct flow_info *info)
{
	const struct helper *helper = helper_numbered(info->helper);

	if (info->has_master)
		set_tuple(out, CTLINK_FLOW_MASTER, &out->master, &info->master);
	if (!helper)
		return;
	strncpy(out->helper, helper->name, CTLINK_HELPER_MAX - 1);
	ctlink_mark(out, CTLINK_FLOW_HELPER);
}

/* As the kernel has it: CTA_ZONE when both directions have it, else CTA_TUPLE_ZONE in the tuple
 * of the one that does. */
static void set_zones(struct ctlink_flow *out, uint16_t orig, uint16_t reply)
{
	out->zone = orig;
	if (orig == reply && orig)
		ctlink_mark(out, CTLINK_FLOW_ZONE);
	if (orig != reply && orig)
		ctlink_mark(out, CTLINK_FLOW_ORIG_ZONE);
	if (orig != reply && reply)
		ctlink_mark(out, CTLINK_FLOW_REPLY_ZONE);
}

void control_flow_value(const struct control *c, const struct flow_info *info,
                        struct ctlink_flow *out)
{
	memset(out, 0, sizeof(*out));
	out->family = info->tuple[TRACK_ORIGINAL].l3;
	set_tuple(out, CTLINK_FLOW_ORIG, &out->orig, &info->tuple[TRACK_ORIGINAL]);
	set_tuple(out, CTLINK_FLOW_REPLY, &out->reply, &info->tuple[TRACK_REPLY]);
	set_zones(out, info->tuple[TRACK_ORIGINAL].zone, info->tuple[TRACK_REPLY].zone);
	out->status = info->status;
	out->mark = info->mark;
	out->id = info->id;
	out->use = info->refs;
	out->worker = info->worker;
	ctlink_mark(out, CTLINK_FLOW_STATUS);
	ctlink_mark(out, CTLINK_FLOW_MARK);
	ctlink_mark(out, CTLINK_FLOW_ID);
	ctlink_mark(out, CTLINK_FLOW_USE);
	ctlink_mark(out, CTLINK_FLOW_WORKER);
	set_labels(c, out, &info->labels);
	set_counters(out, info);
	set_times(out, info);
	set_protocol(out, info);
	set_help(out, info);
	set_name(c, info->ifin, out->in, out, CTLINK_FLOW_IN);
	set_name(c, info->ifout, out->out, out, CTLINK_FLOW_OUT);
	set_verdict(c, out, info);
	if (!(info->status & TRACK_CONFIRMED) || info->status & TRACK_DYING)
		set_refs(out, info);
}
