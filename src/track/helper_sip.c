/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * helper_sip.c - SIP over UDP: where a call's media will go (RFC 3261, RFC 8866), and where a
 * phone that has registered will be called
 *
 *     phone ──▶ registrar  REGISTER, Contact: <sip:a@192.0.2.1:5062>;expires=600
 *     phone ◀── registrar  200, the same Contact     the registrar will call there, 600 s long
 *
 *     caller ──▶ callee    INVITE, SDP               the callee will send there
 *       c=IN IP4 192.0.2.1                             to 192.0.2.1
 *       m=audio 6000 RTP/AVP 0                         RTP to port 6000, RTCP to 6001
 *     caller ◀── callee    183 or 200, SDP           and the caller there
 *     either               BYE; or an error          all that is over
 *
 * What a registration expects is INACTIVE until the registrar agrees, and PERMANENT until the
 * binding's time is over. A new INVITE takes away what the one before expected.
 *
 *     start line, headers (their values may go on in lines that begin with a blank)
 *     an empty line
 *     body: SDP begins at "v=", so that it may stand between parts of others
 *
 *     v=  …  c= of all media  …  m= medium  …  c= of this one alone  …  m= medium  …
 *
 * The rules are those of the kernel's nf_conntrack_sip.c; what differs stands in docs/tracking.md.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <strings.h>

#include "base/base.h"
#include "track/helper_priv.h"

/* The kernel's SIP_TIMEOUT and SIP_PORT; media and contacts with lower ports are refused. */
#define SIP_TIMEOUT_S 3600
#define SIP_PORT      5060
#define PORT_MIN      1024
/* Media of one description (kernel: as many as there are types of them). */
#define MEDIA_MAX 3
/* Contacts of one answer that are looked at: with the flush behind them, all actions. */
#define CONTACTS_MAX (HELPER_ACTIONS_MAX - 1)

_Static_assert(1 + 2 * MEDIA_MAX <= HELPER_ACTIONS_MAX,
               "a flush, and RTP and RTCP of all");

enum sip_class { SIGNALLING, AUDIO, VIDEO, IMAGE, CLASSES };

#define MEDIA_CLASSES (1u << AUDIO | 1u << VIDEO | 1u << IMAGE)

struct sip {
	uint32_t
		invite_cseq; /* of the last INVITE and REGISTER: answers to others are late */
	uint32_t register_cseq;
};

_Static_assert(sizeof(struct sip) <= HELPER_STATE_SIZE, "fits");

/* ---- text --------------------------------------------------------------------------- */

/* What is left of a text, or of a part of one. */
struct text {
	const char *at, *end;
};

static size_t left(const struct text *t)
{
	return (size_t)(t->end - t->at);
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_newline(char c)
{
	return c == '\r' || c == '\n';
}

/* A value that goes on in the next line has the newline inside. */
static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || is_newline(c);
}

static void skip_blanks(struct text *t)
{
	while (t->at < t->end && is_blank(*t->at))
		t->at++;
}

static bool skip(struct text *t, char c)
{
	if (t->at == t->end || *t->at != c)
		return false;
	t->at++;
	return true;
}

/* @word in any case. */
static bool skip_word(struct text *t, const char *word)
{
	size_t length = strlen(word);

	if (left(t) < length || strncasecmp(t->at, word, length) != 0)
		return false;
	t->at += length;
	return true;
}

/* At least one digit; what is above 32 bits is UINT32_MAX. */
static bool read_number(struct text *t, uint32_t *number)
{
	uint64_t n = 0;

	if (t->at == t->end || !is_digit(*t->at))
		return false;
	for (; t->at < t->end && is_digit(*t->at); t->at++)
		if (n <= UINT32_MAX)
			n = n * 10 + (uint64_t)(*t->at - '0');
	*number = n < UINT32_MAX ? (uint32_t)n : UINT32_MAX;
	return true;
}

/* Behind the first of @c; false: there is none. */
static bool skip_behind(struct text *t, char c)
{
	const char *at = left(t) ? memchr(t->at, c, left(t)) : NULL;

	if (at)
		t->at = at + 1;
	return at != NULL;
}

/* The text up to the next newline, which is taken too, and what stands before it: CR, LF and
 * CRLF end a line (RFC 2543). False: the end. */
static bool read_line(struct text *t, struct text *line)
{
	if (t->at == t->end)
		return false;
	line->at = t->at;
	while (t->at < t->end && !is_newline(*t->at))
		t->at++;
	line->end = t->at;
	skip(t, '\r');
	skip(t, '\n');
	return true;
}

