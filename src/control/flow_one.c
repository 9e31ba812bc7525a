/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * flow_one.c - ctnetlink's messages about one flow: get, delete, change, make
 *
 * A flow is named by CTA_TUPLE_ORIG or CTA_TUPLE_REPLY, with CTA_ID beside it when it must be
 * that very one, or by CTA_ID alone. What a tool may make and change is what the kernel lets it
 * (ctnetlink_new_conntrack() of net/netfilter/nf_conntrack_netlink.c), but for NAT that the
 * kernel would have to choose. CTA_SEQ_ADJ_*, CTA_SYNPROXY and CTA_PROTOINFO_DCCP are read and
 * not used: there is nothing here that has such a state.
 */
#include <netinet/in.h>
#include <string.h>

#include "control/control_priv.h"
#include "flow/expect.h"

/* ---- which flow -------------------------------------------------------------------------- */

static bool names_one(const struct ctlink_flow *value)
{
	return ctlink_has(value, CTLINK_FLOW_ORIG) ||
	       ctlink_has(value, CTLINK_FLOW_REPLY);
}

/* Where a request says which flow it means. */
static uint32_t name_offset(const struct control_request *r,
                            const struct ctlink_flow *value)
{
	if (ctlink_has(value, CTLINK_FLOW_ORIG))
		return CTLINK_OFFSET(r->nlh, CTA_TUPLE_ORIG);
	if (ctlink_has(value, CTLINK_FLOW_REPLY))
		return CTLINK_OFFSET(r->nlh, CTA_TUPLE_REPLY);
	return CTLINK_OFFSET(r->nlh, CTA_ID);
}

static struct flow *find_by_tuple(const struct control *c,
                                  const struct ctlink_flow *value)
{
	const struct ctlink_tuple *t =
		ctlink_has(value, CTLINK_FLOW_ORIG) ? &value->orig : &value->reply;
	struct tuple tuple;

	memcpy(&tuple, t, sizeof(tuple));
	return flow_find(c->env.flows, &tuple, FLOW_HOLDER_CONTROL).flow;
}

/* The flow that a request names, with a reference; NULL and r->error. */
static struct flow *find_named(struct control_request *r, struct ctlink_flow *value)
{
	const struct control *c = r->client->control;
	struct flow *f;

	if (names_one(value))
		f = find_by_tuple(c, value);
	else
		f = flow_find_id(c->env.flows, value->id, FLOW_HOLDER_CONTROL);
	if (f && ctlink_has(value, CTLINK_FLOW_ID) &&
	    atomic_load_explicit(&f->id, memory_order_relaxed) != value->id) {
		flow_put(c->env.flows, f, FLOW_HOLDER_CONTROL);
		f = NULL;
	}
	if (!f)
		ctlink_error_set(r->error, -ENOENT, name_offset(r, value),
		                 "no such flow");
	return f;
}

/* As the kernel has it (ctnetlink_parse_tuple_zone()), a request has one zone: of both
 * directions, or of one. What only names a flow by its original tuple is not asked for the
 * other one. */
static int check_zones(struct control_request *r, const struct ctlink_flow *value)
{
	bool is_new = (r->nlh->nlmsg_type & 0xff) == IPCTNL_MSG_CT_NEW;
	uint16_t zone = ctlink_has(value, CTLINK_FLOW_ZONE) ? value->zone : 0;
	uint16_t tuple = 0;

	if (ctlink_has(value, CTLINK_FLOW_ORIG_ZONE)) {
		tuple = zone ? CTA_TUPLE_ORIG : 0;
		zone |= value->orig.zone;
	}
	if (!tuple && ctlink_has(value, CTLINK_FLOW_REPLY_ZONE) && zone &&
	    (is_new || !ctlink_has(value, CTLINK_FLOW_ORIG)))
		tuple = CTA_TUPLE_REPLY;
	if (!tuple)
		return 0;
	return ctlink_error_set(r->error, -EINVAL,
	                        CTLINK_OFFSET(r->nlh, tuple, CTA_TUPLE_ZONE),
	                        "another zone is said: a connection has one, of both "
	                        "directions or of one");
}

