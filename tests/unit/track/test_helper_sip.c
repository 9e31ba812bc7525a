/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "help.h"

#define INVITE             "INVITE sip:b@198.51.100.2 SIP/2.0\r\n"
#define REGISTER           "REGISTER sip:198.51.100.2 SIP/2.0\r\n"
#define CSEQ(value)        "CSeq: " value "\r\n"
#define BODY               "Content-Type: application/sdp\r\n\r\n"
#define SDP4               "v=0\r\no=a 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"
#define SDP4_B             "v=0\r\no=b 1 1 IN IP4 198.51.100.2\r\ns=-\r\nc=IN IP4 198.51.100.2\r\n"
#define ANSWER(code, cseq) "SIP/2.0 " #code " text\r\n" CSEQ(cseq)

/* The flow lives an hour after each of its packets. */
#define FLUSH         "flush 14"
#define TO_A(port, c) "expect 198.51.100.2:* > 192.0.2.1:" #port " class " #c
#define TO_B(port, c) "expect 192.0.2.1:* > 198.51.100.2:" #port " class " #c
#define AUDIO_A       TO_A(6000, 1) "; " TO_A(6001, 1)
#define AUDIO_B       TO_B(7000, 1) "; " TO_B(7001, 1)
#define CALLS(port)   "expect 198.51.100.2:* > 192.0.2.1:" #port " flags 3 for 3600 helped"
#define BINDING(port, s) \
	"refresh *:* > 192.0.2.1:" #port " for " #s "; flush 1 unless refreshed"

static void play(uint8_t l3, const struct help_row *rows)
{
	struct help h;

	help_init(&h, "sip", l3);
	help_play_rows(&h, rows);
	cr_expect_eq(h.res.timeout_s, 3600);
}

/* ---- calls ---------------------------------------------------------------------------- */

Test(helper_sip, a_call)
{
	static const struct help_row rows[] = {
		{ '>', INVITE CSEQ("1 INVITE") BODY SDP4 "m=audio 6000 RTP/AVP 0\r\n",
		  FLUSH "; " AUDIO_A },
		{ '<', ANSWER(100, "1 INVITE") "\r\n", "" },
		{ '<', ANSWER(183, "1 INVITE") BODY SDP4_B "m=audio 7000 RTP/AVP 0\r\n",
		  AUDIO_B },
		{ '>',
		  "PRACK sip:b@198.51.100.2 SIP/2.0\r\n" CSEQ("2 PRACK") BODY SDP4
		  "m=audio 6000 RTP/AVP 0\r\n",
		  AUDIO_A },
		{ '<', ANSWER(200, "2 PRACK") BODY SDP4_B "m=audio 7000 RTP/AVP 0\r\n",
		  AUDIO_B },
		{ '<', ANSWER(200, "1 INVITE") BODY SDP4_B "m=audio 7000 RTP/AVP 0\r\n",
		  AUDIO_B },
		{ '>',
		  "ACK sip:b@198.51.100.2 SIP/2.0\r\n" CSEQ("1 ACK") BODY SDP4
		  "m=audio 6000 RTP/AVP 0\r\n",
		  AUDIO_A },
		{ '>',
		  "UPDATE sip:b@198.51.100.2 SIP/2.0\r\n" CSEQ("3 UPDATE") BODY SDP4
		  "m=video 6002 RTP/AVP 31\r\n",
		  TO_A(6002, 2) "; " TO_A(6003, 2) },
		{ '<', ANSWER(200, "3 UPDATE") BODY SDP4_B "m=video 7002 RTP/AVP 31\r\n",
		  TO_B(7002, 2) "; " TO_B(7003, 2) },
		{ '<', "BYE sip:a@192.0.2.1 SIP/2.0\r\n" CSEQ("9 BYE") "\r\n", FLUSH },
		{ '>', ANSWER(200, "9 BYE") "\r\n", "" },
		{ 0 },
	};

	play(AF_INET, rows);
}

Test(helper_sip, an_error_ends_the_call_that_it_answers)
{
	static const struct help_row rows[] = {
		{ '>', INVITE CSEQ("7 INVITE") BODY SDP4 "m=audio 6000 RTP/AVP 0\r\n",
		  FLUSH "; " AUDIO_A },
		{ '>', "CANCEL sip:b@198.51.100.2 SIP/2.0\r\n" CSEQ("7 CANCEL") "\r\n",
		  "" },
		{ '<', ANSWER(200, "7 CANCEL") "\r\n", "" },
		{ '<', ANSWER(486, "6 INVITE") "\r\n", "" }, /* late */
		{ '<', ANSWER(487, "7 INVITE") "\r\n", FLUSH },
		{ '<', ANSWER(603, "7 OPTIONS") "\r\n", "" },
		{ 0 },
	};

	play(AF_INET, rows);
}

