/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>

#include <errno.h>
#include <libnetfilter_conntrack/libnetfilter_conntrack.h>
#include <stdlib.h>
#include <string.h>

#include "client/client_priv.h"
#include "fake.h"
#include "help.h"
#include "lang/lang.h"

/* ---- what a text means --------------------------------------------------------------- */

/* The terms in prefix order, matches in the rule language's spelling. */
static char *terms_of(const struct ctq_filter *filter)
{
	static const char *const operators[] = { NULL, "and", "or", "not" };
	const struct ctlink_term *term;
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	uint32_t i;

	for (i = 0; i < filter->filter.terms.length; i++) {
		term = ctlink_filter_term(&filter->filter, i);
		fputs(i ? " " : "", out);
		if (ctlink_has(term, CTLINK_TERM_OPERATOR)) {
			fputs(operators[term->op], out);
			continue;
		}
		fputc('(', out);
		lang_match_print(&term->match, out);
		fputc(')', out);
	}
	fclose(out);
	return text;
}

static const struct {
	const char *text, *terms;
} meanings[] = {
	/* each field */
	{ "all", "" },
	{ "proto tcp", "(proto tcp)" },
	{ "proto 6", "(proto tcp)" },
	{ "src 10.0.0.0/8", "(src 10.0.0.0/8)" },
	{ "src 10.1.2.3/8", "(src 10.0.0.0/8)" },
	{ "dst 2001:db8::/32", "(dst 2001:db8::/32)" },
	{ "src 10.0.0.1-10.0.0.9", "(src 10.0.0.1-10.0.0.9)" },
	{ "host 192.0.2.7", "(host 192.0.2.7)" },
	{ "sport 1024-65535", "(sport 1024-65535)" },
	{ "port 53", "(port 53)" },
	{ "zone 3", "(zone 3)" },
	{ "mark 0x10/0xf0", "(mark 0x10/0xf0)" },
	{ "mark 16", "(mark 0x10)" },
	{ "rule allow-web", "(rule \"allow-web\")" },
	{ "rule \"allow-*\"", "(rule \"allow-*\")" },
	{ "iif eth0 oif ppp*", "and (iif \"eth0\") (oif \"ppp*\")" },
	{ "verdict drop", "(verdict drop)" },
	{ "reason drop.policy", "(reason drop.policy)" },
	{ "id 77041", "(id 77041)" },
	{ "family ipv6", "(family ip6)" },
	{ "proto icmp icmp-type echo-request", "and (proto icmp) (icmp-type 8)" },
	/* comparisons */
	{ "age > 1h", "(age 3601-4294967295)" },
	{ "age gt 1h", "(age 3601-4294967295)" },
	{ "idle >= 5m", "(idle 300-4294967295)" },
	{ "timeout < 90", "(timeout 0-89)" },
	{ "timeout le 90", "(timeout 0-90)" },
	{ "bytes > 1M", "(bytes 1048577-18446744073709551615)" },
	{ "packets = 3", "(packets 3)" },
	{ "dport != 80", "(dport != 80)" },
	{ "dport ne 80,443", "(dport != { 80, 443 })" },
	{ "dport !80", "(dport != 80)" },
	/* lists */
	{ "dport 80,443", "(dport { 80, 443 })" },
	{ "dport {80,443}", "(dport { 80, 443 })" },
	{ "dport { 80 , 443 }", "(dport { 80, 443 })" },
	/* states and statuses */
	{ "state syn-sent", "and (proto tcp) (state syn-sent)" },
	{ "state FIN_WAIT,close", "and (proto tcp) (state { fin-wait, close })" },
	{ "state cookie-wait", "and (proto sctp) (state syn-recv)" },
	{ "state established",
	  "or and (proto tcp) (state established) and (proto sctp) (state fin-wait)" },
	{ "state != syn_sent", "not and (proto tcp) (state syn-sent)" },
	{ "status assured", "(status assured/assured)" },
	{ "status assured,!seen_reply", "(status assured/seen-reply,assured)" },
	{ "status ASSURED,SEEN_REPLY", "(status seen-reply,assured/seen-reply,assured)" },
	{ "status unreplied", "(status 0/seen-reply)" },
	{ "status !unreplied", "(status seen-reply/seen-reply)" },
	/* operators: not before and before or, all from the left */
	{ "proto tcp dport 80", "and (proto tcp) (dport 80)" },
	{ "proto tcp and dport 80", "and (proto tcp) (dport 80)" },
	{ "proto tcp && dport 80 || zone 1", "or and (proto tcp) (dport 80) (zone 1)" },
	{ "zone 1 or proto tcp dport 80", "or (zone 1) and (proto tcp) (dport 80)" },
	{ "not zone 1 zone 2", "and not (zone 1) (zone 2)" },
	{ "! ( zone 1 or zone 2 )", "not or (zone 1) (zone 2)" },
	{ "!(zone 1) (zone 2)", "and not (zone 1) (zone 2)" },
	{ "zone 1 zone 2 zone 3", "and and (zone 1) (zone 2) (zone 3)" },
	{ "zone 1 (zone 2 or zone 3)", "and (zone 1) or (zone 2) (zone 3)" },
	/* other tools' words */
	{ "orig-src 10.0.0.1", "(src 10.0.0.1)" },
	{ "protocol udp saddr 10.0.0.1", "and (proto udp) (src 10.0.0.1)" },
};

