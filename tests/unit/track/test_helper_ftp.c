/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <string.h>

#include "base/base.h"
#include "help.h"

#define GREETING                      \
	{ '<', "220 ready\r\n", "" }, \
	{                             \
		'>', "USER a\r\n", "" \
	}
#define TO_CLIENT(port) "expect 198.51.100.2:* > 192.0.2.1:" #port
#define TO_SERVER(port) "expect 192.0.2.1:* > 198.51.100.2:" #port

static void play(uint8_t l3, const struct help_row *rows)
{
	struct help h;

	help_init(&h, "ftp", l3);
	help_play_rows_anywhere(&h, rows);
}

Test(helper_ftp, active)
{
	static const struct help_row rows[] = {
		GREETING,
		{ '>', "PORT 192,0,2,1,156,64\r\n", TO_CLIENT(40000) },
		{ '<', "200 ok\r\n", "" },
		{ '>', "port 192,0,2,1,0,20\r\n", TO_CLIENT(20) },
		{ '>', "EPRT |1|192.0.2.1|40001|\r\n", TO_CLIENT(40001) },
		{ '>', "EPRT !1!192.0.2.1!40002!\r\n", TO_CLIENT(40002) },
		{ '<', "PORT 198,51,100,2,156,64\r\n",
		  "" }, /* a server commands nothing */
		{ 0 },
	};

	play(AF_INET, rows);
}

Test(helper_ftp, passive)
{
	static const struct help_row rows[] = {
		GREETING,
		{ '<', "227 Entering Passive Mode (198,51,100,2,4,1)\r\n",
		  TO_SERVER(1025) },
		{ '<', "227 =198,51,100,2,4,2\r\n", TO_SERVER(1026) },
		{ '<', "229 Entering Extended Passive Mode (|||1027|)\r\n",
		  TO_SERVER(1027) },
		{ '<', "228 Long (198,51,100,2,4,2)\r\n", "" },
		{ '>', "227 (192,0,2,1,4,2)\r\n", "" },
		{ 0 },
	};

	play(AF_INET, rows);
}

Test(helper_ftp, over_ipv6)
{
	static const struct help_row rows[] = {
		GREETING,
		{ '>', "EPRT |2|2001:db8::1|40000|\r\n",
		  "expect 2001:db8:1::2:* > 2001:db8::1:40000" },
		{ '<', "229 Extended (|||1027|)\r\n",
		  "expect 2001:db8::1:* > 2001:db8:1::2:1027" },
		{ '>', "PORT 192,0,2,1,156,64\r\n", "" },
		{ '>', "EPRT |1|192.0.2.1|40000|\r\n", "" },
		{ '>', "EPRT |2|::ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255|1|\r\n",
		  "drop" },
		{ 0 },
	};

	play(AF_INET6, rows);
}

/* Nobody opens ports of others. */
Test(helper_ftp, addresses_of_others)
{
	static const struct help_row rows[] = {
		GREETING,
		{ '>', "PORT 10,0,0,5,0,22\r\n", "" },
		{ '>', "EPRT |1|10.0.0.5|22|\r\n", "" },
		{ '<', "227 (10,0,0,5,0,22)\r\n", "" },
		{ '>', "PORT 192,0,258,1,0,22\r\n", "" },
		{ '>', "PORT 192,0,4294967298,1,0,22\r\n", "" },
		{ '>', "PORT 192,0,2,1,0,0\r\n", "" },
		{ '<', "227 (198,51,100,2,0,0)\r\n", "" },
		{ '>', "EPRT |1|192.0.2.1|65558|\r\n", "" },
		{ '>', "EPRT |1|192.0.2.1|0|\r\n", "drop" },
		{ '<', "229 (|||4294967317|)\r\n", "" },
		{ 0 },
	};

	play(AF_INET, rows);
}

Test(helper_ftp, addresses_of_others_when_loose)
{
	static const struct help_row rows[] = {
		GREETING,
		{ '>', "PORT 10,0,0,5,0,22\r\n", "expect 198.51.100.2:* > 10.0.0.5:22" },
		{ '<', "227 (10,0,0,6,0,22)\r\n", "expect 192.0.2.1:* > 10.0.0.6:22" },
		{ '>', "PORT 192,0,258,1,0,22\r\n", "" },
		{ 0 },
	};
	struct help h;

	help_init(&h, "ftp", AF_INET);
	h.in.loose = true;
	help_play_rows_anywhere(&h, rows);
}

/* A server behind DNAT announces its own address; clients know it by another. */
Test(helper_ftp, follows_nat)
{
	static const struct help_row rows[] = {
		GREETING,
		{ '<', "227 (10,0,0,9,4,1)\r\n", TO_SERVER(1025) },
		{ '<', "229 (|||1026|)\r\n", TO_SERVER(1026) },
		{ '>', "PORT 192,0,2,1,4,1\r\n", "expect 10.0.0.9:* > 203.0.113.7:1025" },
		{ 0 },
	};
	struct help h;

	help_init(&h, "ftp", AF_INET);
	inet_pton(AF_INET, "10.0.0.9", h.in.tuple[TRACK_REPLY].src);
	inet_pton(AF_INET, "203.0.113.7", h.in.tuple[TRACK_REPLY].dst);
	help_play_rows_anywhere(&h, rows);
}

/* ---- lines -------------------------------------------------------------------------- */