Test(helper_sip, media)
{
	static const struct help_row rows[] = {
		{ '>',
		  INVITE CSEQ("1 INVITE") BODY SDP4
		  "m=audio 6001 RTP/AVP 0\r\nm=video 6002/2 RTP/AVP 31\r\n"
		  "m=image 6004 udptl t38\r\n",
		  FLUSH "; " AUDIO_A "; " TO_A(6002, 2) "; " TO_A(6003, 2) "; " TO_A(
			  6004, 3) "; " TO_A(6005, 3) },
		/* more than three, and some that are none of ours or not used */
		{ '>',
		  INVITE CSEQ("2 INVITE") BODY SDP4
		  "m=application 6100 udp wb\r\nm=audio 0 RTP/AVP 0\r\n"
		  "m=video 6002 RTP/AVP 31\r\nm=audio 6000 RTP/AVP 0\r\n"
		  "m=audio 6200 RTP/AVP 0\r\nm=audio 6300 RTP/AVP 0\r\n",
		  FLUSH "; " TO_A(6002, 2) "; " TO_A(6003, 2) "; " AUDIO_A "; " TO_A(
			  6200, 1) "; " TO_A(6201, 1) },
		/* its own address, and the highest port */
		{ '>',
		  INVITE CSEQ("3 INVITE") BODY "v=0\nc=IN IP4 10.0.0.9\nm=audio 6100 "
		                               "RTP/AVP 0\nm=audio 65535 RTP/AVP "
		                               "0\nc=IN IP4 192.0.2.1/127\n",
		  FLUSH "; " TO_A(65534, 1) "; " TO_A(65535, 1) },
		{ '>',
		  INVITE CSEQ("4 INVITE") "\r\n"
		                          "v=0\r\nm=audio 6000 RTP/AVP 0\r\na=x\r\n"
		                          "c=IN IP4 192.0.2.1\r\nc=IN IP4 10.0.0.1\r\n",
		  FLUSH "; " AUDIO_A },
		/* among other parts */
		{ '>',
		  INVITE CSEQ(
			  "5 INVITE") "Content-Type: multipart/mixed;boundary=x\r\n\r\n"
		                      "--x\r\n\r\nc=IN IP4 10.0.0.1\r\nm=audio 1 x\r\n"
		                      "--x\r\nContent-Type: application/sdp\r\n\r\n" SDP4
		                      "m=audio 6000 RTP/AVP 0\r\n--x--\r\n",
		  FLUSH "; " AUDIO_A },
		{ 0 },
	};

	play(AF_INET, rows);
}

Test(helper_sip, over_ipv6)
{
	static const struct help_row rows[] = {
		{ '>',
		  INVITE CSEQ("1 INVITE") "\r\nv=0\r\nc=IN IP6 2001:db8::1\r\n"
		                          "m=audio 6000 RTP/AVP 0\r\n",
		  FLUSH "; expect 2001:db8:1::2:* > 2001:db8::1:6000 class 1; "
		        "expect 2001:db8:1::2:* > 2001:db8::1:6001 class 1" },
		{ '>',
		  REGISTER CSEQ(
			  "2 REGISTER") "m:<sip:a@[2001:db8::1]:5070>;expires=60\r\n\r\n",
		  "expect 2001:db8:1::2:* > 2001:db8::1:5070 flags 3 for 3600 helped" },
		{ '<',
		  ANSWER(200, "2 REGISTER") "Contact:<sip:a@[2001:db8::1]:5070>;expires="
		                            "9\r\n\r\n",
		  "refresh *:* > 2001:db8::1:5070 for 9; flush 1 unless refreshed" },
		{ '>', INVITE CSEQ("3 INVITE") BODY SDP4 "m=audio 6000 RTP/AVP 0\r\n",
		  "drop" },
		{ 0 },
	};

	play(AF_INET6, rows);
}

#define ELSEWHERE "v=0\r\nc=IN IP4 10.0.0.9\r\nm=audio 6000 RTP/AVP 0\r\n"

