/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * locked.c - count the locked instructions of a packet's way
 *
 * HACKING says that a packet of an established flow costs no atomic read-modify-write while one
 * worker meets the flow. Here a child lets packets through path_batch(), stopping before and
 * after; the parent steps it instruction by instruction and looks at each one's bytes: a LOCK
 * prefix, or XCHG with memory, which locks by itself. A packet that makes a flow must show
 * some, or the counting itself is broken.
 *
 * The same steps count the instructions of a packet exactly, whatever else the machine does. For
 * packets of known flows there is a ceiling, a tenth above what it was when somebody last had a
 * reason to change it: who adds to the way of each packet says so here. It holds for gcc and
 * -O2; elsewhere the numbers are printed only.
 *
 * And they show that rules cost such a packet nothing: it takes as many instructions with 10 rules
 * as with 100,000, to the last one, with each backend.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../unit/packet/wire.h"
#include "flow/lock.h"
#include "path/path.h"
#include "rules/backend.h"

#define BATCH 16

/* Instructions for each packet of a batch: 1,360 and 1,800 as of the sixth line of struct flow. */
#define UDP_CEILING 1500
#define TCP_CEILING 1980

static struct flow_table *flows;
static struct rules *rules;
static struct path *path;
static int test_number, failed;

/* What a child runs with. */
struct setting {
	const char *backend;
	uint32_t rules;
	bool established_only; /* stop around established packets alone */
};

/* ---- the child ---------------------------------------------------------------------------- */

static const struct setting *setting;

static void stop(void)
{
	__asm__ volatile("int3" ::: "memory");
}

/* Rule @i drops what comes from 172.16.0.0 + i: nothing here. */
static void rule_add(struct rules_change *c, uint32_t i)
{
	uint32_t address = htonl(0xac100000 + i);
	struct ctlink_rule rule = { .has = 0 };
	struct ctlink_statement *s = ctlink_rule_append_statement(&rule, NULL);
	struct ctlink_match *m = ctlink_rule_append_match(&rule, NULL);

	if (!s || !m || ctlink_string_set(&rule.chain, "prerouting", 10, NULL) < 0)
		_exit(1);
	ctlink_mark(&rule, CTLINK_RULE_CHAIN);
	s->kind = CTQ_STATEMENT_DROP;
	ctlink_mark(s, CTLINK_STATEMENT_KIND);
	m->field = CTQ_FIELD_SRC;
	ctlink_mark(m, CTLINK_MATCH_FIELD);
	ctlink_value_set_address(ctlink_match_append(m, NULL), CTLINK_VALUE_FIRST,
	                         &address, 4);
	if (rules_change_rule_add(c, i, &rule, NULL) < 0)
		_exit(1);
}

static void rules_fill(uint32_t n)
{
	char name[] = "prerouting";
	struct ctlink_chain chain = {
		.has = 1 << CTLINK_CHAIN_NAME | 1 << CTLINK_CHAIN_HOOK,
		.name = name,
		.hook = PACKET_HOOK_PREROUTING,
	};
	struct rules_change *c;
	uint32_t i;
	int err;

	c = rules_change_new(rules, &err);
	if (!c || rules_change_chain_set(c, 0, &chain, NULL) < 0)
		_exit(1);
	for (i = 0; i < n; i++)
		rule_add(c, i);
	if (rules_change_build(c, NULL) < 0)
		_exit(1);
	rules_change_commit(c, 0, 0);
	rules_change_destroy(c);
}

static void setup(void)
{
	struct siphash_key key = { { 1, 2 } };
	struct flow_table_config flow_cfg;
	struct path_config path_cfg;
	int err;

	urcu_qsbr_register_thread();
	flow_table_config_init(&flow_cfg);
	flow_cfg.max = 1000;
	flows = flow_table_new(&flow_cfg, &key, &err);
	rules = rules_new(setting->backend, 1, NULL, &err);
	if (rules && setting->rules)
		rules_fill(setting->rules);
	path_config_init(&path_cfg);
	path_cfg.confirm_at_entry = true;
	path = flows && rules ? path_new(&path_cfg, flows, rules, 1) : NULL;
	if (!path)
		_exit(1);
}

