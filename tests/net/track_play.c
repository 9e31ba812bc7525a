/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * track_play.c - the tracker's machines with a table of one flow, driven by text
 *
 * For kernel.test, which gives the same packets to the kernel's tracker. Each line on
 * stdin is a command, each command but the first two gives a line on stdout:
 *
 *   reset            forget the flow, defaults for all settings
 *   set NAME VALUE   a setting by its sysctl's name
 *   packet 4 HEX     a packet from its IP header on, of family 4 or 6
 *   look             nothing, but tell
 *
 *   CLASS STATE STATUS SECONDS    of the packet and of the flow: "- - - 0" without one
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "track/track.h"

#define LINE_MAX_BYTES 65536

static struct track_config cfg;

static struct {
	bool open;
	struct tuple tuple[2];
	const struct track_proto *proto;
	union track_state state;
	uint32_t status;
	uint64_t expires_ms;
} flow;

static uint64_t now_ms(void)
{
	return clock_monotonic_ns() / 1000000;
}

static uint32_t remaining_s(uint64_t now)
{
	return flow.open && flow.expires_ms > now
	               ? (uint32_t)((flow.expires_ms - now + 500) / 1000)
	               : 0;
}

static void set_timeout(const struct track_result *res, uint64_t now)
{
	uint32_t timeout = track_result_timeout(res, flow.status, remaining_s(now));

	if (timeout)
		flow.expires_ms = now + timeout * UINT64_C(1000);
}

static const char *open_flow(const struct packet *p, uint64_t now)
{
	struct track_result res;

	flow.proto = track_proto_find(p->tuple.l4);
	track_open(flow.proto, &flow.state, p, &cfg, now, &res);
	if (res.invalid || tuple_invert(&p->tuple, &flow.tuple[TRACK_REPLY]) < 0)
		return "INVALID";
	flow.tuple[TRACK_ORIGINAL] = p->tuple;
	flow.open = true;
	flow.status = TRACK_CONFIRMED | res.set_status;
	set_timeout(&res, now);
	return "NEW";
}

static const char *follow(const struct packet *p, enum track_dir dir, uint64_t now)
{
	bool replied = flow.status & TRACK_SEEN_REPLY || dir == TRACK_REPLY;
	struct track_result res;

	track_packet(flow.proto, &flow.state, p, dir, flow.status, &cfg, now, &res);
	set_timeout(&res, now);
	if (res.invalid)
		return "INVALID";
	if (res.reopen)
		return open_flow(p, now);
	flow.status |= res.set_status;
	if (res.close)
		flow.open = false;
	return replied ? "ESTABLISHED" : "NEW";
}

static const char *play(const struct packet *p, uint64_t now)
{
	struct tuple key = p->tuple;

	if (track_packet_check(p, &cfg))
		return "INVALID";
	if (p->untracked)
		return "UNTRACKED";
	if (p->icmp_error && track_error_key(p, &key))
		return "INVALID";
	if (flow.open && tuple_equal(&key, &flow.tuple[TRACK_ORIGINAL]))
		return p->icmp_error ? "RELATED" : follow(p, TRACK_ORIGINAL, now);
	if (flow.open && tuple_equal(&key, &flow.tuple[TRACK_REPLY]))
		return p->icmp_error ? "RELATED" : follow(p, TRACK_REPLY, now);
	return p->icmp_error ? "INVALID" : open_flow(p, now);
}

static void tell(const char *class, uint64_t now)
{
	const char *state;

	if (!flow.open) {
		printf("%s - - 0\n", class);
		return;
	}
	state = track_state_name(flow.proto, &flow.state);
	printf("%s %s %s%s %" PRIu32 "\n", class, state ? state : "-",
	       flow.status & TRACK_SEEN_REPLY ? "" : "UNREPLIED,",
	       flow.status & TRACK_ASSURED ? "ASSURED" : "", remaining_s(now));
}

static uint32_t unhex(const char *text, uint8_t *bytes)
{
	uint32_t n;
	unsigned int byte;

	for (n = 0; sscanf(text + 2 * n, "%2x", &byte) == 1; n++)
		bytes[n] = (uint8_t)byte;
	return n;
}

static void run(char *line)
{
	static uint8_t bytes[LINE_MAX_BYTES];
	struct packet p = { .data = bytes,
		            .hook = PACKET_HOOK_PREROUTING,
		            .checksum = PACKET_CHECKSUM_UNVERIFIED };
	uint64_t now = now_ms();
	uint32_t value;
	char name[64];

	if (strncmp(line, "reset", 5) == 0) {
		memset(&flow, 0, sizeof(flow));
		track_config_init(&cfg);
	} else if (sscanf(line, "set %63s %" SCNu32, name, &value) == 2) {
		if (track_config_set(&cfg, name, value) < 0)
			exit(1);
	} else if (strncmp(line, "packet ", 7) == 0) {
		p.family = line[7] == '6' ? AF_INET6 : AF_INET;
		p.length = p.captured = unhex(line + 9, bytes);
		packet_parse(&p);
		tell(play(&p, now), now);
	} else {
		tell("-", now);
	}
}

int main(void)
{
	static char line[2 * LINE_MAX_BYTES];

	setvbuf(stdout, NULL, _IOLBF, 0);
	track_config_init(&cfg);
	while (fgets(line, sizeof(line), stdin))
		run(line);
	return 0;
}