/* ---- addresses ------------------------------------------------------------------------ */

struct place {
	uint8_t address[16];
	uint16_t port; /* host byte order */
};

static bool is_of_address(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') ||
	       c == ':' || c == '.';
}

/* An address of family @l3, of IPv4 without the port that may follow. */
static bool read_address(struct text *t, uint8_t l3, uint8_t address[16])
{
	char copy[INET6_ADDRSTRLEN];
	size_t length = 0;

	while (t->at < t->end && is_of_address(*t->at) &&
	       (l3 == AF_INET6 || *t->at != ':') && length < sizeof(copy) - 1)
		copy[length++] = *t->at++;
	copy[length] = '\0';
	memset(address, 0, 16);
	return inet_pton(l3, copy, address) == 1;
}

/* "192.0.2.1", "[2001:db8::1]". */
static bool read_host(struct text *t, uint8_t l3, uint8_t address[16])
{
	bool bracket = l3 == AF_INET6 && skip(t, '[');

	return read_address(t, l3, address) && (!bracket || skip(t, ']'));
}

/* Is it one of whom sends packets of @dir: its own, or the one it is known by behind NAT? */
static bool is_address_of(const struct helper_input *in, enum track_dir dir,
                          const uint8_t address[16])
{
	unsigned int size = tuple_address_size(in->tuple[dir].l3);

	return memcmp(address, in->tuple[dir].src, size) == 0 ||
	       memcmp(address, in->tuple[!dir].dst, size) == 0;
}

/* ---- a message ---------------------------------------------------------------------------- */

struct message {
	const struct helper_input *in;
	struct helper_result *res;
	struct sip *state;
	struct text headers; /* without the start line */
	struct text body;
	bool whole;    /* all of the body was copied */
	uint32_t code; /* of an answer */
	uint32_t cseq;
};

static void refuse(struct message *m, const char *why)
{
	m->res->drop = why;
}

/* The next header with that name or @compact form, from *@t on; its value has the lines in which
 * it goes on. False: there is none. */
static bool find_header(struct text *t, const char *name, const char *compact,
                        struct text *value)
{
	struct text line;

	while (read_line(t, &line)) {
		*value = line;
		while (t->at < t->end && (*t->at == ' ' || *t->at == '\t') &&
		       read_line(t, &line))
			value->end = line.end;
		line = *value;
		if (!skip_word(value, name)) {
			*value = line;
			if (!compact || !skip_word(value, compact))
				continue;
		}
		skip_blanks(value);
		if (skip(value, ':')) {
			skip_blanks(value);
			return true;
		}
	}
	return false;
}

/* Everything up to the empty line: false when it was not seen. */
static bool split(struct message *m, struct text *t)
{
	struct text line;

	m->headers.at = t->at;
	while (read_line(t, &line)) {
		if (line.at < line.end)
			continue;
		m->headers.end = line.at;
		m->body = *t;
		return true;
	}
	m->headers.end = m->body.at = m->body.end = t->end;
	return m->whole;
}

/* "CSeq: 4711 INVITE": the number, and what the value has behind it. */
static bool read_cseq(struct message *m, struct text *method)
{
	struct text t = m->headers;

	if (!find_header(&t, "CSeq", NULL, method) || !read_number(method, &m->cseq))
		return false;
	skip_blanks(method);
	return m->cseq != 0;
}

static uint32_t read_expires(const struct message *m)
{
	struct text t = m->headers, value;
	uint32_t expires = 0;

	if (find_header(&t, "Expires", NULL, &value))
		read_number(&value, &expires);
	return expires;
}

/* ---- contacts ------------------------------------------------------------------------------- */

struct contact {
	struct place place;
	struct text parameters; /* of the URI, and behind it */
};

enum found { FOUND_NOTHING, FOUND_BAD, FOUND };

/* The value of parameter @name: ";expires=600". */
static bool find_parameter(struct text t, const char *name, struct text *value)
{
	while (skip_behind(&t, ';')) {
		skip_blanks(&t);
		if (!skip_word(&t, name) || !skip(&t, '='))
			continue;
		*value = t;
		return true;
	}
	return false;
}

/* Its transport is UDP, as said or since nothing is said. */
static bool is_over_udp(const struct contact *c)
{
	struct text value;

	return !find_parameter(c->parameters, "transport", &value) ||
	       skip_word(&value, "udp");
}