Test(helper_ftp, only_at_the_beginning_of_a_line)
{
	static const struct help_row rows[] = {
		/* the first segment of a direction is of an unknown line */
		{ '>', "PORT 192,0,2,1,156,64\r\n", "" },
		{ '>', "NOOP\r\nPORT 192,0,2,1,156,64\r\n", "" },
		{ '>', "STOR ", "" },
		{ '>', "PORT 192,0,2,1,156,64\r\n", "" },
		{ '>', "PORT 192,0,2,1,156,64\r\n", TO_CLIENT(40000) },
		/* a gap: the segment that is missing may have ended in the middle of a line */
		{ '>', "PORT 192,0,2,1,156,64\r\n", "", .skip = 10 },
		{ '>', "PORT 192,0,2,1,156,64\r\n", TO_CLIENT(40000) },
		{ 0 },
	};

	play(AF_INET, rows);
}

Test(helper_ftp, sent_again)
{
	static const struct help_row rows[] = {
		GREETING,
		{ '>', "PORT 192,0,2,1,0,21\r\n", TO_CLIENT(21) },
		{ '>', "PORT 192,0,2,1,0,21\r\n", TO_CLIENT(21), .skip = -21 },
		{ '>', "PORT 192,0,2,1,0,22\r\n", TO_CLIENT(22) },
		/* the newline before last is remembered, older ones are not */
		{ '>', "PORT 192,0,2,1,0,22\r\n", TO_CLIENT(22), .skip = -21 },
		{ '>', "PORT 192,0,2,1,0,21\r\n", "", .skip = -42 },
		{ '>', "PORT 192,0,2,1,0,23\r\n", TO_CLIENT(23) },
		{ 0 },
	};

	play(AF_INET, rows);
}

/* What is dropped comes again, in one piece. */
Test(helper_ftp, in_two_segments)
{
	static const struct help_row rows[] = {
		GREETING,
		{ '>', "PO", "drop" },
		{ '>', "PORT 192,0,2,1", "drop", .skip = -2 },
		{ '>', "PORT 192,0,2,1,0,21", "drop", .skip = -2 },
		{ '>', "PORT 192,0,2,1,0,21\r\n", TO_CLIENT(21), .skip = -2 },
		{ 0 },
	};
	static const struct help_row passive[] = {
		GREETING,
		{ '<', "229 Entering", "drop" },
		{ '<', "229 Entering (|||10", "drop", .skip = -12 },
		{ '<', "229 Entering (|||10|)", TO_SERVER(10), .skip = -12 },
		{ 0 },
	};

	play(AF_INET, rows);
	play(AF_INET, passive);
}

Test(helper_ftp, malformed)
{
	static const char *const lines[] = {
		"PORT 192,0,2,1,0\r\n",
		"PORT 192,0,2,,1,0\r\n",
		"PORT 192,0,2,1,0,21x\r\n",
		"PORT a\r\n",
		"PORT\r\n",
		"EPRT |1|192.0.2.1|0|\r\n",
		"EPRT |1|192.0.2|21|\r\n",
		"EPRT |3|x|21|\r\n",
		"EPRT |1|192.0.2.1|21\r\n",
		"EPRT 11192.0.2.1121\r\n",
		"EPRT |\r\n",
		"EPRT |1|192.0.2.1|21a|\r\n",
		"EPRT |1|1111111111111111111111111111111111111111111111111|1|\r\n",
	};
	struct help_row rows[] = { GREETING, { '>', NULL, "drop" }, { 0 } };
	size_t i;

	for (i = 0; i < BASE_ARRAY_LENGTH(lines); i++) {
		rows[2].payload = lines[i];
		play(AF_INET, rows);
	}
}

/* The queue copied a part: its end is not the segment's, so nothing is dropped for it, and
 * the next segment may begin a line. */
Test(helper_ftp, copied_in_part)
{
	static const struct help_row rows[] = {
		GREETING,
		{ '>', "PORT 192,0,2,1,0,21\r\n", "", .cut = 5 },
		{ '>', "PORT 192,0,2,1,0,21\r\n", TO_CLIENT(21) },
		{ '<', "227 (198,51,100,2,4,1). Be welcome.\r\n", TO_SERVER(1025),
		  .cut = 15 },
		{ 0 },
	};

	play(AF_INET, rows);
}

Test(helper_ftp, before_the_connection_is_established)
{
	static const struct help_row rows[] = {
		{ '>', "USER a\r\n", "" },
		{ '>', "PORT 192,0,2,1,156,64\r\n", "" },
		{ 0 },
	};
	struct help h;

	help_init(&h, "ftp", AF_INET);
	h.in.established = false;
	help_play_rows_anywhere(&h, rows);
}

/* A flow that a tool made: its first segments count. */
Test(helper_ftp, picked_up)
{
	static const struct help_row rows[] = {
		{ '>', "PORT 192,0,2,1,156,64\r\n", TO_CLIENT(40000) },
		{ '<', "227 (198,51,100,2,4,1)\r\n", TO_SERVER(1025) },
		{ '>', "PORT 192,0,2,1,156,64\r\n", TO_CLIENT(40000) },
		{ '>', "PORT 192,0,2,1,156,64\r\n", "", .skip = 1 },
		{ 0 },
	};
	struct help h;

	help_init(&h, "ftp", AF_INET);
	h.helper->pick_up(h.state);
	help_play_rows_anywhere(&h, rows);
}