static int parse_named(struct control_request *r, struct ctlink_flow *value)
{
	int err;

	memset(value, 0, sizeof(*value));
	err = ctlink_flow_parse(r->nlh, value, r->error);
	return err < 0 ? err : check_zones(r, value);
}

static int needs_name(struct control_request *r, const struct ctlink_flow *value)
{
	if (names_one(value) || ctlink_has(value, CTLINK_FLOW_ID))
		return 0;
	return ctlink_error_set(r->error, -EINVAL, 0,
	                        "neither a tuple nor an id: which flow?");
}

/* ---- get, delete ---------------------------------------------------------------------------- */

int control_flow_get(struct control_request *r)
{
	const struct control *c = r->client->control;
	struct ctlink_flow value;
	struct flow_info info;
	struct flow *f;
	int err;

	if (r->nlh->nlmsg_flags & NLM_F_DUMP)
		return control_flow_dump(r);
	err = parse_named(r, &value);
	if (err == 0)
		err = needs_name(r, &value);
	if (err < 0)
		return err;
	f = find_named(r, &value);
	if (!f)
		return -ENOENT;
	flow_info_read(c->env.flows, f, control_now_s(c), &info);
	control_forget_own(&info, FLOW_HOLDER_CONTROL);
	err = control_put_flow(c, r->m, r->nlh, 0, &info);
	if (err == 0 && (r->nlh->nlmsg_type & 0xff) == IPCTNL_MSG_CT_GET_CTRZERO)
		control_flow_zero(c, f, &info);
	flow_put(c->env.flows, f, FLOW_HOLDER_CONTROL);
	return err;
}

/* As the kernel has it: by tuple one flow; without a tuple all that the filter takes. */
int control_flow_delete(struct control_request *r)
{
	const struct control *c = r->client->control;
	struct ctlink_flow value;
	struct flow *f;
	int err;

	if (ctlink_filter_has_tuples(r->nlh))
		return control_flow_delete_many(r);
	err = parse_named(r, &value);
	if (err < 0)
		return err;
	if (!names_one(&value) && !ctlink_has(&value, CTLINK_FLOW_ID))
		return control_flow_delete_many(r);
	f = find_named(r, &value);
	if (!f)
		return -ENOENT;
	flow_kill(control_worker(c), f, FLOW_END_DELETED, c->now_ns);
	flow_put(c->env.flows, f, FLOW_HOLDER_CONTROL);
	return 0;
}

/* ---- what a request may say --------------------------------------------------------------- */

/* As nf_ct_change_status_common() of the kernel has it: the first must be said as they are; the
 * second can only be set; FIXED_TIMEOUT, too, but need not be said again. Other bits are not a
 * tool's, and not looked at. */
#define STATUS_MUST_FIT  (TRACK_EXPECTED | TRACK_CONFIRMED | TRACK_DYING)
#define STATUS_MUST_STAY (TRACK_SEEN_REPLY | TRACK_ASSURED)
#define STATUS_MAY_SET   (STATUS_MUST_STAY | TRACK_FIXED_TIMEOUT)

static int check_status(struct control_request *r, uint32_t now,
                        const struct ctlink_flow *value)
{
	uint32_t wanted = value->status;

	if (!ctlink_has(value, CTLINK_FLOW_STATUS))
		return 0;
	if ((now ^ wanted) & STATUS_MUST_FIT)
		return ctlink_error_set(
			r->error, -EBUSY, CTLINK_OFFSET(r->nlh, CTA_STATUS),
			"EXPECTED, CONFIRMED and DYING are not a tool's to change");
	if (now & STATUS_MUST_STAY & ~wanted)
		return ctlink_error_set(r->error, -EBUSY,
		                        CTLINK_OFFSET(r->nlh, CTA_STATUS),
		                        "SEEN_REPLY and ASSURED cannot be unset");
	return 0;
}