static uint32_t contact_expires(const struct contact *c, uint32_t otherwise)
{
	struct text value;
	uint32_t expires;

	if (find_parameter(c->parameters, "expires", &value) &&
	    read_number(&value, &expires))
		return expires;
	return otherwise;
}

/* One element of a list: commas in quotes and in <> are no ends. */
static bool read_element(struct text *list, struct text *element)
{
	bool quoted = false, bracket = false;

	if (list->at == list->end)
		return false;
	element->at = list->at;
	for (; list->at < list->end; list->at++) {
		if (*list->at == '"' && !bracket)
			quoted = !quoted;
		else if (!quoted && (*list->at == '<' || *list->at == '>'))
			bracket = *list->at == '<';
		else if (*list->at == ',' && !quoted && !bracket)
			break;
	}
	element->end = list->at;
	skip(list, ',');
	return true;
}

/* Behind "sip:" and what may stand before the host: "sip:alice@". */
static bool skip_to_host(struct text *t)
{
	struct text user;

	while (left(t) && !skip_word(t, "sip:"))
		t->at++;
	for (user = *t; user.at < user.end && *user.at != '>' && !is_blank(*user.at);
	     user.at++)
		if (*user.at == '@') {
			t->at = user.at + 1;
			break;
		}
	return left(t);
}

/* Names of hosts, and other URIs, are none of ours. */
static enum found read_contact(struct text *element, uint8_t l3, struct contact *c)
{
	uint32_t port = SIP_PORT;

	if (!skip_to_host(element) || !read_host(element, l3, c->place.address))
		return FOUND_NOTHING;
	if (skip(element, ':') && !read_number(element, &port))
		return FOUND_BAD;
	c->place.port = (uint16_t)port;
	c->parameters = *element;
	return port < PORT_MIN || port > UINT16_MAX ? FOUND_BAD : FOUND;
}

/* All contacts, header by header. */
struct contacts {
	struct text headers, list;
};

static enum found next_contact(struct contacts *at, uint8_t l3, struct contact *c)
{
	struct text element;
	enum found found;

	do {
		while (read_element(&at->list, &element)) {
			found = read_contact(&element, l3, c);
			if (found != FOUND_NOTHING)
				return found;
		}
	} while (find_header(&at->headers, "Contact", "m", &at->list));
	return FOUND_NOTHING;
}

/* ---- registering ------------------------------------------------------------------------------ */

/* The registrar, and nobody else, will call there. */
static void expect_calls(struct message *m, uint16_t port)
{
	const struct tuple *other = &m->in->tuple[!m->in->dir];
	struct helper_action *a = helper_expect(m->res, m->in, SIGNALLING, other->src,
	                                        other->dst, IPPROTO_UDP, htons(port));

	a->flags = HELPER_EXPECT_PERMANENT | HELPER_EXPECT_INACTIVE;
	a->timeout_s = SIP_TIMEOUT_S;
	a->helped = true;
}

/* Who registers for somebody else expects nothing, nor does who was called. */
static void look_at_register(struct message *m)
{
	struct contacts at = { .headers = m->headers };
	struct contact c;

	if (m->in->status & TRACK_EXPECTED)
		return;
	switch (next_contact(&at, m->in->tuple[m->in->dir].l3, &c)) {
	case FOUND_NOTHING: return;
	case FOUND_BAD: refuse(m, "a contact's port is none"); return;
	case FOUND: break;
	}
	if (!is_address_of(m->in, m->in->dir, c.place.address) || !is_over_udp(&c))
		return;
	m->state->register_cseq = m->cseq;
	if (contact_expires(&c, read_expires(m)))
		expect_calls(m, c.place.port);
}

static void refresh(struct message *m, uint16_t port, uint32_t expires)
{
	const struct tuple *t = &m->in->tuple[m->in->dir];
	struct helper_action *a = helper_act(m->res, HELPER_REFRESH);

	a->class = SIGNALLING;
	a->timeout_s = expires;
	memcpy(a->tuple.dst, t->dst, sizeof(a->tuple.dst));
	a->tuple.dst_id = htons(port);
	a->tuple.l3 = t->l3;
	a->tuple.l4 = t->l4;
	a->tuple.zone = t->zone;
}

