/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Associations of SCTP, packet by packet. The packets are bytes that packet_parse() has
 * read, since the machine walks the chunks itself. The client's tag is 0xc, the server's
 * 0x5: a packet carries the tag of the one who receives it.
 */
#include <criterion/criterion.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "play.h"

/* -- building packets ------------------------------------------------------- */

static const char *const chunk_names[] = {
	"DATA",          "INIT",       "INIT_ACK", "SACK",         "HEARTBEAT",
	"HEARTBEAT_ACK", "ABORT",      "SHUTDOWN", "SHUTDOWN_ACK", "ERROR",
	"COOKIE_ECHO",   "COOKIE_ACK", "ECNE",     "CWR",          "SHUTDOWN_COMPLETE",
};

#define IP_BYTES     20
#define SCTP_BYTES   12
#define PACKET_BYTES 256

struct bytes {
	uint8_t data[PACKET_BYTES];
	uint16_t length;
};

static void put_be16(struct bytes *b, uint16_t value)
{
	b->data[b->length++] = (uint8_t)(value >> 8);
	b->data[b->length++] = (uint8_t)value;
}

static void put_be32(struct bytes *b, uint32_t value)
{
	put_be16(b, (uint16_t)(value >> 16));
	put_be16(b, (uint16_t)value);
}

static uint8_t chunk_type(const char *name, size_t length)
{
	size_t i;

	for (i = 0; i < BASE_ARRAY_LENGTH(chunk_names); i++)
		if (strlen(chunk_names[i]) == length &&
		    strncmp(chunk_names[i], name, length) == 0)
			return (uint8_t)i;
	/* types that the tracker does not know */
	if (length == 6 && strncmp(name, "ASCONF", 6) == 0)
		return 0xc1;
	if (length == 6 && strncmp(name, "TYPE15", 6) == 0)
		return 15;
	cr_assert_fail("no chunk %.*s", (int)length, name);
	return 0;
}

/* "NAME", "NAME/T" with the T flag, "NAME=12" with an initiate tag, in hex. */
static void put_chunk(struct bytes *b, const char *text, size_t length)
{
	size_t name = strcspn(text, "=/ ");
	uint8_t type = chunk_type(text, name < length ? name : length);
	bool init = type == 1 || type == 2;
	const char *tag = memchr(text, '=', length);

	b->data[b->length++] = type;
	b->data[b->length++] = memchr(text, '/', length) != NULL;
	put_be16(b, init ? 20 : 6);
	if (!init) {
		put_be32(b, 0); /* two bytes, and padding */
		return;
	}
	put_be32(b, tag ? (uint32_t)strtoul(tag + 1, NULL, 16) : 0);
	put_be32(b, 65536);
	put_be32(b, 1 << 16 | 1);
	put_be32(b, 1);
}

static void put_chunks(struct bytes *b, const char *text)
{
	size_t length;

	for (; *text; text += length + (text[length] == ' ')) {
		length = strcspn(text, " ");
		put_chunk(b, text, length);
	}
}

static uint16_t ip_checksum(const uint8_t *header)
{
	uint32_t sum = 0;
	int i;

	for (i = 0; i < IP_BYTES; i += 2)
		sum += (uint32_t)(header[i] << 8 | header[i + 1]);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t) ~(sum + (sum >> 16));
}

/* Bytes that need not be there are not captured: @cut of them, from the end. */
static struct packet sctp_packet(struct bytes *b, uint32_t tag, const char *chunks,
                                 uint16_t cut)
{
	struct packet p = { .data = b->data, .family = AF_INET };
	uint16_t sum;

	memset(b, 0, sizeof(*b));
	b->length = IP_BYTES;
	put_be32(b, 1024 << 16 | 3868);
	put_be32(b, tag);
	put_be32(b, 0);
	put_chunks(b, chunks);
	b->data[0] = 0x45;
	b->data[2] = (uint8_t)(b->length >> 8);
	b->data[3] = (uint8_t)b->length;
	b->data[8] = 64;
	b->data[9] = IPPROTO_SCTP;
	b->data[12] = b->data[16] = 10;
	b->data[15] = 1;
	b->data[19] = 2;
	sum = ip_checksum(b->data);
	b->data[10] = (uint8_t)(sum >> 8);
	b->data[11] = (uint8_t)sum;
	p.length = b->length;
	p.captured = b->length - cut;
	packet_parse(&p);
	return p;
}