static int check_timeout(struct control_request *r, uint32_t now,
                         const struct ctlink_flow *value)
{
	if (!ctlink_has(value, CTLINK_FLOW_TIMEOUT) || !(now & TRACK_FIXED_TIMEOUT))
		return 0;
	return ctlink_error_set(r->error, -EPERM, CTLINK_OFFSET(r->nlh, CTA_TIMEOUT),
	                        "the timeout of this flow is fixed");
}

static int check_state(struct control_request *r, const struct track_proto *proto,
                       const struct ctlink_flow *value)
{
	if (ctlink_has(value, CTLINK_FLOW_TCP_STATE) &&
	    (proto->l4 != IPPROTO_TCP || value->tcp.state >= proto->states_length))
		return ctlink_error_set(
			r->error, -EINVAL,
			CTLINK_OFFSET(r->nlh, CTA_PROTOINFO, CTA_PROTOINFO_TCP,
		                      CTA_PROTOINFO_TCP_STATE),
			"no TCP state %u of %s", value->tcp.state, proto->name);
	if (ctlink_has(value, CTLINK_FLOW_SCTP_STATE) &&
	    (proto->l4 != IPPROTO_SCTP || value->sctp.state >= proto->states_length))
		return ctlink_error_set(
			r->error, -EINVAL,
			CTLINK_OFFSET(r->nlh, CTA_PROTOINFO, CTA_PROTOINFO_SCTP,
		                      CTA_PROTOINFO_SCTP_STATE),
			"no SCTP state %u of %s", value->sctp.state, proto->name);
	return 0;
}

static int check_unknown(struct control_request *r, const struct ctlink_flow *value)
{
	if (ctlink_has(value, CTLINK_FLOW_HELPER) && !helper_named(value->helper))
		return ctlink_error_set(r->error, -EOPNOTSUPP,
		                        CTLINK_OFFSET(r->nlh, CTA_HELP, CTA_HELP_NAME),
		                        "there is no helper '%s' here", value->helper);
	return 0;
}

/* ---- NAT -------------------------------------------------------------------------------------- */

static int no_range(struct control_request *r, uint16_t type)
{
	return ctlink_error_set(r->error, -EOPNOTSUPP, CTLINK_OFFSET(r->nlh, type),
	                        "a range to translate to: choosing from it is the "
	                        "kernel's");
}

/* Where a maximum is given it must be the minimum: nothing is left to choose. */
static bool is_range(const struct ctlink_nat *nat)
{
	return (ctlink_has(nat, CTLINK_NAT_V4_MAX) &&
	        memcmp(nat->v4_min, nat->v4_max, sizeof(nat->v4_min))) ||
	       (ctlink_has(nat, CTLINK_NAT_V6_MAX) &&
	        memcmp(nat->v6_min, nat->v6_max, sizeof(nat->v6_min))) ||
	       (ctlink_has(nat, CTLINK_NAT_PORT_MAX) && nat->port_max != nat->port_min);
}

static bool has_port(const struct tuple *t)
{
	return ctlink_tuple_fields(t->l4) & CTQ_TUPLE_SRC_PORT;
}

/* Put what @nat says into one end of the reply tuple. */
static void translate(const struct ctlink_nat *nat, const struct tuple *t,
                      uint8_t *address, uint16_t *port)
{
	if (t->l3 == AF_INET && ctlink_has(nat, CTLINK_NAT_V4_MIN))
		memcpy(address, nat->v4_min, sizeof(nat->v4_min));
	if (t->l3 == AF_INET6 && ctlink_has(nat, CTLINK_NAT_V6_MIN))
		memcpy(address, nat->v6_min, sizeof(nat->v6_min));
	if (has_port(t) && ctlink_has(nat, CTLINK_NAT_PORT_MIN))
		*port = htons(nat->port_min);
}