Test(helper_sip, addresses_of_others)
{
	static const struct help_row rows[] = {
		{ '>', INVITE CSEQ("1 INVITE") BODY ELSEWHERE, FLUSH },
		{ '>',
		  REGISTER CSEQ(
			  "2 REGISTER") "Contact: <sip:a@10.0.0.9>;expires=60\r\n\r\n",
		  "" },
		{ '<', ANSWER(200, "1 INVITE") BODY SDP4 "m=audio 22222 RTP/AVP 0\r\n",
		  "" },
		{ 0 },
	};
	static const struct help_row loose[] = {
		{ '>', INVITE CSEQ("1 INVITE") BODY ELSEWHERE,
		  FLUSH "; expect *:* > 10.0.0.9:6000 class 1; "
		        "expect *:* > 10.0.0.9:6001 class 1" },
		{ '>',
		  REGISTER CSEQ(
			  "2 REGISTER") "Contact: <sip:a@10.0.0.9>;expires=60\r\n\r\n",
		  "" },
		{ 0 },
	};
	struct help h;

	play(AF_INET, rows);
	help_init(&h, "sip", AF_INET);
	h.in.loose = true;
	help_play_rows(&h, loose);
}

/* Client and server are known to each other by other addresses than their own. Either
 * announces its own, or the one that it was told to announce. */
Test(helper_sip, follows_nat)
{
#define NAT_TO_A(port) "expect 10.0.0.9:* > 203.0.113.7:" #port
	static const struct help_row rows[] = {
		{ '>', INVITE CSEQ("1 INVITE") BODY SDP4 "m=audio 6000 RTP/AVP 0\r\n",
		  FLUSH "; " NAT_TO_A(6000) " class 1; " NAT_TO_A(6001) " class 1" },
		{ '<',
		  ANSWER(200, "1 INVITE") BODY "v=0\r\nc=IN IP4 10.0.0.9\r\n"
		                               "m=audio 7000 RTP/AVP 0\r\n",
		  AUDIO_B },
		{ '<', ANSWER(200, "1 INVITE") BODY SDP4_B "m=audio 7000 RTP/AVP 0\r\n",
		  AUDIO_B },
		{ '>',
		  REGISTER CSEQ(
			  "2 REGISTER") "Contact: <sip:a@192.0.2.1>;expires=60\r\n\r\n",
		  NAT_TO_A(5060) " flags 3 for 3600 helped" },
		{ '<',
		  ANSWER(200,
		         "2 REGISTER") "Contact: <sip:a@192.0.2.1>;expires=60\r\n\r\n",
		  "refresh *:* > 203.0.113.7:5060 for 60; flush 1 unless refreshed" },
		{ 0 },
	};
	struct help h;

	help_init(&h, "sip", AF_INET);
	inet_pton(AF_INET, "10.0.0.9", h.in.tuple[TRACK_REPLY].src);
	inet_pton(AF_INET, "203.0.113.7", h.in.tuple[TRACK_REPLY].dst);
	help_play_rows(&h, rows);
}

/* ---- registrations --------------------------------------------------------------------- */

Test(helper_sip, a_registration)
{
	static const struct help_row rows[] = {
		{ '>',
		  REGISTER CSEQ(
			  "1 REGISTER") "Contact: \"A, a\" <sip:a@192.0.2.1:5062>\r\n"
		                        "Expires: 600\r\n\r\n",
		  CALLS(5062) },
		{ '<', ANSWER(100, "1 REGISTER") "\r\n", "" },
		{ '<',
		  ANSWER(200, "1 REGISTER") "Expires: 300\r\nContact: "
		                            "<sip:a@192.0.2.1:5062>\r\n\r\n",
		  BINDING(5062, 300) },
		/* refused, by a late answer and by one that counts */
		{ '>',
		  REGISTER CSEQ("2 REGISTER") "Contact: <sip:a@192.0.2.1:5062>\r\n"
		                              "Expires: 600\r\n\r\n",
		  CALLS(5062) },
		{ '<', ANSWER(403, "1 REGISTER") "\r\n", "" },
		{ '<', ANSWER(401, "2 REGISTER") "\r\n", "flush 1 unless refreshed" },
		/* the end */
		{ '>',
		  REGISTER CSEQ(
			  "3 REGISTER") "Contact: <sip:a@192.0.2.1:5062>;expires=0\r\n"
		                        "Expires: 600\r\n\r\n",
		  "" },
		{ '<', ANSWER(200, "3 REGISTER") "\r\n", "flush 1 unless refreshed" },
		{ 0 },
	};

	play(AF_INET, rows);
}

