/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * helper_ftp.c - FTP: where the data connection will go (RFC 959; RFC 2428 for IPv6)
 *
 *     client ──▶ server   PORT 192,0,2,1,156,64         the server will connect to 192.0.2.1:40000
 *                         EPRT |2|2001:db8::1|40000|
 *     client ◀── server   227 Entering … (198,51,100,2,4,1)      the client will connect there
 *                         229 Entering … (|||1025|)
 *
 * Commands and replies are looked for at the beginning of a line only, and a segment is at one
 * if it begins where an earlier one ended with a newline. So the helper remembers, for each
 * direction, the sequence numbers behind the last two newlines: two, for a segment that is sent
 * again after its successor must still be seen as one that begins a line. The first segment of
 * each direction is never looked at: nothing is known of what stood before it.
 *
 * Half a command at the end of a segment cannot be judged, and its other half will not begin a
 * line: the segment is dropped, and its sender will send both in one.
 *
 * As nf_conntrack_ftp.c of Linux 6.18, but that numbers above 255 and other families than the
 * connection's announce nothing.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <strings.h>

#include "base/base.h"
#include "track/helper_priv.h"

/* ---- where lines begin ------------------------------------------------------------ */

#define NEWLINES 2

struct ftp_side {
	uint32_t after_newline[NEWLINES]; /* sequence numbers */
	uint8_t length;
	uint8_t pick_up; /* bool: look at the next segment wherever it begins */
};

struct ftp {
	struct ftp_side side[2];
};

_Static_assert(sizeof(struct ftp) <= HELPER_STATE_SIZE, "fits");

static bool is_after(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) > 0;
}

static bool begins_line(const struct ftp_side *side, uint32_t seq)
{
	unsigned int i;

	for (i = 0; i < side->length; i++)
		if (side->after_newline[i] == seq)
			return true;
	return false;
}

/* The older of two goes, unless @seq is older still. */
static void remember_newline(struct ftp_side *side, uint32_t seq)
{
	unsigned int oldest;

	if (begins_line(side, seq))
		return;
	if (side->length < NEWLINES) {
		side->after_newline[side->length++] = seq;
		return;
	}
	oldest = is_after(side->after_newline[0], side->after_newline[1]);
	if (is_after(seq, side->after_newline[oldest]))
		side->after_newline[oldest] = seq;
}

static void ftp_pick_up(void *state)
{
	struct ftp *ftp = state;

	ftp->side[TRACK_ORIGINAL].pick_up = true;
	ftp->side[TRACK_REPLY].pick_up = true;
}

/* ---- numbers and addresses ----------------------------------------------------------- */

/* What is left of the text. */
struct text {
	const char *at, *end;
};

/* What was announced. */
struct target {
	uint8_t address[16];
	uint16_t port; /* network byte order */
	bool foreign;  /* of the other family, or nothing that one can connect to */
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* At least one digit, at most @max; behind it stands *t->at. False: not yet, or not so. */
static bool read_number(struct text *t, uint32_t max, uint32_t *number)
{
	*number = 0;
	if (t->at == t->end || !is_digit(*t->at))
		return false;
	for (; t->at < t->end && is_digit(*t->at); t->at++)
		if (*number <= max)
			*number = *number * 10 + (uint32_t)(*t->at - '0');
	return t->at < t->end;
}

static bool skip(struct text *t, char c)
{
	if (t->at == t->end || *t->at != c)
		return false;
	t->at++;
	return true;
}

/* "192,0,2,1,156,64" and something behind it. */
static bool read_octets(struct text *t, struct target *target)
{
	uint32_t n[6];
	unsigned int i;

	for (i = 0; i < BASE_ARRAY_LENGTH(n); i++) {
		if ((i && !skip(t, ',')) || !read_number(t, 255, &n[i]))
			return false;
		if (n[i] > 255)
			target->foreign = true;
	}
	for (i = 0; i < 4; i++)
		target->address[i] = (uint8_t)n[i];
	target->port = htons((uint16_t)(n[4] << 8 | n[5]));
	if (target->port == 0)
		target->foreign = true;
	return true;
}

/* "40000|": a port and the delimiter. */
static bool read_port(struct text *t, char delimiter, struct target *target)
{
	uint32_t port;

	if (!read_number(t, UINT16_MAX, &port) || *t->at != delimiter || port == 0)
		return false;
	if (port > UINT16_MAX)
		target->foreign = true;
	target->port = htons((uint16_t)port);
	return true;
}

/* RFC 2428: any printable character but a digit. */
static bool is_delimiter(char c)
{
	return c >= 33 && c <= 126 && !is_digit(c);
}

static bool read_address(struct text *t, char delimiter, uint8_t l3,
                         struct target *target)
{
	char copy[INET6_ADDRSTRLEN];
	size_t length = 0;

	while (t->at < t->end && *t->at != delimiter && length < sizeof(copy) - 1)
		copy[length++] = *t->at++;
	copy[length] = '\0';
	return skip(t, delimiter) && inet_pton(l3, copy, target->address) == 1;
}

/* ---- the four announcements ------------------------------------------------------------- */

static bool read_port_command(struct text *t, const struct helper_input *in,
                              struct target *target)
{
	return read_octets(t, target) && *t->at == '\r';
}

static bool read_eprt(struct text *t, const struct helper_input *in,
                      struct target *target)
{
	uint8_t l3;
	char d;

