/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * explain.c - what would happen to a packet that is only described
 *
 * The whole evaluation runs when the request comes, over the generation in force; its steps
 * are kept and sent as the client reads. Nothing is counted and no flow is touched.
 *
 * What the description leaves out is as in the plainest first packet of a connection;
 * ctctl(8) lists these defaults. When a flow of the tuple exists, the key is
 * what path/judge.c would make of it.
 */
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "control/control_priv.h"
#include "ctlink/explain.h"
#include "rules/rules.h"

/* Steps beside FAILS that are kept: jumps within jumps can make millions. */
#define EXPLAIN_OTHERS_MAX 10000

#define TTL_DEFAULT 64

struct explain_step {
	struct rules_step step;
	uint32_t skipped; /* FAILS before it that are not kept */
};

struct explain_job {
	struct control_job job;
	const struct ruleset *ruleset;
	struct ctlink_packet packet;  /* as described, with what was added */
	struct ctlink_packet carried; /* by the flow of its tuple; has 0: there is none */
	struct flow_labels labels;    /* of that flow */
	uint32_t open[FLOW_ROLES];    /* who counts it */
	struct rule_verdict verdict;
	struct explain_step *steps;
	uint32_t n, capacity, fails, others;
	uint32_t skipped; /* since the last step that was kept */
	uint32_t next;
	bool no_memory;
};

/* ---- the packet ---------------------------------------------------------------------- */

static uint32_t shortest(const struct ctlink_packet *p)
{
	uint32_t l3 = p->family == AF_INET ? 20 : 40;

	return l3 + (p->proto == IPPROTO_TCP ? 20 : 8);
}