/*
 * The kernel translates packets, not we. What it is told to do with a flow tells us what
 * answers will look like: from where the destination is translated to, to where the source is.
 */
static int take_nat(struct control_request *r, const struct ctlink_flow *value,
                    struct tuple *reply)
{
	if (is_range(&value->nat_src))
		return no_range(r, CTA_NAT_SRC);
	if (is_range(&value->nat_dst))
		return no_range(r, CTA_NAT_DST);
	if (ctlink_has(value, CTLINK_FLOW_NAT_SRC))
		translate(&value->nat_src, reply, reply->dst, &reply->dst_id);
	if (ctlink_has(value, CTLINK_FLOW_NAT_DST))
		translate(&value->nat_dst, reply, reply->src, &reply->src_id);
	return 0;
}

/* ---- writing it down ------------------------------------------------------------------------- */

static uint32_t change_mark(struct flow *f, const struct ctlink_flow *value)
{
	uint32_t old = atomic_load_explicit(&f->mark, memory_order_relaxed);
	uint32_t mark = value->mark;

	if (!ctlink_has(value, CTLINK_FLOW_MARK))
		return 0;
	if (ctlink_has(value, CTLINK_FLOW_MARK_MASK))
		mark = (old & ~value->mark_mask) ^ value->mark;
	atomic_store_explicit(&f->mark, mark, memory_order_relaxed);
	return mark != old ? FLOW_CHANGE_MARK : 0;
}

/* By number, as the kernel has it: without a mask all labels become those of CTA_LABELS; with
 * one, those outside of it stay. */
static bool change_label_bits(struct flow *f, const struct ctlink_flow *value)
{
	struct flow_labels bits, mask = { { UINT64_MAX, UINT64_MAX } };

	if (!ctlink_has(value, CTLINK_FLOW_LABELS))
		return false;
	flow_labels_from_bytes(value->labels, &bits);
	if (ctlink_has(value, CTLINK_FLOW_LABELS_MASK))
		flow_labels_from_bytes(value->labels_mask, &mask);
	return flow_labels_replace(f, &bits, &mask);
}

/* And by name. What it says was checked: check_labels(). */
static uint32_t change_labels(struct control_request *r, struct flow *f,
                              const struct ctlink_flow *value)
{
	bool changed = change_label_bits(f, value);
	struct flow_labels bits, mask;

	if (ctlink_has(value, CTLINK_FLOW_LABEL_NAMES) &&
	    control_labels_parse(r, value->label_names, &bits, &mask) == 0)
		changed |= flow_labels_replace(f, &bits, &mask);
	return changed ? FLOW_CHANGE_LABEL : 0;
}

static int check_labels(struct control_request *r, const struct ctlink_flow *value)
{
	struct flow_labels bits, mask;

	if (!ctlink_has(value, CTLINK_FLOW_LABEL_NAMES))
		return 0;
	return control_labels_parse(r, value->label_names, &bits, &mask);
}

static uint8_t masked(uint8_t old, const struct ctlink_tcp_flags *new)
{
	return (uint8_t)((old & ~new->mask) | (new->flags &new->mask));
}

#define BIT(name) (UINT64_C(1) << CTLINK_FLOW_##name)
#define TCP_BITS                                                       \
	(BIT(TCP_STATE) | BIT(TCP_FLAGS_ORIG) | BIT(TCP_FLAGS_REPLY) | \
	 BIT(TCP_WSCALE_ORIG) | BIT(TCP_WSCALE_REPLY))
#define SCTP_BITS (BIT(SCTP_STATE) | BIT(SCTP_VTAG_ORIG) | BIT(SCTP_VTAG_REPLY))

/* Sequence numbers are not among it: a side whose td_maxwin is 0 is believed when it is heard
 * first (pick_up_side() of track/tcp_window.c). */
