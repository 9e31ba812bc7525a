/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * watch.c - see watch.h
 *
 * The list is immutable and replaced as a whole; the one before is freed after a grace
 * period. Its filters are compiled to checks of rules: fields that rules do not have are laid
 * behind the key (struct watch_key).
 */
#include "path/watch.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "ctlink/error.h"
#include "ctlink/filter.h"
#include "path/path_priv.h"
#include "rules/check.h"

/* What a filter looks at. */
struct watch_key {
	struct rule_key key;
	uint32_t verdict, reason, id;
};

/* A term of an expression in prefix order. */
struct watch_term {
	uint8_t op; /* enum ctq_operator; 0: a match */
	uint8_t n;  /* readings: a host is source or destination */
	struct check_rule check[2];
};

struct watch_filter {
	uint32_t n; /* 0: takes all */
	uint8_t family;
	struct watch_term *terms;
	struct check_pool pool;
};

struct watch_list {
	struct rcu_head rcu;
	uint32_t serial;
	struct {
		bool active, drops;
		uint32_t bytes, rate;
		uint64_t reasons;
		struct watch_filter filter;
	} watcher[PATH_WATCHERS_MAX];
};

/* ---- filters: compiling ------------------------------------------------------------ */

/* Fields that rules do not have. */
static const struct {
	uint16_t field, offset;
} outcomes[] = {
	{ CTQ_FIELD_VERDICT, offsetof(struct watch_key, verdict) },
	{ CTQ_FIELD_REASON, offsetof(struct watch_key, reason) },
	{ CTQ_FIELD_ID, offsetof(struct watch_key, id) },
};

static int outcome_find(uint16_t field)
{
	size_t i;

	for (i = 0; i < BASE_ARRAY_LENGTH(outcomes); i++)
		if (outcomes[i].field == field)
			return (int)i;
	return -1;
}

/* Fields of rules that stand for @field; 0: none. */
static unsigned int readings(uint16_t field, uint16_t out[2])
{
	switch (field) {
	case CTQ_FIELD_HOST:
		out[0] = CTQ_FIELD_SRC;
		out[1] = CTQ_FIELD_DST;
		return 2;
	case CTQ_FIELD_PORT:
		out[0] = CTQ_FIELD_SPORT;
		out[1] = CTQ_FIELD_DPORT;
		return 2;
	default: out[0] = field; return check_field_known(field) ? 1 : 0;
	}
}

int path_watch_check(const struct ctlink_filter *filter, struct ctlink_error *error)
{
	const struct ctlink_term *term;
	const struct ctlink_field *field;
	uint16_t fields[2];
	uint32_t i;

	for (i = 0; i < filter->terms.length; i++) {
		term = ctlink_filter_term(filter, i);
		if (!ctlink_has(term, CTLINK_TERM_MATCH))
			continue;
		field = ctlink_field_get(term->match.field);
		if (term->match.set || (!readings(term->match.field, fields) &&
		                        outcome_find(term->match.field) < 0)) {
			ctlink_error_set(error, -EOPNOTSUPP, 0,
			                 "packets cannot be filtered by '%s'",
			                 field ? field->word : "a set");
			ctlink_error_hint(error, "by: family proto src dst host sport "
			                         "dport port icmp-type icmp-code iif oif "
			                         "status mark zone id verdict reason");
			return -EOPNOTSUPP;
		}
	}
	return 0;
}

static void term_make(const struct ctlink_match *match, struct check_pool *pool,
                      struct watch_term *out)
{
	int outcome = outcome_find(match->field);
	struct ctlink_match one = *match;
	struct ctlink_rule rule = { .matches = { .items = &one, .length = 1 } };
	uint16_t fields[2] = { CTQ_FIELD_LENGTH };
	struct check *check;
	unsigned int i;

	out->n = (uint8_t)(outcome < 0 ? readings(match->field, fields) : 1);
	for (i = 0; i < out->n; i++) {
		one.field = fields[i];
		check = &pool->checks[pool->n_checks];
		check_make(&rule, pool, &out->check[i]);
		if (outcome >= 0) {
			check->offset = outcomes[outcome].offset;
			out->check[i].needs = 0;
		}
	}
}

static void filter_fini(struct watch_filter *f)
{
	free(f->terms);
	free(f->pool.checks);
	free(f->pool.values);
}

static int filter_make(const struct ctlink_filter *from, struct watch_filter *f)
{
	uint32_t i, values = 0;
	const struct ctlink_term *term;

	for (i = 0; i < from->terms.length; i++)
		values += 2 * ctlink_filter_term(from, i)->match.values.length;
	f->family = from->family;
	f->n = from->terms.length;
	f->terms = calloc(f->n + 1, sizeof(*f->terms));
	f->pool.checks = calloc(2 * f->n + 1, sizeof(*f->pool.checks));
	f->pool.values = calloc(values + 1, sizeof(*f->pool.values));
	if (!f->terms || !f->pool.checks || !f->pool.values)
		return -ENOMEM;
	for (i = 0; i < f->n; i++) {
		term = ctlink_filter_term(from, i);
		if (ctlink_has(term, CTLINK_TERM_MATCH))
			term_make(&term->match, &f->pool, &f->terms[i]);
		else
			f->terms[i].op = term->op;
	}
	return 0;
}