static void turn(struct wire *w)
{
	uint8_t t[4];

	memcpy(t, w->bytes + 12, 4);
	memcpy(w->bytes + 12, w->bytes + 16, 4);
	memcpy(w->bytes + 16, t, 4);
	memcpy(t, w->bytes + w->l4, 2);
	memcpy(w->bytes + w->l4, w->bytes + w->l4 + 2, 2);
	memcpy(w->bytes + w->l4 + 2, t, 2);
	wire_finish(w);
}

static void pass(struct wire *w, unsigned int n, bool established)
{
	bool stops = established || !setting->established_only;
	static struct packet packets[BATCH];
	static struct packet_verdict verdicts[BATCH];
	unsigned int i;

	for (i = 0; i < n; i++)
		packets[i] = wire_packet(w);
	if (stops)
		stop();
	path_batch(path_worker(path, 0), packets, verdicts, n, 1000000000000u);
	if (stops)
		stop();
}

/* Between two stops each: a new UDP flow, its reply, an established packet, a batch of them. */
static void udp_packets(void)
{
	struct wire w = wire_ip4(IPPROTO_UDP), reply;

	wire_udp(&w, 1024, 53, 100);
	wire_finish(&w);
	reply = w;
	turn(&reply);
	pass(&w, 1, false);
	pass(&reply, 1, false);
	pass(&w, 1, true);
	pass(&w, BATCH, true);
}

static struct wire segment(uint32_t seq, uint32_t ack, uint8_t flags, bool reply)
{
	struct wire w = wire_ip4(IPPROTO_TCP);

	wire_tcp(&w, 1024, 80, seq, ack, flags, NULL, 0);
	wire_finish(&w);
	if (reply)
		turn(&w);
	return w;
}

static void tcp_packets(void)
{
	struct wire syn = segment(100, 0, PACKET_TCP_SYN, false);
	struct wire answer = segment(500, 101, PACKET_TCP_SYN | PACKET_TCP_ACK, true);
	struct wire ack = segment(101, 501, PACKET_TCP_ACK, false);

	pass(&syn, 1, false);
	pass(&answer, 1, false);
	pass(&ack, 1, false);
	pass(&ack, 1, true);
	pass(&ack, BATCH, true);
}

static void child(void)
{
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
		_exit(77);
	raise(SIGSTOP); /* until the parent looks */
	setup();
	udp_packets();
	tcp_packets();
	_exit(0);
}

/* ---- the parent ------------------------------------------------------------------------------ */

struct steps {
	unsigned long instructions, locked;
};

/* Prefixes may stand in any order; 0x4x is REX. */
static bool is_locked(const uint8_t *code)
{
	size_t i = 0;

	for (; i < 15; i++) {
		if (code[i] == 0xf0)
			return true;
		if (code[i] != 0x66 && code[i] != 0xf2 && code[i] != 0xf3 &&
		    (code[i] & 0xf0) != 0x40)
			break;
	}
	return (code[i] == 0x86 || code[i] == 0x87) && (code[i + 1] & 0xc0) != 0xc0;
}

static void read_code(pid_t pid, uint64_t at, uint8_t code[16])
{
	long words[2];

	words[0] = ptrace(PTRACE_PEEKTEXT, pid, (void *)(uintptr_t)at, NULL);
	words[1] = ptrace(PTRACE_PEEKTEXT, pid, (void *)(uintptr_t)(at + 8), NULL);
	memcpy(code, words, sizeof(words));
}

/* The child waits for us. False: it cannot be traced. */
static bool wait_for_child(pid_t pid)
{
	int status;

	return waitpid(pid, &status, 0) == pid && WIFSTOPPED(status);
}

/* Let the child run to its next stop(). False: it has ended. */
static bool run_to_stop(pid_t pid)
{
	int status;

	ptrace(PTRACE_CONT, pid, NULL, NULL);
	return waitpid(pid, &status, 0) == pid && WIFSTOPPED(status) &&
	       WSTOPSIG(status) == SIGTRAP;
}

/* Step from one stop() to the next. */
static bool step_to_stop(pid_t pid, struct steps *steps)
{
	struct user_regs_struct regs;
	uint8_t code[16];
	int status;

	*steps = (struct steps){ 0, 0 };
	for (;;) {
		if (ptrace(PTRACE_GETREGS, pid, NULL, &regs) < 0)
			return false;
		read_code(pid, regs.rip, code);
		if (code[0] == 0xcc) {
			ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL);
			waitpid(pid, &status, 0);
			return true;
		}
		steps->instructions++;
		steps->locked += is_locked(code);
		ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL);
		if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
			return false;
	}
}