static void change_tcp(struct track_tcp *tcp, const struct ctlink_flow *value)
{
	struct track_tcp_side *orig = &tcp->side[TRACK_ORIGINAL],
			      *reply = &tcp->side[TRACK_REPLY];

	if (ctlink_has(value, CTLINK_FLOW_TCP_STATE))
		tcp->state = value->tcp.state;
	if (ctlink_has(value, CTLINK_FLOW_TCP_FLAGS_ORIG))
		orig->flags = masked(orig->flags, &value->tcp.flags_orig);
	if (ctlink_has(value, CTLINK_FLOW_TCP_FLAGS_REPLY))
		reply->flags = masked(reply->flags, &value->tcp.flags_reply);
	if (!(orig->flags & reply->flags & TRACK_TCP_WINDOW_SCALE))
		return; /* without both offers there is no scaling */
	if (ctlink_has(value, CTLINK_FLOW_TCP_WSCALE_ORIG))
		orig->scale = value->tcp.wscale_orig;
	if (ctlink_has(value, CTLINK_FLOW_TCP_WSCALE_REPLY))
		reply->scale = value->tcp.wscale_reply;
}

static void change_sctp(struct track_sctp *sctp, const struct ctlink_flow *value)
{
	if (ctlink_has(value, CTLINK_FLOW_SCTP_STATE))
		sctp->state = value->sctp.state;
	if (ctlink_has(value, CTLINK_FLOW_SCTP_VTAG_ORIG))
		sctp->vtag[TRACK_ORIGINAL] = value->sctp.vtag_orig;
	if (ctlink_has(value, CTLINK_FLOW_SCTP_VTAG_REPLY))
		sctp->vtag[TRACK_REPLY] = value->sctp.vtag_reply;
}

static uint32_t change_state(struct flow *f, const struct track_proto *proto,
                             const struct ctlink_flow *value)
{
	bool tcp = proto->l4 == IPPROTO_TCP && value->has & TCP_BITS;
	bool sctp = proto->l4 == IPPROTO_SCTP && value->has & SCTP_BITS;
	union track_state state;

	if (!tcp && !sctp)
		return 0;
	flow_state_load(f, &state);
	if (tcp)
		change_tcp(&state.tcp, value);
	else
		change_sctp(&state.sctp, value);
	flow_state_store(f, &state);
	return FLOW_CHANGE_STATE;
}

/* All that the request says, checked before. Returns FLOW_CHANGE_*. */
static uint32_t change(struct control_request *r, struct flow *f,
                       const struct ctlink_flow *value)
{
	const struct control *c = r->client->control;
	const struct track_proto *proto = control_machine(c, f->machine);
	struct flow_worker *me = control_worker(c);
	uint32_t status = flow_status(f), changes;

	flow_enter(me, f);
	changes = change_mark(f, value);
	changes |= change_labels(r, f, value);
	changes |= change_state(f, proto, value);
	if (ctlink_has(value, CTLINK_FLOW_TIMEOUT))
		flow_timeout_set(c->env.flows, f, control_now_s(c), value->timeout);
	if (ctlink_has(value, CTLINK_FLOW_STATUS))
		flow_status_add(me, f, value->status & STATUS_MAY_SET);
	flow_leave(me, f);
	return changes | (flow_status(f) != status ? FLOW_CHANGE_STATUS : 0);
}

/* ---- change ----------------------------------------------------------------------------------- */

/* What only a new flow can have; 0: nothing of it is said. */
static uint16_t of_new_flows(const struct ctlink_flow *value)
{
	if (ctlink_has(value, CTLINK_FLOW_NAT_SRC))
		return CTA_NAT_SRC;
	if (ctlink_has(value, CTLINK_FLOW_NAT_DST))
		return CTA_NAT_DST;
	return ctlink_has(value, CTLINK_FLOW_MASTER) ? CTA_TUPLE_MASTER : 0;
}