Test(filter, means_what_it_says)
{
	struct ctq_filter_error error;
	struct ctq_filter *filter;
	char *terms;
	size_t i;

	for (i = 0; i < BASE_ARRAY_LENGTH(meanings); i++) {
		cr_assert_eq(ctq_filter_parse(&filter, meanings[i].text, &error), 0,
		             "%s: %s", meanings[i].text, error.text);
		terms = terms_of(filter);
		cr_expect_str_eq(terms, meanings[i].terms, "%s: '%s' instead of '%s'",
		                 meanings[i].text, terms, meanings[i].terms);
		cr_assert_eq(ctq_filter_is_all(filter), !meanings[i].terms[0]);
		free(terms);
		ctq_filter_destroy(filter);
	}
	ctq_filter_destroy(NULL);
}

/* ---- mistakes ------------------------------------------------------------------------- */

/* "^" marks stand under the offending part; none: the end of the text. */
static const struct {
	const char *text, *carets, *message, *suggestion, *hint;
} mistakes[] = {
	{ "state ESTAB", "      ^^^^^", "unknown TCP state 'ESTAB'",
	  "did you mean 'ESTABLISHED'?",
	  "states: NONE SYN_SENT SYN_RECV ESTABLISHED FIN_WAIT CLOSE_WAIT LAST_ACK "
	  "TIME_WAIT "
	  "CLOSE SYN_SENT2" },
	{ "src 10.0.0.300", "    ^^^^^^^^^^",
	  "'10.0.0.300' is not an IP address (octet 4 is above 255)", "", "" },
	{ "src 10.0.0", "    ^^^^^^",
	  "'10.0.0' is not an IP address (it has 3 octets, not 4)", "", "" },
	{ "dst 10.0.0.0/33", "    ^^^^^^^^^^^",
	  "the prefix of '10.0.0.0/33' is not a number from 0 to 32", "", "" },
	{ "dport 65536", "      ^^^^^", "'65536' is above 65535", "", "" },
	{ "dport 20-10", "      ^^^^^", "the range '20'-'10' ends before it begins", "",
	  "" },
	{ "dprot 80", "^^^^^", "unknown word 'dprot'", "did you mean 'dport'?", NULL },
	{ "zone 1 tcp", "       ^^^", "unknown word 'tcp'", "", "say: proto tcp" },
	{ "length 5", "^^^^^^", "unknown word 'length'", "", NULL },
	{ "proto tpc", "      ^^^", "unknown protocol 'tpc'", "did you mean 'tcp'?",
	  NULL },
	{ "status assured,replied,asured", "                       ^^^^^^",
	  "unknown status 'asured'", "did you mean 'ASSURED'?", NULL },
	{ "status assured,!assured", "                ^^^^^^^",
	  "'assured' is there twice", "", "" },
	{ "state !close", "       ^^^^^",
	  "'!' cannot stand before a state: say 'not state close'", "", "" },
	{ "dport 80,!443", "          ^^^", "'!' stands before the whole list of 'dport'",
	  "", "" },
	{ "proto > 5", "      ^", "'proto' has no order: only = and != compare it", "",
	  "" },
	{ "src < 10.0.0.1", "    ^", "'src' has no order: only = and != compare it", "",
	  "" },
	{ "bytes < 0", "        ^", "no bytes is below 0", "", "" },
	{ "sport > 65535", "        ^^^^^", "no sport is above 65535", "", "" },
	{ "sport > 10-20", "        ^^^^^",
	  "'10-20' cannot be compared: a single number can", "", "" },
	{ "sport >", "", "'sport' needs a value here", "", "" },
	{ "dport", "", "'dport' needs a value here", "", "" },
	{ "dport { 80, }", "            ^", "'dport' needs a value here", "", "" },
	{ "dport { 80 443 }", "           ^^^", "the list is not closed: '}' is missing",
	  "", "" },
	{ "dport 80 443", "         ^^^", "unknown word '443'", "", NULL },
	{ "( zone 1", "^", "')' is missing", "", "" },
	{ "zone 1 )", "       ^", "')' does not fit here", "", "" },
	{ "zone 1 and", "", "something is missing at the end", "", "" },
	{ "or zone 1", "^^", "'or' does not fit here", "", "" },
	{ "", "", "something is missing at the end", "", "" },
	{ "all zone 1", "^^^", "'all' stands alone", "", "" },
	{ "rule \"no end", "     ^^^^^^^", "'rule' needs a value here", "", "" },
	{ "mark 0x100/0xf0", "     ^^^^^^^^^^",
	  "value 0x100 has bits that its mask 0xf0 has not", "", "" },
	{ "age 5x", "    ^^", "'5x' is not a number", "",
	  "allowed: seconds, or a time as 90s, 5m, 1h30m, 7d" },
	{ "sport ssh", "      ^^^", "'ssh' is not a number", "",
	  "allowed: 0 to 65535; names of services are not looked up" },
};