/* The bindings that there are now. */
static void refresh_contacts(struct message *m)
{
	struct contacts at = { .headers = m->headers };
	uint32_t expires = read_expires(m), its;
	enum found found;
	struct contact c;

	while (m->res->length < CONTACTS_MAX) {
		found = next_contact(&at, m->in->tuple[m->in->dir].l3, &c);
		if (found == FOUND_BAD)
			refuse(m, "a contact's port is none");
		if (found != FOUND)
			return;
		if (!is_address_of(m->in, !m->in->dir, c.place.address) ||
		    !is_over_udp(&c))
			continue;
		its = contact_expires(&c, expires);
		if (its == 0)
			return;
		refresh(m, c.place.port, its);
	}
}

static void look_at_registered(struct message *m)
{
	struct helper_action *flush;

	if (m->cseq != m->state->register_cseq || m->code < 200)
		return;
	if (m->code < 300)
		refresh_contacts(m);
	if (m->res->drop)
		return;
	flush = helper_act(m->res, HELPER_FLUSH_UNLESS_REFRESHED);
	flush->classes = 1u << SIGNALLING;
}

/* ---- media ---------------------------------------------------------------------------------------- */

static void flush_media(struct message *m)
{
	helper_act(m->res, HELPER_FLUSH)->classes = MEDIA_CLASSES;
}

/* The same call may pass more than once on its way, so that others may expect the very same. */
static void expect_port(struct message *m, uint8_t class, const uint8_t *to,
                        uint16_t port)
{
	const struct helper_input *in = m->in;
	const uint8_t *from = in->loose ? NULL : in->tuple[!in->dir].src;

	helper_expect(m->res, in, class, from, to, IPPROTO_UDP, htons(port))->shared =
		true;
}

/* RTP has the even port, RTCP the next (RFC 3550, 11). Of the address nothing is believed but
 * that it is the sender's, unless `loose`. */
static void expect_media(struct message *m, uint8_t class, const struct place *place)
{
	const struct helper_input *in = m->in;
	bool own = is_address_of(in, in->dir, place->address);
	const uint8_t *to = own ? in->tuple[!in->dir].dst : place->address;

	if (!own && !in->loose)
		return;
	expect_port(m, class, to, place->port & ~1u);
	expect_port(m, class, to, place->port | 1u);
}

static const struct {
	const char *word;
	uint8_t class;
} media_types[] = {
	{ "audio ", AUDIO },
	{ "video ", VIDEO },
	{ "image ", IMAGE },
};

/* A description, while it is read. */
struct sdp {
	bool has_session, has_own;
	uint8_t session[16]; /* address of all media … */
	struct place own;    /* … and of the one at hand */
	uint8_t class;       /* of the one at hand; 0: none, or not of ours */
	unsigned int media;
};

/* The medium at hand is complete. */
static void end_medium(struct message *m, struct sdp *sdp)
{
	if (!sdp->class || m->res->drop)
		return;
	if (!sdp->has_own && !sdp->has_session) {
		refuse(m, "a medium without an address");
		return;
	}
	if (!sdp->has_own)
		memcpy(sdp->own.address, sdp->session, sizeof(sdp->session));
	expect_media(m, sdp->class, &sdp->own);
	sdp->class = 0;
	sdp->media++;
}

/* "audio 6000 RTP/AVP 0": port 0 is a medium that is not used. */
static void begin_medium(struct message *m, struct sdp *sdp, struct text *line)
{
	uint32_t port;
	size_t i;

	sdp->has_own = false;
	for (i = 0; i < BASE_ARRAY_LENGTH(media_types); i++) {
		if (!skip_word(line, media_types[i].word))
			continue;
		if (!read_number(line, &port) || port == 0)
			return;
		if (port < PORT_MIN || port > UINT16_MAX) {
			refuse(m, "a medium's port is none");
			return;
		}
		sdp->own.port = (uint16_t)port;
		sdp->class = media_types[i].class;
		return;
	}
}

/* "IN IP4 192.0.2.1/127": the first of a medium, or of the session, of the flow's family. */
static void read_connection(const struct message *m, struct sdp *sdp, bool session,
                            struct text *line)
{
	uint8_t l3 = m->in->tuple[m->in->dir].l3, address[16];

	if (!skip_word(line, l3 == AF_INET ? "IN IP4 " : "IN IP6 ") ||
	    !read_address(line, l3, address))
		return;
	if (session && !sdp->has_session) {
		memcpy(sdp->session, address, sizeof(address));
		sdp->has_session = true;
	} else if (!session && !sdp->has_own) {
		memcpy(sdp->own.address, address, sizeof(address));
		sdp->has_own = true;
	}
}