/* ---- filters: asking ------------------------------------------------------------------ */

/* At most CTQ_FILTER_TERMS_MAX deep. Both operands are walked, needed or not, so that *@at
 * stands behind them. */
static bool term_holds(const struct watch_filter *f, uint32_t *at,
                       const struct watch_key *key)
{
	const struct watch_term *term = &f->terms[(*at)++];
	bool a, b;

	if (!term->op)
		return check_rule_holds(&term->check[0], &key->key) ||
		       (term->n > 1 && check_rule_holds(&term->check[1], &key->key));
	a = term_holds(f, at, key);
	if (term->op == CTQ_OPERATOR_NOT)
		return !a;
	b = term_holds(f, at, key);
	return term->op == CTQ_OPERATOR_AND ? a && b : a || b;
}

static bool filter_holds(const struct watch_filter *f, const struct watch_key *key)
{
	uint32_t at = 0;

	if (f->family && f->family != key->key.family)
		return false;
	return f->n == 0 || term_holds(f, &at, key);
}

/* ---- the list --------------------------------------------------------------------------- */

static void list_free(struct watch_list *list)
{
	unsigned int i;

	if (!list)
		return;
	for (i = 0; i < PATH_WATCHERS_MAX; i++)
		filter_fini(&list->watcher[i].filter);
	free(list);
}

static void list_free_later(struct rcu_head *head)
{
	rcu_deferred();
	list_free(base_container_of(head, struct watch_list, rcu));
}

int path_watch_init(struct path *path)
{
	struct watch_list *list = calloc(1, sizeof(*list));

	atomic_init(&path->watch_list, list);
	return list ? 0 : -ENOMEM;
}

void path_watch_fini(struct path *path)
{
	list_free(atomic_load(&path->watch_list));
}

int path_watch_set(struct path *path, const struct path_watcher *watchers)
{
	struct watch_list *list = calloc(1, sizeof(*list)), *old;
	uint32_t wanted = 0;
	unsigned int i;
	int err = list ? 0 : -ENOMEM;

	for (i = 0; i < PATH_WATCHERS_MAX && !err; i++) {
		if (!watchers[i].active)
			continue;
		list->watcher[i].active = true;
		list->watcher[i].drops = watchers[i].drops;
		list->watcher[i].bytes = watchers[i].bytes;
		list->watcher[i].rate = watchers[i].rate;
		list->watcher[i].reasons = watchers[i].reasons;
		wanted |= watchers[i].drops ? WATCH_DROPS : WATCH_ALL;
		if (watchers[i].filter)
			err = filter_make(watchers[i].filter, &list->watcher[i].filter);
	}
	if (err) {
		list_free(list);
		return err;
	}
	old = atomic_load_explicit(&path->watch_list, memory_order_relaxed);
	list->serial = old->serial + 1;
	atomic_store_explicit(&path->watch_list, list, memory_order_release);
	atomic_store_explicit(&path->watched, wanted, memory_order_relaxed);
	rcu_defer(&old->rcu, list_free_later);
	return 0;
}

uint32_t path_watch_serial(const struct path *path)
{
	return atomic_load_explicit(&path->watch_list, memory_order_acquire)->serial;
}

/* ---- workers: writing --------------------------------------------------------------------- */

static void lose(struct path_worker *w, unsigned int place)
{
	_Atomic uint64_t *lost = &w->watch_lost[place];

	atomic_store_explicit(lost, atomic_load_explicit(lost, memory_order_relaxed) + 1,
	                      memory_order_relaxed);
}

/* May watcher @place see one more in this second? */
static bool is_within_rate(struct path_worker *w, const struct watch_list *list,
                           unsigned int place)
{
	if (w->watch_second != w->now_s) {
		memset(w->watch_count, 0, sizeof(w->watch_count));
		w->watch_second = w->now_s;
	}
	if (!list->watcher[place].rate ||
	    w->watch_count[place] < list->watcher[place].rate) {
		w->watch_count[place]++;
		return true;
	}
	lose(w, place);
	return false;
}

static bool has_reason(uint64_t reasons, const struct path_step *s)
{
	return !reasons || reasons & PATH_WATCH_REASON(s->reason);
}