/* -- playing ---------------------------------------------------------------- */

#define BAD_TAG   CTQ_INVALID_SCTP_VTAG
#define BAD_STATE CTQ_INVALID_SCTP_STATE
#define BAD_CHUNK CTQ_INVALID_SCTP_CHUNK

struct row {
	char dir;
	uint32_t tag;
	const char *chunks;
	int fate;
	const char *state; /* NULL: no flow */
	uint32_t timeout;
	const char *status;
};

static void play_row(struct play *play, const struct row *row, int number)
{
	struct bytes b;
	struct packet p = sctp_packet(&b, row->tag, row->chunks, 0);
	int fate = p.invalid
	                   ? (int)p.invalid
	                   : (int)play_packet(
				     play, row->dir == '<' ? TRACK_REPLY : TRACK_ORIGINAL,
				     &p);

	cr_assert_eq(fate, row->fate, "row %d (%s): fate %d, not %d; state %s", number,
	             row->chunks, fate, row->fate,
	             play->open ? track_state_name(play->proto, &play->state) : "none");
	cr_assert_eq(play->open, row->state != NULL, "row %d (%s)", number, row->chunks);
	if (!row->state || p.invalid)
		return;
	cr_assert_str_eq(track_state_name(play->proto, &play->state), row->state,
	                 "row %d (%s): %s, not %s", number, row->chunks,
	                 track_state_name(play->proto, &play->state), row->state);
	cr_assert_eq(play->res.timeout_s, row->timeout, "row %d (%s): timeout %u, not %u",
	             number, row->chunks, play->res.timeout_s, row->timeout);
	cr_assert_str_eq(play_status(play), row->status, "row %d (%s): status \"%s\"",
	                 number, row->chunks, play_status(play));
}

static void play_rows(struct play *play, const struct row *rows)
{
	const struct row *row;

	for (row = rows; row->chunks; row++)
		play_row(play, row, (int)(row - rows) + 1);
}

static void play_new(const struct row *rows)
{
	struct play play;

	play_init(&play, IPPROTO_SCTP);
	play_rows(&play, rows);
}

/* clang-format off */

#define HANDSHAKE \
	{ '>', 0,   "INIT=c",           OK, "CLOSED",        10,  "" }, \
	{ '<', 0xc, "INIT_ACK=5",       OK, "COOKIE_WAIT",   3,   "r" }, \
	{ '>', 0x5, "COOKIE_ECHO DATA", OK, "COOKIE_ECHOED", 3,   "r" }, \
	{ '<', 0xc, "COOKIE_ACK SACK",  OK, "ESTABLISHED",   210, "ra" }

Test(sctp, opens_and_is_shut_down_by_the_client)
{
	static const struct row rows[] = {
		HANDSHAKE,
		{ '>', 0x5, "DATA",              OK, "ESTABLISHED",       210, "ra" },
		{ '<', 0xc, "SACK DATA ASCONF",  OK, "ESTABLISHED",       210, "ra" },
		{ '>', 0x5, "SHUTDOWN",          OK, "SHUTDOWN_SENT",     3,   "ra" },
		{ '<', 0xc, "SHUTDOWN_ACK",      OK, "SHUTDOWN_ACK_SENT", 3,   "ra" },
		{ '>', 0x5, "SHUTDOWN_COMPLETE", OK, "CLOSED",            10,  "ra" },
		{ 0 },
	};

	play_new(rows);
}

Test(sctp, is_shut_down_by_the_server_and_opened_again)
{
	static const struct row rows[] = {
		HANDSHAKE,
		{ '<', 0xc, "SHUTDOWN",          OK,      "SHUTDOWN_RECD",     3,  "ra" },
		{ '>', 0x5, "SHUTDOWN_ACK",      OK,      "SHUTDOWN_ACK_SENT", 3,  "ra" },
		{ '<', 0xc, "SHUTDOWN_COMPLETE", OK,      "CLOSED",            10, "ra" },
		/* the question refreshes nothing, its answer does */
		{ '>', 0,   "INIT=d",            IGNORED, "CLOSED",            0,  "ra" },
		{ '<', 0xd, "INIT_ACK=6",        OK,      "COOKIE_WAIT",       3,  "ra" },
		{ 0 },
	};

	play_new(rows);
}