#define DEFAULT(p, bit, member, value)                       \
	do {                                                 \
		if (!ctlink_has(p, CTLINK_PACKET_##bit)) {   \
			(p)->member = (value);               \
			ctlink_mark(p, CTLINK_PACKET_##bit); \
		}                                            \
	} while (0)

/* What its tuple consists of. */
static void packet_identify(struct ctlink_packet *p)
{
	DEFAULT(p, HOOK, hook, PACKET_HOOK_PREROUTING);
	DEFAULT(p, ZONE, zone, 0);
	if (control_is_icmp(p->proto)) {
		DEFAULT(p, ICMP_TYPE, icmp_type, p->proto == IPPROTO_ICMP ? 8 : 128);
		DEFAULT(p, ICMP_CODE, icmp_code, 0);
	}
}

/* The rest; its flow may have said some of it. */
static void packet_complete(struct ctlink_packet *p)
{
	DEFAULT(p, MARK, mark, 0);
	DEFAULT(p, TTL, ttl, TTL_DEFAULT);
	DEFAULT(p, LENGTH, length, shortest(p));
	DEFAULT(p, CTSTATE, ctstate, CTQ_CTSTATE_NEW);
	if (p->proto == IPPROTO_TCP)
		DEFAULT(p, TCP_FLAGS, tcp_flags,
		        p->ctstate == CTQ_CTSTATE_NEW ? PACKET_TCP_SYN : PACKET_TCP_ACK);
}

static void tuple_of(const struct ctlink_packet *p, struct tuple *t)
{
	tuple_clear(t);
	t->l3 = p->family;
	t->l4 = p->proto;
	t->zone = p->zone;
	memcpy(t->src, p->src, p->src_size);
	memcpy(t->dst, p->dst, p->dst_size);
	if (control_has_ports(p->proto)) {
		t->src_id = htons(p->sport);
		t->dst_id = htons(p->dport);
	} else if (control_is_icmp(p->proto)) {
		t->src_id = htons(p->icmp_id);
		t->dst_id = htons((uint16_t)(p->icmp_type << 8 | p->icmp_code));
	}
}

static void set_number(struct rule_key *key, const struct ctlink_packet *p,
                       enum ctlink_packet_bit bit, uint64_t present, uint32_t *to,
                       uint32_t from)
{
	if (!ctlink_has(p, bit))
		return;
	*to = from;
	key->present |= present;
}

static void key_of(const struct explain_job *j, const struct tuple *t,
                   struct rule_key *key)
{
	const struct ctlink_packet *p = &j->packet;

	rule_key_init(key, p->hook, p->family);
	rule_key_set_tuple(key, t);
	rule_key_set_interfaces(key, p->in, p->out);
	rule_key_set_state(key, (enum ctq_ctstate)p->ctstate);
	if (!(p->ctstate & (CTQ_CTSTATE_INVALID | CTQ_CTSTATE_UNTRACKED))) {
		rule_key_set_flow(key, p->status, p->ctmark);
		rule_key_set_labels(key, j->labels.words);
	}
#define NUMBER(bit, field, member, value)                                          \
	set_number(key, p, CTLINK_PACKET_##bit, RULE_KEY_BIT(field), &key->member, \
	           p->value)
	NUMBER(MARK, PKTMARK, packet_mark, mark);
	NUMBER(LENGTH, LENGTH, length, length);
	NUMBER(TTL, TTL, ttl, ttl);
	NUMBER(TCP_FLAGS, TCP_FLAGS, tcp_flags, tcp_flags);
	NUMBER(UID, UID, uid, uid);
#undef NUMBER
}

/* ---- its flow -------------------------------------------------------------------------- */

static enum flow_role role_of(uint8_t hook)
{
	return hook == PACKET_HOOK_PREROUTING || hook == PACKET_HOOK_OUTPUT
	               ? FLOW_ROLE_ENTRY
	               : FLOW_ROLE_CONFIRM;
}

static void set_text(struct ctlink_packet *p, enum ctlink_packet_bit bit, char *to,
                     size_t size, const char *text)
{
	if (!text || !*text || ctlink_has(p, bit))
		return;
	strncpy(to, text, size - 1);
	ctlink_mark(p, bit);
}

static void carried_read(const struct control *c, struct explain_job *j,
                         const struct flow_info *info)
{
	const struct flow_verdict *v = &info->verdict[role_of(j->packet.hook)];
	struct ctlink_packet *p = &j->carried;

	p->flow = info->id;
	p->status = info->status;
	p->ctmark = info->mark;
	ctlink_mark(p, CTLINK_PACKET_FLOW);
	ctlink_mark(p, CTLINK_PACKET_STATUS);
	ctlink_mark(p, CTLINK_PACKET_CTMARK);
	if (!v->generation)
		return;
	p->verdict = control_flow_verdict(v);
	p->reason = v->reason;
	ctlink_mark(p, CTLINK_PACKET_VERDICT);
	ctlink_mark(p, CTLINK_PACKET_REASON);
	control_packet_rule(c, p, v->generation, v->rule);
}

/* What the description does not say the flow does, as path/judge.c would have it. */
static void packet_join(const struct control *c, struct ctlink_packet *p,
                        const struct flow_info *info, enum track_dir dir)
{
	bool answered = dir == TRACK_REPLY || info->status & TRACK_SEEN_REPLY;

	DEFAULT(p, CTSTATE, ctstate,
	        answered                        ? CTQ_CTSTATE_ESTABLISHED
	        : info->status & TRACK_EXPECTED ? CTQ_CTSTATE_RELATED
	                                        : CTQ_CTSTATE_NEW);
	DEFAULT(p, STATUS, status, info->status);
	DEFAULT(p, CTMARK, ctmark, info->mark);
	if (info->ifin && c->env.ifname)
		set_text(p, CTLINK_PACKET_IN, p->in, sizeof(p->in),
		         c->env.ifname(c->env.ctx, info->ifin));
	if (info->ifout && c->env.ifname)
		set_text(p, CTLINK_PACKET_OUT, p->out, sizeof(p->out),
		         c->env.ifname(c->env.ctx, info->ifout));
	p->flags = dir == TRACK_REPLY ? CTQ_PACKET_REPLY : 0;
}

/* Rules look at the original direction: *@t becomes it. */
static void flow_join(const struct control *c, struct explain_job *j, struct tuple *t)
{
	struct flow_ref ref = flow_find(c->env.flows, t, FLOW_HOLDER_CONTROL);
	struct flow_info info;

	if (!ref.flow)
		return;
	flow_info_read(c->env.flows, ref.flow, control_now_s(c), &info);
	j->open[FLOW_ROLE_ENTRY] = flow_open(ref.flow, FLOW_ROLE_ENTRY);
	j->open[FLOW_ROLE_CONFIRM] = flow_open(ref.flow, FLOW_ROLE_CONFIRM);
	flow_put(c->env.flows, ref.flow, FLOW_HOLDER_CONTROL);
	carried_read(c, j, &info);
	j->labels = info.labels;
	packet_join(c, &j->packet, &info, ref.dir);
	*t = info.tuple[TRACK_ORIGINAL];
}

/* ---- the steps ---------------------------------------------------------------------------- */

static bool step_room(struct explain_job *j)
{
	uint32_t capacity = j->capacity ? 2 * j->capacity : 64;
	struct explain_step *steps;

	if (j->n < j->capacity)
		return true;
	steps = realloc(j->steps, capacity * sizeof(*steps));
	if (!steps) {
		j->no_memory = true;
		return false;
	}
	j->steps = steps;
	j->capacity = capacity;
	return true;
}

static bool step_wanted(struct explain_job *j, const struct rules_step *step)
{
	if (step->kind == CTQ_EXPLAIN_FAILS)
		return j->fails++ < CTQ_EXPLAIN_FAILS_MAX;
	return j->others++ < EXPLAIN_OTHERS_MAX || step->kind == CTQ_EXPLAIN_POLICY;
}

/* A rules_see. */
static void step_keep(void *ctx, const struct rules_step *step)
{
	struct explain_job *j = ctx;

	if (!step_wanted(j, step) || !step_room(j)) {
		j->skipped++;
		return;
	}
	j->steps[j->n++] = (struct explain_step){ *step, j->skipped };
	j->skipped = 0;
}

/* ---- the answer ---------------------------------------------------------------------------- */

static void outcome_read(const struct control *c, struct explain_job *j)
{
	const struct rule_verdict *v = &j->verdict;
	struct ctlink_packet *p = &j->packet;
	uint32_t mask = path_mark_of_rules(c->env.path, v->packet_mark.mask);
	uint32_t mark = (p->mark & ~mask) | (v->packet_mark.value & mask);

	p->verdict = v->verdict;
	p->reason = v->reason;
	ctlink_mark(p, CTLINK_PACKET_VERDICT);
	ctlink_mark(p, CTLINK_PACKET_REASON);
	control_packet_rule(c, p, v->generation, v->index);
	p->n_held = v->n_held;
	memcpy(p->held, v->held, sizeof(p->held));
	if (p->n_held)
		ctlink_mark(p, CTLINK_PACKET_HELD);
	if (mark == p->mark)
		return;
	p->new_mark = mark;
	ctlink_mark(p, CTLINK_PACKET_NEW_MARK);
}

static int put(struct ctlink_message *m, const struct explain_job *j,
               const struct ctlink_explain *value, const struct ctlink_rule *rule)
{
	struct ctlink_header header = control_answer_header(
		&j->job.request, CTLINK_TYPE(CTQ_SUBSYS_RULES, CTQ_MSG_RULE_EXPLAIN),
		NLM_F_MULTI, 0);

	return ctlink_explain_build(m, &header, value, rule);
}

static int put_packet(struct ctlink_message *m, const struct explain_job *j, uint8_t step,
                      const struct ctlink_packet *packet)
{
	struct ctlink_explain value = { .step = step, .skipped = j->skipped };

	value.packet = *packet;
	ctlink_mark(&value, CTLINK_EXPLAIN_STEP);
	ctlink_mark(&value, CTLINK_EXPLAIN_PACKET);
	if (step == CTQ_EXPLAIN_VERDICT && j->skipped)
		ctlink_mark(&value, CTLINK_EXPLAIN_SKIPPED);
	return put(m, j, &value, NULL);
}

static int put_step(struct ctlink_message *m, const struct explain_job *j,
                    const struct explain_step *step)
{
	struct ctlink_explain value = { .step = (uint8_t)step->step.kind,
		                        .skipped = step->skipped };
	struct ctlink_rule rule;

	ruleset_step_read(j->ruleset, &step->step, &rule, &value.field);
	ctlink_mark(&value, CTLINK_EXPLAIN_STEP);
	if (value.field != CTQ_FIELD_NONE)
		ctlink_mark(&value, CTLINK_EXPLAIN_FIELD);
	if (step->skipped)
		ctlink_mark(&value, CTLINK_EXPLAIN_SKIPPED);
	return put(m, j, &value, &rule);
}

/* Answer @i: the flow first, if there is one, then the steps, then the verdict. */
static int put_answer(struct ctlink_message *m, const struct explain_job *j, uint32_t i)
{
	if (j->carried.has && i-- == 0)
		return put_packet(m, j, CTQ_EXPLAIN_FLOW, &j->carried);
	if (i < j->n)
		return put_step(m, j, &j->steps[i]);
	return put_packet(m, j, CTQ_EXPLAIN_VERDICT, &j->packet);
}

static int explain_step_job(struct control_client *client, struct control_job *job,
                            struct ctlink_message *m)
{
	struct explain_job *j = base_container_of(job, struct explain_job, job);
	uint32_t answers = j->n + 1 + (j->carried.has ? 1 : 0);
	int err;

	for (; j->next < answers; j->next++) {
		err = put_answer(m, j, j->next);
		if (err == -EMSGSIZE && m->count)
			return 1;
		if (err < 0)
			return err;
	}
	return 0;
}

static void explain_destroy(struct control_job *job)
{
	struct explain_job *j = base_container_of(job, struct explain_job, job);

	ruleset_put(j->ruleset);
	free(j->steps);
	free(j);
}

/* ---- the request ---------------------------------------------------------------------------- */

static int description_check(struct control_request *r, const struct ctlink_packet *p)
{
	static const struct {
		enum ctlink_packet_bit bit;
		const char *name;
	} needed[] = {
		{ CTLINK_PACKET_FAMILY, "CTQA_PACKET_FAMILY" },
		{ CTLINK_PACKET_PROTO, "CTQA_PACKET_PROTO" },
		{ CTLINK_PACKET_SRC, "CTQA_PACKET_SRC" },
		{ CTLINK_PACKET_DST, "CTQA_PACKET_DST" },
		/* where there are ports */
		{ CTLINK_PACKET_SPORT, "CTQA_PACKET_SPORT" },
		{ CTLINK_PACKET_DPORT, "CTQA_PACKET_DPORT" },
	};
	size_t i, n = BASE_ARRAY_LENGTH(needed) - (control_has_ports(p->proto) ? 0 : 2);

	for (i = 0; i < n; i++)
		if (!ctlink_has(p, needed[i].bit))
			return ctlink_error_set(r->error, -EINVAL, 0, "%s is missing",
			                        needed[i].name);
	if (p->hook >= PACKET_HOOKS)
		return ctlink_error_set(r->error, -EINVAL,
		                        ctlink_attr_offset(r->nlh, CTQA_PACKET_HOOK, 0),
		                        "hook %u is not known", p->hook);
	if (ctlink_has(p, CTLINK_PACKET_CTSTATE) &&
	    (__builtin_popcount(p->ctstate) != 1 || p->ctstate > CTQ_CTSTATE_UNTRACKED))
		return ctlink_error_set(
			r->error, -EINVAL,
			ctlink_attr_offset(r->nlh, CTQA_PACKET_CTSTATE, 0),
			"a packet has one state, not 0x%x", p->ctstate);
	return 0;
}

/* What the packet meets rather than has: the time, what the path shows of its mark, and its
 * source's connections, of which it would be one. */
static void key_circumstances(const struct control *c, const struct explain_job *j,
                              const struct tuple *t, struct rule_key *key)
{
	rule_key_set_time(key, path_local_time(c->env.path, control_now_s(c)));
	rule_key_set_direction(key, CTQ_DIRECTION_ORIGINAL);
	key->packet_mark = path_mark_of_rules(c->env.path, key->packet_mark);
	key->keeps = !(j->packet.ctstate & (CTQ_CTSTATE_INVALID | CTQ_CTSTATE_UNTRACKED));
	memcpy(key->open, j->open, sizeof(key->open));
	key->connections = flow_source_count(c->env.flows, t) +
	                   !ctlink_has(&j->carried, CTLINK_PACKET_FLOW);
}

static int evaluate(struct control_request *r, struct explain_job *j)
{
	const struct control *c = r->client->control;
	struct rule_key key;
	struct tuple t;

	packet_identify(&j->packet);
	tuple_of(&j->packet, &t);
	flow_join(c, j, &t);
	packet_complete(&j->packet);
	key_of(j, &t, &key);
	key_circumstances(c, j, &t, &key);
	j->ruleset = rules_find(c->env.rules);
	ruleset_explain(j->ruleset, &key, c->now_ns, step_keep, j, &j->verdict);
	outcome_read(c, j);
	return j->no_memory ? -ENOMEM : 0;
}

int control_rule_explain(struct control_request *r)
{
	struct explain_job *j;
	int err = control_list_room(r);

	if (err < 0)
		return err;
	j = calloc(1, sizeof(*j));
	if (!j)
		return ctlink_error_set(r->error, -ENOMEM, 0, "no memory");
	j->job.step = explain_step_job;
	j->job.destroy = explain_destroy;
	err = ctlink_packet_parse(r->nlh, &j->packet, r->error);
	if (err == 0)
		err = description_check(r, &j->packet);
	if (err < 0) {
		free(j);
		return err;
	}
	j->packet.has &=
		~(UINT64_C(1) << CTLINK_PACKET_DATA); /* borrowed from the request */
	err = evaluate(r, j);
	if (err < 0) {
		explain_destroy(&j->job);
		return ctlink_error_set(r->error, err, 0, "no memory");
	}
	return control_job_start(r, &j->job, true);
}