/* Who wants to see it? *@bytes: the most that one of them wants of the packet. */
static uint32_t watchers_of(struct path_worker *w, const struct watch_list *list,
                            const struct path_step *s, const struct watch_key *key,
                            uint32_t *bytes)
{
	uint32_t watchers = 0;
	unsigned int i;

	*bytes = 0;
	for (i = 0; i < PATH_WATCHERS_MAX; i++) {
		if (!list->watcher[i].active ||
		    (list->watcher[i].drops && (s->accept || s->waits)) ||
		    !has_reason(list->watcher[i].reasons, s) ||
		    !filter_holds(&list->watcher[i].filter, key) ||
		    !is_within_rate(w, list, i))
			continue;
		watchers |= 1u << i;
		if (list->watcher[i].bytes > *bytes)
			*bytes = list->watcher[i].bytes;
	}
	return watchers;
}

static uint32_t load(const _Atomic uint32_t *n)
{
	return atomic_load_explicit(n, memory_order_relaxed);
}

static enum ctq_verdict verdict_of(const struct path_step *s)
{
	if (s->accept)
		return CTQ_VERDICT_ACCEPT;
	if (s->waits)
		return CTQ_VERDICT_ASK;
	return s->reason == CTQ_REJECT_RULE || s->reason == CTQ_REJECT_FLOW
	               ? CTQ_VERDICT_REJECT
	               : CTQ_VERDICT_DROP;
}

static void sighting_flow(const struct path_step *s, struct path_sighting *out)
{
	if (!s->flow)
		return;
	out->flow = load(&s->flow->id);
	out->flow_mark = load(&s->flow->mark);
	out->status = flow_status(s->flow);
	out->flags |= s->dir == TRACK_REPLY ? CTQ_PACKET_REPLY : 0;
}

void path_watch_fill(const struct path_worker *w, const struct path_step *s,
                     struct path_sighting *out, uint32_t bytes)
{
	const struct packet *p = s->p;

	memset(out, 0, sizeof(*out));
	out->when_ns = w->now_ns;
	out->tuple = p->tuple;
	out->has_tuple = p->has_tuple;
	out->family = p->family;
	out->hook = p->hook;
	out->ttl = p->ttl;
	if (p->has_tuple && p->tuple.l4 == IPPROTO_TCP && !p->later_fragment)
		out->tcp_flags = p->l4.tcp.flags;
	out->has_uid = p->has_uid;
	out->uid = p->uid;
	out->length = p->length;
	out->ifin = p->ifin;
	out->ifout = p->ifout;
	out->mark = p->mark;
	out->new_mark = !s->waits && s->out->set_mark ? s->out->mark : p->mark;
	out->queue = p->queue;
	out->worker = w->number;
	out->ctstate = s->ctstate;
	out->verdict = (uint8_t)verdict_of(s);
	out->reason = (uint16_t)s->reason;
	out->invalid = (uint16_t)s->invalid;
	out->generation = s->generation;
	out->rule = s->rule;
	out->flags = (s->born ? CTQ_PACKET_BORN : 0) | (s->asked ? CTQ_PACKET_ASKED : 0) |
	             (s->close ? CTQ_PACKET_ENDED : 0);
	if (s->asked) {
		out->n_held = w->asked.n_held;
		memcpy(out->held, w->asked.held, sizeof(out->held));
	}
	sighting_flow(s, out);
	out->captured = bytes;
	memcpy(out->data, p->data, bytes);
}

static void lose_all(struct path_worker *w, uint32_t watchers)
{
	for (; watchers; watchers &= watchers - 1)
		lose(w, (unsigned int)__builtin_ctz(watchers));
}

void path_watch_note(struct path_worker *w, struct path_step *s)
{
	const struct watch_list *list =
		atomic_load_explicit(&w->path->watch_list, memory_order_acquire);
	struct watch_key key = { .verdict = (uint32_t)verdict_of(s),
		                 .reason = (uint32_t)s->reason,
		                 .id = s->flow ? load(&s->flow->id) : 0 };
	struct path_sighting *out;
	uint32_t watchers, bytes;

	path_judge_key(w, s, &key.key);
	watchers = watchers_of(w, list, s, &key, &bytes);
	if (!watchers)
		return;
	if (bytes > s->p->captured)
		bytes = s->p->captured;
	out = spsc_begin(&w->watch, (uint32_t)sizeof(*out) + bytes);
	if (!out) {
		lose_all(w, watchers);
		return;
	}
	path_watch_fill(w, s, out, bytes);
	out->watchers = watchers;
	out->serial = list->serial;
	spsc_commit(&w->watch);
}

/* ---- control: reading ------------------------------------------------------------------------ */

const struct path_sighting *path_watch_peek(struct path *path, uint16_t number)
{
	uint32_t size;

	return spsc_peek(&path->workers[number].watch, &size);
}

void path_watch_drop(struct path *path, uint16_t number)
{
	spsc_drop(&path->workers[number].watch);
}

uint64_t path_watch_lost(const struct path *path, unsigned int place)
{
	uint64_t sum = 0;
	uint16_t i;

	for (i = 0; i < path->workers_length; i++)
		sum += atomic_load_explicit(&path->workers[i].watch_lost[place],
		                            memory_order_relaxed);
	return sum;
}