Test(sctp, init_sent_again_refreshes_nothing)
{
	static const struct row rows[] = {
		{ '>', 0,   "INIT=c",     OK,      "CLOSED",      10, "" },
		{ '>', 0,   "INIT=c",     IGNORED, "CLOSED",      0,  "" },
		{ '<', 0xc, "INIT_ACK=5", OK,      "COOKIE_WAIT", 3,  "r" },
		{ '>', 0,   "INIT=c",     OK,      "COOKIE_WAIT", 3,  "r" },
		{ 0 },
	};

	play_new(rows);
}

Test(sctp, every_packet_needs_its_tag)
{
	static const struct row rows[] = {
		{ '>', 7,   "INIT=c",              BAD_TAG, NULL,                0,  "" },
		HANDSHAKE,
		{ '>', 0xc, "DATA",                BAD_TAG, "ESTABLISHED",       0,  "ra" },
		{ '<', 0x5, "SACK",                BAD_TAG, "ESTABLISHED",       0,  "ra" },
		{ '>', 7,   "COOKIE_ECHO",         BAD_TAG, "ESTABLISHED",       0,  "ra" },
		{ '>', 7,   "INIT=1",              BAD_TAG, "ESTABLISHED",       0,  "ra" },
		{ '>', 7,   "SHUTDOWN",            BAD_TAG, "ESTABLISHED",       0,  "ra" },
		{ '>', 7,   "ABORT",               BAD_TAG, "ESTABLISHED",       0,  "ra" },
		{ '>', 0xc, "ABORT",               BAD_TAG, "ESTABLISHED",       0,  "ra" },
		{ '>', 0x5, "ABORT/T",             BAD_TAG, "ESTABLISHED",       0,  "ra" },
		{ '>', 0xc, "ABORT/T",             OK,      "CLOSED",            10, "ra" },
		{ 0 },
	};

	play_new(rows);
}

Test(sctp, shutdown_complete_may_reflect_the_tag)
{
	static const struct row rows[] = {
		HANDSHAKE,
		{ '>', 0x5, "SHUTDOWN",            OK,      "SHUTDOWN_SENT",     3,  "ra" },
		{ '<', 7,   "SHUTDOWN_ACK",        OK,      "SHUTDOWN_ACK_SENT", 3,  "ra" },
		{ '>', 7,   "SHUTDOWN_COMPLETE",   BAD_TAG, "SHUTDOWN_ACK_SENT", 0,  "ra" },
		{ '>', 0x5, "SHUTDOWN_COMPLETE/T", BAD_TAG, "SHUTDOWN_ACK_SENT", 0,  "ra" },
		{ '>', 0xc, "SHUTDOWN_COMPLETE/T", OK,      "CLOSED",            10, "ra" },
		{ 0 },
	};

	play_new(rows);
}

Test(sctp, aborted)
{
	static const struct row rows[] = {
		{ '>', 0,   "INIT=c",  OK,        "CLOSED", 10, "" },
		{ '<', 0xc, "ABORT",   OK,        "CLOSED", 10, "r" },
		{ 0 },
	};

	play_new(rows);
}

/* A stale cookie: the server says so, and the client begins anew. */
Test(sctp, error_in_the_handshake)
{
	static const struct row rows[] = {
		{ '>', 0,   "INIT=c",      OK, "CLOSED",        10, "" },
		{ '<', 0xc, "INIT_ACK=5",  OK, "COOKIE_WAIT",   3,  "r" },
		{ '>', 0x5, "COOKIE_ECHO", OK, "COOKIE_ECHOED", 3,  "r" },
		{ '<', 0xc, "ERROR",       OK, "CLOSED",        10, "r" },
		{ 0 },
	};

	play_new(rows);
}