/* Is this what the ceilings were measured with? */
static bool has_ceilings(void)
{
#if defined(__clang__)
	return false;
#else
	return strstr(" " BUILT_WITH " ", " -O2 ") != NULL;
#endif
}

static void check_ceiling(unsigned long each, unsigned int ceiling)
{
	bool holds = each <= ceiling, skip = !has_ceilings();

	printf("%sok %d - of at most %u instructions each%s\n",
	       holds || skip ? "" : "not ", ++test_number, ceiling,
	       skip ? " # SKIP not built by gcc with -O2" : "");
	printf("# %lu\n", each);
	failed += !holds && !skip;
}

static void check(bool holds, const char *what, const struct steps *steps,
                  unsigned int packets)
{
	printf("%sok %d - %s\n", holds ? "" : "not ", ++test_number, what);
	printf("# %lu instructions, %lu locked, %u packets\n", steps->instructions,
	       steps->locked, packets);
	failed += !holds;
}

static const struct expectation {
	const char *what;
	unsigned int packets;
	bool locked;
	unsigned int ceiling; /* instructions of each packet; 0: none */
} expected[] = {
	{ "a packet that makes a UDP flow: some are locked", 1, true },
	{ "the first UDP reply: status changes", 1, true },
	{ "an established UDP packet: none is locked", 1, false },
	{ "a batch of established UDP packets: none is locked", BATCH, false,
	  UDP_CEILING },
	{ "a SYN: some are locked", 1, true },
	{ "a SYN/ACK: status changes", 1, true },
	{ "the third packet of the handshake: becomes assured", 1, true },
	{ "an established TCP segment: none is locked", 1, false },
	{ "a batch of established TCP segments: none is locked", BATCH, false,
	  TCP_CEILING },
};

/* 0: it cannot be traced. */
static pid_t child_begin(const struct setting *with)
{
	pid_t pid;

	setting = with;
	pid = fork();
	if (pid == 0)
		child();
	return wait_for_child(pid) ? pid : 0;
}

static void child_end(pid_t pid)
{
	ptrace(PTRACE_CONT, pid, NULL, NULL);
	waitpid(pid, NULL, 0);
}

static void measure(pid_t pid, struct steps *steps)
{
	if (run_to_stop(pid) && step_to_stop(pid, steps))
		return;
	printf("Bail out! the child has ended early\n");
	exit(1);
}

/* One UDP packet, a batch of them, one TCP segment, a batch: all established. */
#define ESTABLISHED 4

static void measure_established(const char *backend, uint32_t n,
                                struct steps steps[ESTABLISHED])
{
	const struct setting with = { backend, n, true };
	pid_t pid = child_begin(&with);
	size_t i;

	for (i = 0; i < ESTABLISHED; i++)
		measure(pid, &steps[i]);
	child_end(pid);
}

static void check_rules(const char *backend)
{
	struct steps few[ESTABLISHED], many[ESTABLISHED];
	bool same = true;
	size_t i;

	measure_established(backend, 10, few);
	measure_established(backend, 100000, many);
	for (i = 0; i < ESTABLISHED; i++) {
		printf("# %lu and %lu instructions\n", few[i].instructions,
		       many[i].instructions);
		same &= few[i].instructions == many[i].instructions;
	}
	printf("%sok %d - %s: established packets cost the same with 10 and 100,000 "
	       "rules\n",
	       same ? "" : "not ", ++test_number, backend);
	failed += !same;
}

int main(void)
{
	static const struct setting plain = { "linear", 0, false };
	const char *const *backend;
	struct steps steps;
	pid_t pid;
	size_t i;

	setvbuf(stdout, NULL, _IONBF, 0);
	pid = child_begin(&plain);
	if (!pid) {
		printf("1..0 # SKIP cannot trace a child (ptrace)\n");
		return 0;
	}
	for (i = 0; i < BASE_ARRAY_LENGTH(expected); i++) {
		measure(pid, &steps);
		check((steps.locked > 0) == expected[i].locked, expected[i].what, &steps,
		      expected[i].packets);
		if (expected[i].ceiling)
			check_ceiling(steps.instructions / expected[i].packets,
			              expected[i].ceiling);
	}
	child_end(pid);
	for (backend = rules_backend_names(); *backend; backend++)
		check_rules(*backend);
	printf("1..%d\n", test_number);
	return failed ? 1 : 0;
}