	if (t->end - t->at <= 3 || !is_delimiter(t->at[0]) || t->at[2] != t->at[0] ||
	    (t->at[1] != '1' && t->at[1] != '2'))
		return false;
	d = t->at[0];
	l3 = t->at[1] == '1' ? AF_INET : AF_INET6;
	if (l3 != in->tuple[TRACK_ORIGINAL].l3)
		target->foreign = true;
	t->at += 3;
	return read_address(t, d, l3, target) && read_port(t, d, target);
}

/* The six numbers may stand anywhere in the text (RFC 1123, 4.1.2.6). */
static bool read_227(struct text *t, const struct helper_input *in, struct target *target)
{
	while (t->at < t->end && !is_digit(*t->at))
		t->at++;
	return read_octets(t, target);
}

static bool read_229(struct text *t, const struct helper_input *in, struct target *target)
{
	char d;

	if (t->end - t->at <= 3 || !is_delimiter(t->at[0]) || t->at[1] != t->at[0] ||
	    t->at[2] != t->at[0])
		return false;
	d = t->at[0];
	t->at += 3;
	memcpy(target->address, in->tuple[in->dir].src, sizeof(target->address));
	return read_port(t, d, target);
}

static const struct announcement {
	enum track_dir dir;
	const char *word;
	char opening; /* what is read stands behind the first of these; 0: at once */
	bool (*read)(struct text *t, const struct helper_input *in,
	             struct target *target);
	uint8_t l3; /* of connections that have it; 0: all */
} announcements[] = {
	{ TRACK_ORIGINAL, "PORT", ' ', read_port_command, AF_INET },
	{ TRACK_ORIGINAL, "EPRT", ' ', read_eprt, 0 },
	{ TRACK_REPLY, "227 ", 0, read_227, AF_INET },
	{ TRACK_REPLY, "229 ", '(', read_229, 0 },
};

enum found { FOUND_NOTHING, FOUND_PART, FOUND_TARGET };

static enum found find(const struct announcement *a, const struct helper_input *in,
                       struct target *target)
{
	struct text t = { (const char *)in->data, (const char *)in->data + in->captured };
	size_t length = strlen(a->word);

	if (in->captured <= length)
		return strncasecmp(t.at, a->word, in->captured) ? FOUND_NOTHING
		                                                : FOUND_PART;
	if (strncasecmp(t.at, a->word, length) != 0)
		return FOUND_NOTHING;
	t.at += length;
	while (a->opening && t.at < t.end && *t.at != a->opening)
		t.at++;
	if (a->opening && !skip(&t, a->opening))
		return FOUND_PART;
	return a->read(&t, in, target) ? FOUND_TARGET : FOUND_PART;
}

static enum found find_any(const struct helper_input *in, struct target *target)
{
	enum found found = FOUND_NOTHING;
	size_t i;

	for (i = 0; i < BASE_ARRAY_LENGTH(announcements) && !found; i++)
		if (announcements[i].dir == in->dir &&
		    (!announcements[i].l3 ||
		     announcements[i].l3 == in->tuple[TRACK_ORIGINAL].l3))
			found = find(&announcements[i], in, target);
	return found;
}

/* ---- what follows from it --------------------------------------------------------------- */

/* Who is told connects to who told it. Of the address in the payload nothing is believed but
 * that it is the sender's, unless `loose`: else anybody could open any port of others. */
static void expect_data(const struct helper_input *in, const struct target *target,
                        struct helper_result *res)
{
	const struct tuple *mine = &in->tuple[in->dir], *other = &in->tuple[!in->dir];
	unsigned int size = tuple_address_size(mine->l3);
	const uint8_t *to = other->dst;

	if (target->foreign)
		return;
	if (memcmp(target->address, mine->src, size) != 0) {
		if (!in->loose)
			return;
		to = target->address;
	}
	helper_expect(res, in, 0, other->src, to, IPPROTO_TCP, target->port);
}

static void look_at_line(const struct helper_input *in, struct helper_result *res)
{
	struct target target = { .foreign = false };

	switch (find_any(in, &target)) {
	case FOUND_TARGET: expect_data(in, &target, res); break;
	case FOUND_PART:
		if (in->captured == in->length)
			res->drop = "half an announcement of a data connection";
		break;
	case FOUND_NOTHING: break;
	}
}

static void ftp_look(void *state, const struct helper_input *in,
                     struct helper_result *res)
{
	struct ftp_side *side = &((struct ftp *)state)->side[in->dir];
	bool whole = in->captured == in->length;

	if (!in->established)
		return;
	if (begins_line(side, in->seq) || side->pick_up)
		look_at_line(in, res);
	side->pick_up = false;
	if (!res->drop && (!whole || in->data[in->captured - 1] == '\n'))
		remember_newline(side, in->seq + in->length);
}

const struct helper helper_ftp = {
	.name = "ftp",
	.l4 = IPPROTO_TCP,
	.ports = { 21 },
	.ports_length = 1,
	.classes = { { "ftp", 1, 5 * 60 } },
	.classes_length = 1,
	.state_size = sizeof(struct ftp),
	.look = ftp_look,
	.pick_up = ftp_pick_up,
};