Test(filter, mistakes_are_located_and_explained)
{
	struct ctq_filter_error error;
	struct ctq_filter *filter;
	size_t i, offset;

	for (i = 0; i < BASE_ARRAY_LENGTH(mistakes); i++) {
		cr_assert_eq(ctq_filter_parse(&filter, mistakes[i].text, &error), -EINVAL,
		             "%s", mistakes[i].text);
		cr_assert_null(filter);
		cr_expect_str_eq(error.text, mistakes[i].message, "%s: '%s'",
		                 mistakes[i].text, error.text);
		cr_expect_str_eq(error.suggestion, mistakes[i].suggestion, "%s: '%s'",
		                 mistakes[i].text, error.suggestion);
		if (mistakes[i].hint)
			cr_expect_str_eq(error.hint, mistakes[i].hint, "%s: '%s'",
			                 mistakes[i].text, error.hint);
		offset = mistakes[i].carets[0] ? strspn(mistakes[i].carets, " ")
		                               : strlen(mistakes[i].text);
		cr_expect_eq(error.offset, offset, "%s: at %zu", mistakes[i].text,
		             error.offset);
		cr_expect_eq(error.length,
		             strlen(mistakes[i].carets + strspn(mistakes[i].carets, " ")),
		             "%s: %zu long", mistakes[i].text, error.length);
	}
	cr_assert_eq(ctq_filter_parse(&filter, "dport", NULL), -EINVAL,
	             "nobody wants to know");
}

Test(filter, limits_are_told)
{
	struct ctq_filter_error error;
	struct ctq_filter *filter;
	char text[16 * CTQ_FILTER_TERMS_MAX] = "";
	int i;

	for (i = 0; i < 40; i++)
		strcat(text, "(");
	cr_assert_eq(ctq_filter_parse(&filter, text, &error), -EINVAL);
	cr_assert_str_eq(error.text, "parentheses and 'not' stand more than 32 deep");
	text[0] = '\0';
	for (i = 0; i <= CTQ_FILTER_TERMS_MAX / 2; i++)
		strcat(text, "zone 1 ");
	cr_assert_eq(ctq_filter_parse(&filter, text, &error), -EINVAL);
	cr_assert_str_eq(error.text, "the filter has more than 256 terms");
}

/* ---- narrowing -------------------------------------------------------------------------- */

Test(filter, can_be_narrowed)
{
	struct ctq_filter *filter;
	char *terms;

	cr_assert_eq(ctq_filter_parse(&filter, "zone 1 or zone 2", NULL), 0);
	cr_assert_eq(ctq_filter_narrow(filter, "family ipv4", NULL), 0);
	cr_assert_eq(ctq_filter_narrow(filter, "all", NULL), 0);
	cr_assert_eq(ctq_filter_narrow(filter, "src 10.0.0.1 dst nowhere", NULL),
	             -EINVAL);
	terms = terms_of(filter);
	cr_assert_str_eq(terms, "and or (zone 1) (zone 2) (family ip)");
	free(terms);
	ctq_filter_destroy(filter);
	cr_assert_eq(ctq_filter_parse(&filter, "all", NULL), 0);
	cr_assert_eq(ctq_filter_narrow(filter, "zone 1", NULL), 0);
	terms = terms_of(filter);
	cr_assert_str_eq(terms, "(zone 1)");
	free(terms);
	ctq_filter_destroy(filter);
}

Test(filter, failing_allocation_leaks_nothing)
{
	static const char text[] =
		"state established or dport {1,2,3,4,5,6,7,8,9} rule x";
	struct help_memory memory;
	struct ctq_filter *filter;
	size_t n;
	int err;

	for (n = 0;; n++) {
		help_memory_init(&memory, n);
		err = client_filter_parse(&filter, text, NULL, &memory.memory);
		if (!err)
			break;
		cr_assert_eq(err, -ENOMEM);
		cr_assert_null(filter);
		cr_assert_eq(memory.live, 0);
	}
	cr_assert_gt(n, 4);
	ctq_filter_destroy(filter);
	cr_assert_eq(memory.live, 0);
}