/* RFC 9260, 8.4: out of the blue. */
Test(sctp, what_opens_no_flow)
{
	static const struct row rows[] = {
		{ '>', 1, "DATA",              BAD_STATE, NULL, 0, "" },
		{ '>', 1, "SACK",              BAD_STATE, NULL, 0, "" },
		{ '>', 1, "ASCONF",            BAD_STATE, NULL, 0, "" },
		{ '>', 1, "ABORT",             BAD_STATE, NULL, 0, "" },
		{ '>', 1, "COOKIE_ACK",        BAD_STATE, NULL, 0, "" },
		{ '>', 1, "SHUTDOWN_COMPLETE", BAD_STATE, NULL, 0, "" },
		{ '>', 1, "COOKIE_ECHO",       BAD_TAG,   NULL, 0, "" },
		{ '>', 1, "COOKIE_ECHO DATA",  BAD_STATE, NULL, 0, "" },
		{ '>', 1, "SHUTDOWN",          BAD_TAG,   NULL, 0, "" },
		{ '>', 1, "ERROR",             BAD_TAG,   NULL, 0, "" },
		{ '>', 1, "INIT_ACK=5",        BAD_TAG,   NULL, 0, "" },
		{ 0 },
	};

	play_new(rows);
}

/* Nor are these believed to be of an association, but the kernel makes a flow of them: a
 * tag of 0 is what a flow without tags expects. */
Test(sctp, what_opens_a_closed_flow)
{
	static const char *const chunks[] = { "INIT_ACK=5", "SHUTDOWN", "ERROR", "COOKIE_ECHO" };
	size_t i;

	for (i = 0; i < BASE_ARRAY_LENGTH(chunks); i++)
		play_new((const struct row[]){ { '>', 0, chunks[i], OK, "CLOSED", 10, "" }, { 0 } });
	play_new((const struct row[]){
		{ '>', 1, "HEARTBEAT_ACK", OK, "CLOSED", 10, "" },
		{ 0 },
	});
	play_new((const struct row[]){
		{ '>', 1, "SHUTDOWN_ACK", OK, "SHUTDOWN_ACK_SENT", 3, "" },
		{ '<', 1, "SHUTDOWN_COMPLETE", OK, "CLOSED", 10, "r" },
		{ 0 },
	});
	play_new((const struct row[]){
		{ '>', 1, "SHUTDOWN_ACK", OK, "SHUTDOWN_ACK_SENT", 3, "" },
		{ '<', 1, "DATA", OK, "SHUTDOWN_ACK_SENT", 3, "r" },
		{ '<', 0, "DATA", BAD_TAG, "SHUTDOWN_ACK_SENT", 0, "r" },
		{ 0 },
	});
}

/* An association's second path: known by heartbeats alone. */
Test(sctp, second_path)
{
	static const struct row rows[] = {
		{ '>', 0x5, "HEARTBEAT",     OK,        "HEARTBEAT_SENT", 30,  "" },
		{ '<', 0xc, "DATA",          BAD_TAG,   "HEARTBEAT_SENT", 0,   "" },
		{ '<', 0xc, "SHUTDOWN_ACK",  BAD_STATE, "HEARTBEAT_SENT", 0,   "" },
		{ '<', 0xc, "HEARTBEAT",     OK,        "HEARTBEAT_SENT", 30,  "r" },
		{ '<', 0xc, "HEARTBEAT_ACK", OK,        "ESTABLISHED",    210, "ra" },
		{ '>', 0x5, "DATA",          OK,        "ESTABLISHED",    210, "ra" },
		{ '<', 0xc, "SACK",          OK,        "ESTABLISHED",    210, "ra" },
		{ 0 },
	};

	play_new(rows);
}

/* The association was renewed on another path: both tags are learned again. */
Test(sctp, second_path_learns_new_tags)
{
	static const struct row rows[] = {
		{ '>', 0x5, "HEARTBEAT",      OK,      "HEARTBEAT_SENT", 30,  "" },
		{ '<', 0xc, "HEARTBEAT_ACK",  OK,      "ESTABLISHED",    210, "ra" },
		{ '<', 0xd, "HEARTBEAT_ACK",  BAD_TAG, "ESTABLISHED",    0,   "ra" },
		{ '>', 0x6, "HEARTBEAT DATA", BAD_TAG, "ESTABLISHED",    0,   "ra" },
		{ '>', 0x6, "HEARTBEAT",      IGNORED, "ESTABLISHED",    0,   "ra" },
		{ '>', 0x6, "HEARTBEAT_ACK",  BAD_TAG, "ESTABLISHED",    0,   "ra" },
		{ '<', 0xd, "HEARTBEAT_ACK",  OK,      "ESTABLISHED",    210, "ra" },
		{ '>', 0x6, "HEARTBEAT",      OK,      "ESTABLISHED",    210, "ra" },
		{ '>', 0x6, "DATA",           OK,      "ESTABLISHED",    210, "ra" },
		{ '<', 0xd, "DATA",           OK,      "ESTABLISHED",    210, "ra" },
		{ 0 },
	};

	play_new(rows);
}

