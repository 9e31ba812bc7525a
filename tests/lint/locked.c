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
 */
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

#define BATCH 16

/* Instructions for each packet of a batch: 1,360 and 1,800 as of the sixth line of struct flow. */
#define UDP_CEILING 1500
#define TCP_CEILING 1980

static struct flow_table *flows;
static struct rules *rules;
static struct path *path;
static int test_number, failed;

/* ---- the child ---------------------------------------------------------------------------- */

static void stop(void)
{
	__asm__ volatile("int3" ::: "memory");
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
	rules = rules_new("linear", 1, NULL, &err);
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

static void pass(struct wire *w, unsigned int n)
{
	static struct packet packets[BATCH];
	static struct packet_verdict verdicts[BATCH];
	unsigned int i;

	for (i = 0; i < n; i++)
		packets[i] = wire_packet(w);
	stop();
	path_batch(path_worker(path, 0), packets, verdicts, n, 1000000000000u);
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
	pass(&w, 1);
	pass(&reply, 1);
	pass(&w, 1);
	pass(&w, BATCH);
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

	pass(&syn, 1);
	pass(&answer, 1);
	pass(&ack, 1);
	pass(&ack, 1);
	pass(&ack, BATCH);
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

int main(void)
{
	struct steps steps;
	pid_t pid;
	size_t i;

	setvbuf(stdout, NULL, _IONBF, 0);
	pid = fork();
	if (pid == 0)
		child();
	if (!wait_for_child(pid)) {
		printf("1..0 # SKIP cannot trace a child (ptrace)\n");
		return 0;
	}
	for (i = 0; i < BASE_ARRAY_LENGTH(expected); i++) {
		if (!run_to_stop(pid) || !step_to_stop(pid, &steps)) {
			printf("Bail out! the child has ended early\n");
			return 1;
		}
		check((steps.locked > 0) == expected[i].locked, expected[i].what, &steps,
		      expected[i].packets);
		if (expected[i].ceiling)
			check_ceiling(steps.instructions / expected[i].packets,
			              expected[i].ceiling);
	}
	ptrace(PTRACE_CONT, pid, NULL, NULL);
	waitpid(pid, NULL, 0);
	printf("1..%d\n", test_number);
	return failed ? 1 : 0;
}
