/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Making a table and a path under failing allocation: the n-th one fails, for every n, until
 * all succeed. Each failure is reported and leaks nothing (which the sanitizers' build
 * shows). And flows under failing allocation, once the table stands.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "../../stress/traffic.h"
#include "router.h"

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
void *__real_mmap(void *addr, size_t size, int prot, int flags, int fd, off_t offset);
int __real_mprotect(void *addr, size_t size, int prot);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);
void *__wrap_mmap(void *addr, size_t size, int prot, int flags, int fd, off_t offset);
int __wrap_mprotect(void *addr, size_t size, int prot);

/* Calls until one fails; negative: none will. */
static long fail_after = -1;
static bool fail_all;

static bool fails(void)
{
	return fail_all || (fail_after >= 0 && fail_after-- == 0);
}

void *__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
	return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t size)
{
	return fails() ? NULL : __real_realloc(p, size);
}

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
	return fails() ? NULL : __real_aligned_alloc(alignment, size);
}

void *__wrap_mmap(void *addr, size_t size, int prot, int flags, int fd, off_t offset)
{
	return fails() ? MAP_FAILED : __real_mmap(addr, size, prot, flags, fd, offset);
}

int __wrap_mprotect(void *addr, size_t size, int prot)
{
	if (!fails())
		return __real_mprotect(addr, size, prot);
	errno = ENOMEM;
	return -1;
}

static void destroy(struct flow_table *t)
{
	rcu_offline();
	flow_table_destroy(t);
	rcu_online();
}

Test(memory, a_table_that_cannot_be_made_says_so)
{
	struct siphash_key key = { { 1, 2 } };
	struct flow_table_config cfg;
	struct flow_table *t = NULL;
	int err = 0;
	long n;

	urcu_qsbr_register_thread();
	flow_table_config_init(&cfg);
	cfg.workers = 2;
	cfg.cookie_bits = 12;
	cfg.per_source = 10;
	for (n = 0; !t; n++) {
		fail_after = n;
		t = flow_table_new(&cfg, &key, &err);
		cr_assert(t || err == -ENOMEM, "allocation %ld: %d", n, err);
		cr_assert_lt(n, 1000);
	}
	fail_after = -1;
	cr_expect_gt(n, 15, "only %ld allocations", n);
	destroy(t);
	urcu_qsbr_unregister_thread();
}

Test(memory, a_path_that_cannot_be_made_says_so)
{
	struct siphash_key key = { { 1, 2 } };
	struct flow_table_config flows;
	struct path_config cfg;
	struct path *path = NULL;
	struct flow_table *t;
	struct rules *rules;
	int err;
	long n;

	urcu_qsbr_register_thread();
	flow_table_config_init(&flows);
	flows.workers = 2;
	t = flow_table_new(&flows, &key, &err);
	rules = rules_new("linear", 2, NULL, &err);
	path_config_init(&cfg);
	for (n = 0; !path; n++) {
		fail_after = n;
		path = path_new(&cfg, t, rules, 2);
		cr_assert_lt(n, 1000);
	}
	fail_after = 0;
	cr_expect_eq(path_track_config_set(path, &cfg.track, NULL, 0), -ENOMEM);
	fail_after = -1;
	cr_expect_gt(n, 4, "only %ld allocations", n);
	path_destroy(path);
	destroy(t);
	rules_destroy(rules);
	urcu_qsbr_unregister_thread();
}

/* The table grows as flows come. From some moment on there is no memory: new flows are refused
 * with a reason, known ones go on, and when there is memory again so do new ones. */
Test(memory, flows_without_memory_are_refused_and_known_ones_go_on)
{
	struct router r = router_new(&(struct router_options){
		.max = 100000, .no_marks = true, .confirm_at_entry = true });
	struct packet_verdict v;
	struct flow_table_size size;
	unsigned int refused = 0;
	struct traffic t;
	struct packet p;
	uint32_t n;

	for (n = 0; n < 60000; n++) {
		fail_all = n >= 1000 && n < 40000;
		traffic_udp(&t, n, TRACK_ORIGINAL);
		p = traffic_packet(&t, PACKET_HOOK_PREROUTING);
		path_batch(path_worker(r.path, 0), &p, &v, 1, r.now_ns);
		rcu_quiet();
		refused += !v.accept;
		cr_assert(v.accept || fail_all, "flow %u with memory", n);
	}
	cr_assert_gt(refused, 0);
	cr_assert_eq(path_reason_read(r.path, CTQ_DROP_MEMORY), refused);
	traffic_udp(&t, 0, TRACK_ORIGINAL);
	p = traffic_packet(&t, PACKET_HOOK_PREROUTING);
	path_batch(path_worker(r.path, 0), &p, &v, 1, r.now_ns);
	cr_assert(v.accept);
	flow_table_size(r.flows, &size);
	cr_assert_eq(size.confirmed, 60000 - refused);
	cr_assert_eq(size.unconfirmed, 0);
	router_end(&r);
}
