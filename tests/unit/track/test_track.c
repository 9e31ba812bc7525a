/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "track/track.h"

Test(track, finds_each_machine_by_number_and_name)
{
	const struct track_proto *const *proto;
	int count = 0;

	for (proto = track_proto_list(); *proto; proto++, count++) {
		cr_assert_eq(track_proto_find((*proto)->l4), *proto, "%s",
		             (*proto)->name);
		cr_assert_eq(track_proto_named((*proto)->name), *proto, "%s",
		             (*proto)->name);
	}
	cr_assert_eq(count, 8);
	cr_assert_str_eq(proto[-1]->name, "generic");
	cr_assert_null(track_proto_named("dccp"));
}

Test(track, has_a_machine_for_every_number)
{
	int l4, special = 0;

	for (l4 = 0; l4 < 256; l4++) {
		const struct track_proto *proto = track_proto_find((uint8_t)l4);

		cr_assert_not_null(proto);
		cr_assert(proto->l4 == l4 || strcmp(proto->name, "generic") == 0, "%d",
		          l4);
		special += proto->l4 == l4 && l4 != 0;
	}
	cr_assert_eq(special, 7);
}

Test(track, names_states_as_the_kernel_does)
{
	const struct track_proto *tcp = track_proto_find(IPPROTO_TCP);
	union track_state state = { .tcp = { .state = 3 } };

	cr_assert_str_eq(track_state_name(tcp, &state), "ESTABLISHED");
	cr_assert_eq(track_state_parse(tcp, "established"), 3);
	cr_assert_eq(track_state_parse(tcp, "SYN_SENT2"), 9);
	cr_assert_eq(track_state_parse(tcp, "ESTAB"), -ENOENT);
	cr_assert_eq(track_state_parse(track_proto_find(IPPROTO_SCTP), "SHUTDOWN_RECD"),
	             6);
	cr_assert_eq(track_state_parse(track_proto_find(IPPROTO_UDP), "ESTABLISHED"),
	             -ENOENT);
	cr_assert_null(track_state_name(track_proto_find(IPPROTO_UDP), &state));
}

Test(track, every_state_can_be_set_and_read)
{
	const struct track_proto *const *proto;
	union track_state state;
	int i;

	for (proto = track_proto_list(); *proto; proto++)
		for (i = 0; i < (*proto)->states_length; i++) {
			memset(&state, 0, sizeof(state));
			(*proto)->state_set(&state, (unsigned int)i);
			cr_assert_eq((*proto)->state_get(&state), (unsigned int)i);
			cr_assert_eq(track_state_parse(*proto,
			                               track_state_name(*proto, &state)),
			             i);
		}
}

/* The kernel gives up closing connections first when its table is full. */
Test(track, knows_which_states_are_closing)
{
	static const char closing_tcp[] = "FIN_WAIT CLOSE_WAIT LAST_ACK TIME_WAIT CLOSE";
	static const char closing_sctp[] =
		"SHUTDOWN_SENT SHUTDOWN_RECD SHUTDOWN_ACK_SENT";
	const struct track_proto *const *proto;
	union track_state state = { 0 };
	const char *name;
	int i;

	for (proto = track_proto_list(); *proto; proto++) {
		if (!(*proto)->states) {
			cr_assert_null((*proto)->is_closing, "%s", (*proto)->name);
			continue;
		}
		for (i = 0; i < (*proto)->states_length; i++) {
			(*proto)->state_set(&state, (unsigned int)i);
			name = track_state_name(*proto, &state);
			cr_assert_eq((*proto)->is_closing(&state),
			             strstr((*proto)->l4 == IPPROTO_TCP ? closing_tcp
			                                                : closing_sctp,
			                    name) != NULL,
			             "%s", name);
		}
	}
}

Test(track, the_owner_gets_one_timeout)
{
	const struct track_result nothing = { 0 };
	const struct track_result refresh = { .timeout_s = 50 };
	const struct track_result shrink = { .shrink_timeout_s = 300 };
	const struct track_result shrink_low = { .shrink_timeout_s = 60 };

	cr_assert_eq(track_result_timeout(&nothing, 0, 1000), 0);
	cr_assert_eq(track_result_timeout(&refresh, 0, 1000), 50);
	cr_assert_eq(track_result_timeout(&refresh, TRACK_FIXED_TIMEOUT, 1000), 0);
	cr_assert_eq(track_result_timeout(&shrink, 0, 301), 300);
	cr_assert_eq(track_result_timeout(&shrink, 0, 300), 0);
	cr_assert_eq(track_result_timeout(&shrink, TRACK_FIXED_TIMEOUT, 1000), 0);
	cr_assert_eq(track_result_timeout(&shrink_low, 0, 119), 0);
	cr_assert_eq(track_result_timeout(&shrink_low, 0, 120), 60);
}

/* SEEN_REPLY comes with the first accepted packet of the reply, and is due only once. */
Test(track, sees_the_reply)
{
	const struct track_proto *udp = track_proto_find(IPPROTO_UDP);
	const struct packet p = { .tuple = { .l4 = IPPROTO_UDP } };
	struct track_config cfg;
	struct track_result res;
	union track_state state;

	track_config_init(&cfg);
	track_open(udp, &state, &p, &cfg, 0, &res);
	cr_assert_eq(res.set_status, 0);
	track_packet(udp, &state, &p, TRACK_ORIGINAL, 0, &cfg, 1, &res);
	cr_assert_eq(res.set_status, 0);
	track_packet(udp, &state, &p, TRACK_REPLY, 0, &cfg, 2, &res);
	cr_assert_eq(res.set_status, TRACK_SEEN_REPLY);
	track_packet(udp, &state, &p, TRACK_REPLY, TRACK_SEEN_REPLY, &cfg, 3, &res);
	cr_assert_eq(res.set_status, 0);
}

/* All that a packet has to say stands in its first fragment; the numbers of TCP: test_tcp.c. */
Test(track, a_later_fragment_says_nothing)
{
	struct packet p = { .tuple = { .l3 = AF_INET },
		            .fragment = true,
		            .later_fragment = true };
	const struct track_result nothing = { 0 };
	const struct track_proto *const *proto;
	union track_state state, before;
	struct track_config cfg;
	struct track_result res;

	track_config_init(&cfg);
	for (proto = track_proto_list(); *proto; proto++) {
		p.icmp_type = (*proto)->l4 == IPPROTO_ICMPV6 ? 128 : 8;
		track_open(*proto, &state, &p, &cfg, 0, &res);
		cr_assert_eq(res.invalid,
		             (*proto)->states ? CTQ_INVALID_FRAGMENT : CTQ_REASON_NONE,
		             "%s", (*proto)->name);
		before = state;
		track_packet(*proto, &state, &p, TRACK_REPLY, 0, &cfg, 5000, &res);
		cr_assert_arr_eq(&res, &nothing, sizeof(res), "%s", (*proto)->name);
		cr_assert_arr_eq(state.bytes, before.bytes, sizeof(state), "%s",
		                 (*proto)->name);
	}
}