Test(helper_sip, contacts)
{
	static const struct help_row rows[] = {
		{ '>',
		  REGISTER CSEQ("1 REGISTER") "Contact: <mailto:a@192.0.2.1>, "
		                              "<sip:a@phone.example>\r\nExpires: 60\r\n"
		                              "m: <sip:192.0.2.1;transport=udp>\r\n\r\n",
		  CALLS(5060) },
		{ '<',
		  ANSWER(200,
		         "1 REGISTER") "Contact: <sip:a@10.0.0.1>;expires=9,\r\n"
		                       "\t<sip:a@192.0.2.1:5070;transport=tcp>,\r\n"
		                       " sip:a@192.0.2.1:5060;q=0.5; expires=90\r\n"
		                       "Contact: <sip:a@192.0.2.1:6060>;expires=0\r\n"
		                       "Contact: "
		                       "<sip:a@192.0.2.1:7060>;expires=8\r\n\r\n",
		  BINDING(5060, 90) },
		{ '>',
		  REGISTER CSEQ(
			  "2 REGISTER") "Contact: <sip:a@192.0.2.1;transport=tcp>\r\n"
		                        "Expires: 60\r\n\r\n",
		  "" },
		{ '>',
		  REGISTER CSEQ("2 REGISTER") "Contact: <sip:a@192.0.2.1:22>\r\n"
		                              "Expires: 60\r\n\r\n",
		  "drop" },
		{ '>', REGISTER CSEQ("2 REGISTER") "Contact: *\r\nExpires: 60\r\n\r\n",
		  "" },
		{ '>',
		  REGISTER CSEQ("3 REGISTER") "Contact: <sip:192.0.2.1>;expires="
		                              "99999999999\r\n\r\n",
		  CALLS(5060) },
		{ '<',
		  ANSWER(200, "3 REGISTER") "Contact: "
		                            "<sip:192.0.2.1>;expires=99999999999\r\n\r\n",
		  BINDING(5060, 4294967295) },
		{ '<',
		  ANSWER(200,
		         "3 REGISTER") "Contact: <sip:192.0.2.1:65536>;expires=9\r\n\r\n",
		  "drop" },
		{ 0 },
	};

	play(AF_INET, rows);
}

/* All that fit, and the flush behind them. */
Test(helper_sip, many_contacts)
{
	char text[4096] = ANSWER(200, "1 REGISTER");
	struct help h;
	int i;

	help_init(&h, "sip", AF_INET);
	h.state[0] = (uint64_t)1 << 32 | 1; /* the first INVITE and REGISTER */
	for (i = 0; i < 20; i++)
		sprintf(text + strlen(text), "Contact: <sip:192.0.2.1:%d>;expires=9\r\n",
		        5000 + i);
	strcat(text, "\r\n");
	h.in.length = (uint32_t)strlen(text);
	help_packet(&h, TRACK_REPLY, text, strlen(text));
	cr_assert_eq(h.res.length, HELPER_ACTIONS_MAX);
	cr_assert_eq(h.res.actions[HELPER_ACTIONS_MAX - 1].kind,
	             HELPER_FLUSH_UNLESS_REFRESHED);
}

/* Who was called by a registrar does not register by that. */
Test(helper_sip, an_expected_flow_registers_nothing)
{
	static const struct help_row rows[] = {
		{ '>',
		  REGISTER CSEQ(
			  "1 REGISTER") "Contact: <sip:192.0.2.1>;expires=9\r\n\r\n",
		  "" },
		{ 0 },
	};
	struct help h;

	help_init(&h, "sip", AF_INET);
	h.in.status = TRACK_EXPECTED;
	help_play_rows(&h, rows);
}

/* ---- how it may be written ----------------------------------------------------------------- */

Test(helper_sip, forms)
{
	static const struct help_row rows[] = {
		/* lines that go on, blanks, any case, one kind of newline each */
		{ '>',
		  "register sip:198.51.100.2 SIP/2.0\n"
		  "cseq \t:\n  5\n\tregister\n"
		  "M\n :\n <sip:a@192.0.2.1>\n ;expires=60\n\n",
		  CALLS(5060) },
		{ '<', "SIP/2.0 200 OK\rCSeq:5 REGISTER\rm:<sip:192.0.2.1>;expires=7\r\r",
		  BINDING(5060, 7) },
		/* names that begin like others, and what only looks like a header */
		{ '>',
		  INVITE "CSeqX: 9 BYE\r\nMax-Forwards: 70\r\n CSeq: 9 BYE\r\n" CSEQ(
			  "6 INVITE") BODY SDP4 "m=audio 6000 RTP/AVP 0\r\n",
		  FLUSH "; " AUDIO_A },
		{ '>',
		  "INVITEX sip:x SIP/2.0\r\n" CSEQ("6 INVITEX") BODY SDP4
		  "m=audio 22 x\r\n",
		  "" },
		{ '<', ANSWER(200, "6 INVITEX") BODY SDP4 "m=audio 22 x\r\n", "" },
		{ '>', "OPTIONS sip:x SIP/2.0\r\n\r\n", "" },
		{ '>', "\r\n\r\n", "" },
		{ 0 },
	};

	play(AF_INET, rows);
}