static int change_known(struct control_request *r, struct flow *f,
                        const struct ctlink_flow *value)
{
	const struct control *c = r->client->control;
	int err = check_status(r, flow_status(f), value);
	uint16_t type = of_new_flows(value);

	if (type)
		return ctlink_error_set(
			r->error, -EOPNOTSUPP, CTLINK_OFFSET(r->nlh, type),
			"a flow is translated, and has its master, from its begin or "
			"never");
	if (err == 0)
		err = check_timeout(r, flow_status(f), value);
	if (err == 0)
		err = check_state(r, control_machine(c, f->machine), value);
	if (err < 0)
		return err;
	flow_event_emit(control_worker(c), f, FLOW_EVENT_UPDATE, change(r, f, value),
	                c->now_ns);
	return 0;
}

/* ---- make --------------------------------------------------------------------------------------- */

/* The machine that makes flows of that protocol. */
static uint8_t maker_of(const struct control_request *r, uint8_t l4)
{
	const struct control *c = r->client->control;

	return track_registry_peek(path_registry(c->env.path))->by_l4[l4];
}

/* As the kernel has it, one that has a helper keeps it; naming it again is no mistake. */
static int check_helper(struct control_request *r, const struct flow *f,
                        const struct ctlink_flow *value)
{
	if (!ctlink_has(value, CTLINK_FLOW_HELPER) ||
	    helper_named(value->helper) == flow_helper(f))
		return 0;
	return ctlink_error_set(r->error, -EOPNOTSUPP,
	                        CTLINK_OFFSET(r->nlh, CTA_HELP, CTA_HELP_NAME),
	                        "a flow gets its helper when it is made");
}

static int check_new(struct control_request *r, const struct ctlink_flow *value)
{
	int err;

	if (!ctlink_has(value, CTLINK_FLOW_ORIG) || !ctlink_has(value, CTLINK_FLOW_REPLY))
		return ctlink_error_set(r->error, -EINVAL, 0,
		                        "a new flow needs both tuples");
	if (!ctlink_has(value, CTLINK_FLOW_TIMEOUT))
		return ctlink_error_set(r->error, -EINVAL, 0,
		                        "a new flow needs a timeout");
	err = check_status(r, TRACK_CONFIRMED, value);
	if (err < 0)
		return err;
	return check_state(
		r, control_machine(r->client->control, maker_of(r, value->orig.l4)),
		value);
}

static int no_room(struct control_request *r, enum ctq_reason why)
{
	switch (why) {
	case CTQ_DROP_CLASH:
		return ctlink_error_set(r->error, -EEXIST,
		                        CTLINK_OFFSET(r->nlh, CTA_TUPLE_REPLY),
		                        "another flow has the reply tuple");
	case CTQ_DROP_TABLE_FULL:
		return ctlink_error_set(r->error, -ENOSPC, 0, "the table is full");
	case CTQ_DROP_SOURCE_LIMIT:
		return ctlink_error_set(r->error, -ENOSPC, 0,
		                        "the source has as many flows as it may");
	case CTQ_INVALID_ICMP_TYPE:
		return ctlink_error_set(r->error, -EINVAL,
		                        CTLINK_OFFSET(r->nlh, CTA_TUPLE_ORIG),
		                        "no flow begins with this ICMP type");
	default: return ctlink_error_set(r->error, -ENOMEM, 0, "no memory");
	}
}

/* The flow was not seen from its beginning: the helper picks it up where it is. */
static void give_helper(const struct control *c, struct flow *f,
                        const struct helper *helper)
{
	uint64_t state[FLOW_HELPER_WORDS] = { 0 };

	if (helper->pick_up)
		helper->pick_up(state);
	flow_enter(control_worker(c), f);
	flow_helper_state_store(f, state);
	flow_leave(control_worker(c), f);
	flow_helper_set(control_worker(c), f, helper);
}