/* A forged heartbeat that nobody answers leaves no trace. */
Test(sctp, a_wrong_heartbeat_is_forgotten)
{
	static const struct row rows[] = {
		HANDSHAKE,
		{ '>', 0x6, "HEARTBEAT",     IGNORED, "ESTABLISHED", 0,   "ra" },
		{ '>', 0x5, "HEARTBEAT",     OK,      "ESTABLISHED", 210, "ra" },
		{ '<', 0xd, "HEARTBEAT_ACK", BAD_TAG, "ESTABLISHED", 0,   "ra" },
		{ '<', 0xc, "HEARTBEAT_ACK", OK,      "ESTABLISHED", 210, "ra" },
		{ 0 },
	};

	play_new(rows);
}

/* Both sides send INIT; a late INIT ACK with another tag must change nothing. */
Test(sctp, both_open)
{
	static const struct row rows[] = {
		{ '>', 0,   "INIT=c",      OK,      "CLOSED",        10,  "" },
		{ '<', 0,   "INIT=5",      IGNORED, "CLOSED",        0,   "r" },
		{ '>', 0x5, "INIT_ACK=c",  OK,      "CLOSED",        10,  "r" },
		{ '<', 0xc, "INIT_ACK=99", BAD_TAG, "CLOSED",        0,   "r" },
		{ '<', 0xc, "INIT_ACK=5",  OK,      "COOKIE_WAIT",   3,   "r" },
		{ '<', 0xc, "COOKIE_ECHO", OK,      "COOKIE_ECHOED", 3,   "r" },
		{ '>', 0x5, "COOKIE_ACK",  OK,      "ESTABLISHED",   210, "ra" },
		/* the handshake is over: a late one is not believed, an agreed one is */
		{ '<', 0xc, "INIT_ACK=99", BAD_TAG, "ESTABLISHED",   0,   "ra" },
		{ '<', 0xc, "INIT_ACK=5",  OK,      "ESTABLISHED",   210, "ra" },
		{ 0 },
	};

	play_new(rows);
}

/* Both sent INIT, and the client begins anew: what the server sent is void. */
Test(sctp, both_open_and_one_begins_anew)
{
	static const struct row rows[] = {
		{ '>', 0,   "INIT=c",      OK,      "CLOSED",      10, "" },
		{ '<', 0,   "INIT=5",      IGNORED, "CLOSED",      0,  "r" },
		{ '>', 0,   "INIT=d",      IGNORED, "CLOSED",      0,  "r" },
		{ '<', 0xd, "INIT_ACK=99", OK,      "COOKIE_WAIT", 3,  "r" },
		{ 0 },
	};

	play_new(rows);
}

/* An INIT that says nothing new does not make a late INIT ACK believed. */
Test(sctp, stale_init)
{
	static const struct row rows[] = {
		HANDSHAKE,
		{ '>', 0,   "INIT=c",      OK,      "ESTABLISHED", 210, "ra" },
		{ '<', 0xc, "INIT_ACK=99", BAD_TAG, "ESTABLISHED", 0,   "ra" },
		/* one with a new tag does: the client has begun anew */
		{ '>', 0,   "INIT=d",      OK,      "ESTABLISHED", 210, "ra" },
		{ '<', 0xd, "INIT_ACK=6",  OK,      "ESTABLISHED", 210, "ra" },
		{ '>', 0x6, "COOKIE_ECHO", OK,      "ESTABLISHED", 210, "ra" },
		{ 0 },
	};

	play_new(rows);
}