static void look_at_sdp(struct message *m)
{
	struct text t = m->body, line;
	struct sdp sdp = { .media = 0 };
	bool begun = false, session = true;

	while (sdp.media < MEDIA_MAX && !m->res->drop && read_line(&t, &line)) {
		if (skip_word(&line, "v="))
			begun = true;
		else if (begun && skip_word(&line, "m=")) {
			end_medium(m, &sdp);
			session = false;
			if (sdp.media < MEDIA_MAX)
				begin_medium(m, &sdp, &line);
		} else if (begun && skip_word(&line, "c="))
			read_connection(m, &sdp, session, &line);
	}
	if (m->whole) /* else its address may stand in what was not seen */
		end_medium(m, &sdp);
}

static void look_at_invite(struct message *m)
{
	flush_media(m);
	look_at_sdp(m);
	if (!m->res->drop)
		m->state->invite_cseq = m->cseq;
}

static void look_at_answer(struct message *m)
{
	if (m->code < 300)
		look_at_sdp(m);
	else if (m->cseq == m->state->invite_cseq)
		flush_media(m);
}

/* ---- methods ------------------------------------------------------------------------------------------ */

/* A CANCEL is none of them: it may come too late, and if not the INVITE is answered by an
 * error. */
static const struct method {
	const char *name;
	void (*request)(struct message *m);
	void (*answer)(struct message *m);
} methods[] = {
	{ "INVITE", look_at_invite, look_at_answer },
	{ "UPDATE", look_at_sdp, look_at_answer },
	{ "ACK", look_at_sdp, NULL },
	{ "PRACK", look_at_sdp, look_at_answer },
	{ "BYE", flush_media, NULL },
	{ "REGISTER", look_at_register, look_at_registered },
};

/* The method whose name *@t begins with; NULL: it does not matter. */
static const struct method *read_method(struct text *t)
{
	size_t i;

	for (i = 0; i < BASE_ARRAY_LENGTH(methods); i++) {
		struct text rest = *t;

		if (skip_word(&rest, methods[i].name) &&
		    (rest.at == rest.end || is_blank(*rest.at)))
			return &methods[i];
	}
	return NULL;
}

static void look_at_response(struct message *m, struct text *t)
{
	const struct method *method;
	struct text line, name;

	if (!read_number(t, &m->code) || m->code == 0) {
		refuse(m, "an answer without a code");
		return;
	}
	read_line(t, &line);
	if (!split(m, t))
		return;
	if (!read_cseq(m, &name)) {
		refuse(m, "an answer without a CSeq");
		return;
	}
	method = read_method(&name);
	if (method && method->answer && m->code >= 100)
		method->answer(m);
}

static void look_at_request(struct message *m, struct text *t)
{
	const struct method *method = read_method(t);
	struct text line, name;

	read_line(t, &line);
	if (!method || !split(m, t))
		return;
	if (read_cseq(m, &name))
		method->request(m);
	else
		refuse(m, "a request without a CSeq");
}

static void sip_look(void *state, const struct helper_input *in,
                     struct helper_result *res)
{
	struct message m = {
		.in = in,
		.res = res,
		.state = state,
		.whole = in->captured == in->length,
	};
	struct text t = { (const char *)in->data, (const char *)in->data + in->captured };

	res->timeout_s = SIP_TIMEOUT_S;
	while (!m.whole && left(&t) && !is_newline(t.end[-1]))
		t.end--; /* half a line */
	if (in->captured < strlen("SIP/2.0 200"))
		return; /* what keeps a mapping alive */
	if (skip_word(&t, "SIP/2.0 "))
		look_at_response(&m, &t);
	else
		look_at_request(&m, &t);
	if (res->drop)
		res->length = 0;
}

const struct helper helper_sip = {
	.name = "sip",
	.l4 = IPPROTO_UDP,
	.ports = { SIP_PORT },
	.ports_length = 1,
	.classes = {
		[SIGNALLING] = { "signalling", 1, 3 * 60 },
		[AUDIO] = { "audio", 4, 3 * 60 }, /* RTP and RTCP, two ways */
		[VIDEO] = { "video", 4, 3 * 60 },
		[IMAGE] = { "image", 2, 3 * 60 },
	},
	.classes_length = CLASSES,
	.state_size = sizeof(struct sip),
	.look = sip_look,
};