/* Of a flow that was expected: who announced it, with a reference, or NULL. As in the kernel its
 * zone is the new flow's. */
static int find_master(struct control_request *r, const struct ctlink_flow *value,
                       struct flow **master)
{
	const struct control *c = r->client->control;
	struct tuple tuple;

	*master = NULL;
	if (!ctlink_has(value, CTLINK_FLOW_MASTER))
		return 0;
	if (value->master.zone)
		return ctlink_error_set(
			r->error, -EINVAL,
			CTLINK_OFFSET(r->nlh, CTA_TUPLE_MASTER, CTA_TUPLE_ZONE),
			"the zone of a master is that of the flow");
	memcpy(&tuple, &value->master, sizeof(tuple));
	tuple.zone = value->orig.zone;
	*master = flow_find(c->env.flows, &tuple, FLOW_HOLDER_CONTROL).flow;
	if (*master)
		return 0;
	return ctlink_error_set(r->error, -ENOENT,
	                        CTLINK_OFFSET(r->nlh, CTA_TUPLE_MASTER),
	                        "its master is no flow");
}

/* All of it was checked. */
static int make_with(struct control_request *r, const struct ctlink_flow *value,
                     const struct tuple *reply, const struct flow *master)
{
	const struct control *c = r->client->control;
	struct flow_worker *me = control_worker(c);
	struct packet p = { .family = value->orig.l3, .has_tuple = true };
	enum ctq_reason why = CTQ_REASON_NONE;
	struct flow_ref ref;
	struct flow *f;

	memcpy(&p.tuple, &value->orig, sizeof(p.tuple));
	f = flow_new(me, &p, maker_of(r, p.tuple.l4), c->now_ns, &why);
	if (!f)
		return no_room(r, why);
	if (ctlink_has(value, CTLINK_FLOW_HELPER))
		give_helper(c, f, helper_named(value->helper));
	if (master)
		flow_master_set(me, f, master);
	change(r, f, value);
	ref = flow_confirm(me, f, reply, c->now_ns, &why);
	if (!ref.flow)
		return no_room(r, why);
	if (ref.flow != f)
		return ctlink_error_set(r->error, -EEXIST, name_offset(r, value),
		                        "a packet has just made it");
	flow_event_emit(me, f, FLOW_EVENT_NEW, 0, c->now_ns);
	return 0;
}

static int make(struct control_request *r, const struct ctlink_flow *value)
{
	struct flow *master;
	struct tuple reply;
	int err = check_new(r, value);

	memcpy(&reply, &value->reply, sizeof(reply));
	if (err == 0)
		err = take_nat(r, value, &reply);
	if (err == 0)
		err = find_master(r, value, &master);
	if (err < 0)
		return err;
	err = make_with(r, value, &reply, master);
	if (master)
		flow_put(r->client->control->env.flows, master, FLOW_HOLDER_CONTROL);
	return err;
}

int control_flow_new(struct control_request *r)
{
	const struct control *c = r->client->control;
	uint16_t flags = r->nlh->nlmsg_flags;
	struct ctlink_flow value;
	struct flow *f;
	int err = parse_named(r, &value);

	if (err == 0)
		err = needs_name(r, &value);
	if (err == 0)
		err = check_unknown(r, &value);
	if (err == 0)
		err = check_labels(r, &value);
	if (err < 0)
		return err;
	f = find_named(r, &value);
	if (!f)
		return flags & NLM_F_CREATE ? make(r, &value) : -ENOENT;
	if (flags & NLM_F_EXCL)
		err = ctlink_error_set(r->error, -EEXIST, name_offset(r, &value),
		                       "the flow is there already");
	else
		err = check_helper(r, f, &value);
	if (err == 0)
		err = change_known(r, f, &value);
	flow_put(c->env.flows, f, FLOW_HOLDER_CONTROL);
	return err;
}