/* All chunks or none. */
Test(sctp, a_bad_chunk_undoes_those_before_it)
{
	static const struct row rows[] = {
		{ '>', 0,   "INIT=c",             OK,      "CLOSED",        10, "" },
		{ '<', 0xc, "INIT_ACK=5",         OK,      "COOKIE_WAIT",   3,  "r" },
		{ '>', 0x5, "COOKIE_ECHO",        OK,      "COOKIE_ECHOED", 3,  "r" },
		{ '<', 0xc, "COOKIE_ACK ABORT/T", BAD_TAG, "COOKIE_ECHOED", 0,  "r" },
		{ 0 },
	};

	play_new(rows);
}

Test(sctp, bundles_that_nobody_sends)
{
	static const struct row rows[] = {
		{ '>', 0,   "INIT=c DATA",        BAD_CHUNK, NULL, 0, "" },
		{ '>', 0x5, "DATA COOKIE_ECHO",   BAD_CHUNK, NULL, 0, "" },
		{ '>', 0x5, "",                   BAD_CHUNK, NULL, 0, "" },
		{ 0 },
	};

	play_new(rows);
}

/* clang-format on */

Test(sctp, init_must_be_whole)
{
	struct bytes b;
	struct packet p;
	struct play play;
	uint16_t cut;

	for (cut = 0; cut <= 16; cut++) {
		p = sctp_packet(&b, 0, "INIT=c", cut);
		play_init(&play, IPPROTO_SCTP);
		if (!p.invalid)
			cr_assert_eq((int)play_packet(&play, TRACK_ORIGINAL, &p),
			             cut ? BAD_CHUNK : OK, "cut %u", cut);
	}
}

/* -- the table -------------------------------------------------------------- */

/*
 * The transitions once more, by chunk, from the kernel's description of its states:
 * "from>to" for those that move; all others stay, or are INVALID in the state named with
 * "from!". The tag is always right.
 */
static const struct {
	char dir;
	const char *chunk;
	const char *moves;
} expectations[] = {
	{ '>', "DATA", "" },
	{ '>', "SACK", "" },
	{ '>', "ECNE", "" },
	{ '>', "CWR", "" },
	{ '>', "TYPE15", "" },
	{ '>', "ASCONF", "" },
	{ '>', "INIT=5",
	  "SHUTDOWN_SENT>CLOSED SHUTDOWN_RECD>CLOSED HEARTBEAT_SENT>COOKIE_WAIT" },
	{ '>', "INIT_ACK=5", "HEARTBEAT_SENT>CLOSED" },
	{ '>', "HEARTBEAT", "" },
	{ '>', "HEARTBEAT_ACK", "" },
	{ '>', "ABORT",
	  "COOKIE_WAIT>CLOSED COOKIE_ECHOED>CLOSED ESTABLISHED>CLOSED "
	  "SHUTDOWN_SENT>CLOSED "
	  "SHUTDOWN_RECD>CLOSED SHUTDOWN_ACK_SENT>CLOSED HEARTBEAT_SENT>CLOSED" },
	{ '>', "SHUTDOWN", "ESTABLISHED>SHUTDOWN_SENT HEARTBEAT_SENT>CLOSED" },
	{ '>', "SHUTDOWN_ACK",
	  "SHUTDOWN_SENT>SHUTDOWN_ACK_SENT SHUTDOWN_RECD>SHUTDOWN_ACK_SENT "
	  "HEARTBEAT_SENT>SHUTDOWN_ACK_SENT" },
	{ '>', "ERROR", "HEARTBEAT_SENT>CLOSED" },
	{ '>', "COOKIE_ECHO", "COOKIE_WAIT>COOKIE_ECHOED HEARTBEAT_SENT>CLOSED" },
	{ '>', "COOKIE_ACK", "COOKIE_ECHOED>ESTABLISHED HEARTBEAT_SENT>CLOSED" },
	{ '>', "SHUTDOWN_COMPLETE", "SHUTDOWN_ACK_SENT>CLOSED HEARTBEAT_SENT>CLOSED" },
	{ '<', "DATA", "" },
	{ '<', "SACK", "" },
	{ '<', "ECNE", "" },
	{ '<', "CWR", "" },
	{ '<', "TYPE15", "" },
	{ '<', "ASCONF", "" },
	{ '<', "INIT=5", "HEARTBEAT_SENT!" },
	{ '<', "INIT_ACK=5", "CLOSED>COOKIE_WAIT HEARTBEAT_SENT!" },
	{ '<', "HEARTBEAT", "" },
	{ '<', "HEARTBEAT_ACK", "HEARTBEAT_SENT>ESTABLISHED" },
	{ '<', "ABORT",
	  "COOKIE_WAIT>CLOSED COOKIE_ECHOED>CLOSED ESTABLISHED>CLOSED "
	  "SHUTDOWN_SENT>CLOSED "
	  "SHUTDOWN_RECD>CLOSED SHUTDOWN_ACK_SENT>CLOSED HEARTBEAT_SENT!" },
	{ '<', "SHUTDOWN", "ESTABLISHED>SHUTDOWN_RECD HEARTBEAT_SENT!" },
	{ '<', "SHUTDOWN_ACK",
	  "SHUTDOWN_SENT>SHUTDOWN_ACK_SENT SHUTDOWN_RECD>SHUTDOWN_ACK_SENT "
	  "HEARTBEAT_SENT!" },
	{ '<', "ERROR", "COOKIE_ECHOED>CLOSED HEARTBEAT_SENT!" },
	{ '<', "COOKIE_ECHO", "COOKIE_WAIT>COOKIE_ECHOED HEARTBEAT_SENT!" },
	{ '<', "COOKIE_ACK", "COOKIE_ECHOED>ESTABLISHED HEARTBEAT_SENT!" },
	{ '<', "SHUTDOWN_COMPLETE", "SHUTDOWN_ACK_SENT>CLOSED HEARTBEAT_SENT!" },
};

