/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>

#include <netinet/in.h>

#include "client/client_priv.h"
#include "client/names.h"

Test(names, numbers_have_the_fields_words)
{
	cr_assert_str_eq(ctq_protocol_name(IPPROTO_UDPLITE), "udplite");
	cr_assert_str_eq(ctq_state_name(IPPROTO_TCP, 3), "ESTABLISHED");
	cr_assert_str_eq(ctq_state_name(IPPROTO_SCTP, 3), "COOKIE_ECHOED");
	cr_assert_str_eq(ctq_status_name(1), "SEEN_REPLY");
	cr_assert_str_eq(ctq_verdict_name(CTQ_VERDICT_DROP), "drop");
	cr_assert_str_eq(ctq_end_name(CTQ_END_EVICTED), "evicted");
	cr_assert_str_eq(ctq_hook_name(4), "postrouting");
	cr_assert_str_eq(ctq_reason_name(CTQ_DROP_POLICY), "drop.policy");
	cr_assert_str_eq(ctq_reason_text(CTQ_DROP_RULE), "a rule drops");
}

Test(names, what_nobody_knows_has_none)
{
	cr_assert_null(ctq_protocol_name(253));
	cr_assert_null(ctq_state_name(IPPROTO_TCP, 200));
	cr_assert_null(ctq_state_name(IPPROTO_UDP, 1));
	cr_assert_null(ctq_status_name(31));
	cr_assert_null(ctq_reason_name(CTQ_REASON_NONE));
	cr_assert_null(ctq_end_name(CTQ_END_NONE));
}

Test(names, are_found_without_case_and_with_either_dash)
{
	cr_assert_eq(names_find(names_tcp_states, "fin-wait", 8)->number, 4);
	cr_assert_eq(names_find(names_tcp_states, "Fin_Waiting", 8)->number, 4);
	cr_assert_null(names_find(names_tcp_states, "fin_wai", 7));
	cr_assert_null(names_find(names_tcp_states, "fin_waits", 9));
	cr_assert_eq(names_find(names_statuses, "snat", 4)->number, 4);
}

Test(names, lists_name_each_number_once_and_are_cut)
{
	char buf[64], small[8];

	cr_assert_str_eq(names_list(names_ends, "ends", buf, sizeof(buf)),
	                 "ends: expired closed evicted deleted module rules stop");
	cr_assert_str_eq(names_list(names_ends, "ends", small, sizeof(small)), "ends: e");
}