Test(helper_sip, what_is_wrong_is_dropped)
{
	static const struct help_row rows[] = {
		{ '<', "SIP/2.0 abc def\r\n\r\n", "drop" },
		{ '<', "SIP/2.0 000 def\r\n\r\n", "drop" },
		{ '<', "SIP/2.0 200 OK\r\n\r\n", "drop" },
		{ '<', "SIP/2.0 200 OK\r\n" CSEQ("x INVITE") "\r\n", "drop" },
		{ '<', "SIP/2.0 200 OK\r\n" CSEQ("0 INVITE") "\r\n", "drop" },
		{ '<', "SIP/2.0 200 OK\r\n" CSEQ("1 INVITE"), "" },
		{ '<', "SIP/2.0 200 OK\r\n" CSEQ("1"), "" },
		{ '>', INVITE "\r\n", "drop" },
		{ '>', INVITE, "drop" },
		{ '>', INVITE CSEQ("1 INVITE") BODY SDP4 "m=audio 1023 x\r\n", "drop" },
		{ '>', INVITE CSEQ("1 INVITE") BODY SDP4 "m=audio 65536 x\r\n", "drop" },
		{ '>', INVITE CSEQ("1 INVITE") BODY "v=0\r\nm=audio 6000 x\r\n", "drop" },
		{ '>',
		  INVITE CSEQ("1 INVITE") BODY
		  "v=0\r\nc=IN IP4 host\r\nm=audio 6000 x\r\n",
		  "drop" },
		{ '>',
		  INVITE CSEQ("1 INVITE") BODY SDP4 "m=audio \r\nm=audio\r\nm=\r\nc=\r\n",
		  FLUSH },
		{ 0 },
	};

	play(AF_INET, rows);
}

/* Only what was copied as whole lines counts, and nothing is dropped for the rest. */
Test(helper_sip, what_was_not_copied)
{
	static const struct help_row rows[] = {
		{ '>',
		  INVITE CSEQ("1 INVITE") BODY SDP4 "m=audio 6000 RTP/AVP 0\r\n"
		                                    "m=video 6002 x\r\na=12345\r\n",
		  FLUSH "; " AUDIO_A, .cut = 4 },
		{ '>', INVITE CSEQ("1 INVITE") BODY SDP4 "m=audio 6000\r\n", FLUSH,
		  .cut = 3 },
		{ '>',
		  REGISTER CSEQ(
			  "1 REGISTER") "Contact: <sip:192.0.2.1>;expires=60\r\n\r\n",
		  "", .cut = 4 },
		{ '>', INVITE "Subject: x\r\n" CSEQ("1 INVITE") "\r\n", "", .cut = 4 },
		{ 0 },
	};

	play(AF_INET, rows);
}

/* Any beginning of a message, and any byte of it changed: nothing that is not the sender's. */
Test(helper_sip, damaged)
{
	static const char message[] = INVITE CSEQ(
		"1 INVITE") "Contact: <sip:a@192.0.2.1>\r\n" BODY
		SDP4 "m=audio 6000 RTP/AVP 0\r\nm=video 6002 x\r\nc=IN IP4 192.0.2.1\r\n";
	const size_t length = sizeof(message) - 1;
	char copy[sizeof(message)];
	struct help h;
	unsigned int i;
	size_t n;
	int c;

	for (n = 1; n <= length; n++)
		for (c = 0; c < 256; c += c < 128 ? 1 : 127) {
			help_init(&h, "sip", AF_INET);
			memcpy(copy, message, length);
			copy[length - n] = (char)c;
			h.in.length = (uint32_t)length;
			help_packet(&h, TRACK_ORIGINAL, copy, c % 2 ? length : n);
			for (i = 0; i < h.res.length; i++)
				if (h.res.actions[i].kind == HELPER_EXPECT)
					cr_assert_arr_eq(h.res.actions[i].tuple.dst,
					                 h.in.tuple[0].src, 4);
		}
}