static const char *const states[] = {
	"CLOSED",        "COOKIE_WAIT",   "COOKIE_ECHOED",     "ESTABLISHED",
	"SHUTDOWN_SENT", "SHUTDOWN_RECD", "SHUTDOWN_ACK_SENT", "HEARTBEAT_SENT",
};

/* What @moves says of @state: the name in @to, or "!"; @state itself if nothing. */
static void expected_move(const char *moves, const char *state, char to[32])
{
	char from[32];
	int length;

	strcpy(to, state);
	while (*moves) {
		if (sscanf(moves, "%31[A-Z_]%n", from, &length) != 1)
			cr_assert_fail("\"%s\"", moves);
		moves += length;
		if (strcmp(from, state) == 0) {
			if (*moves == '!')
				strcpy(to, "!");
			else
				sscanf(moves, ">%31[A-Z_]", to);
			return;
		}
		moves += strcspn(moves, " ");
		moves += *moves == ' ';
	}
}

static void check_cell(char dir, const char *chunk, const char *moves, const char *state)
{
	uint32_t tag = strncmp(chunk, "INIT=", 5) == 0 ? 0 : 5;
	struct bytes b;
	struct packet p = sctp_packet(&b, tag, chunk, 0);
	struct play play;
	char to[32];
	int fate;

	play_init(&play, IPPROTO_SCTP);
	play.open = true;
	play.status = TRACK_CONFIRMED | TRACK_SEEN_REPLY;
	play.state.sctp.vtag[0] = play.state.sctp.vtag[1] = 5;
	play.proto->state_set(&play.state,
	                      (unsigned int)track_state_parse(play.proto, state));
	expected_move(moves, state, to);
	fate = play_packet(&play, dir == '<' ? TRACK_REPLY : TRACK_ORIGINAL, &p);
	if (to[0] == '!') {
		cr_assert_eq(fate, BAD_STATE, "%s + %c%s: fate %d", state, dir, chunk,
		             fate);
		return;
	}
	cr_assert(fate == OK || fate == IGNORED, "%s + %c%s: fate %d", state, dir, chunk,
	          fate);
	cr_assert_str_eq(track_state_name(play.proto, &play.state), to,
	                 "%s + %c%s: %s, not %s", state, dir, chunk,
	                 track_state_name(play.proto, &play.state), to);
	cr_assert_eq(play.res.changed, strcmp(to, state) != 0, "%s + %c%s", state, dir,
	             chunk);
}

Test(sctp_table, every_cell)
{
	size_t e, s;

	for (e = 0; e < BASE_ARRAY_LENGTH(expectations); e++)
		for (s = 0; s < BASE_ARRAY_LENGTH(states); s++)
			check_cell(expectations[e].dir, expectations[e].chunk,
			           expectations[e].moves, states[s]);
}
