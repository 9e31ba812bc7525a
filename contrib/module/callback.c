/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * callback.c - a module of ctqd: a helper for an invented protocol over UDP, port 2530
 *
 *     client ──▶ server:2530   "PORT 6000"    the server will answer to port 6000, from any port
 *     client ──▶ server:2530   "BYE"          what was announced will not come
 *
 * Numbers are decimal, and nothing but a newline follows them. Anything else announces nothing.
 */
#include <netinet/in.h>
#include <string.h>

#include <ctq/module.h>

/* Is @word at the beginning? Then what stands behind it. */
static const uint8_t *behind(const struct ctq_payload *p, const char *word)
{
	size_t length = strlen(word);

	return p->captured >= length && memcmp(p->data, word, length) == 0
	               ? p->data + length
	               : NULL;
}

/* 0: it is no port. */
static uint16_t read_port(const uint8_t *at, const uint8_t *end)
{
	uint32_t port = 0;

	for (; at < end && *at >= '0' && *at <= '9' && port <= UINT16_MAX; at++)
		port = port * 10 + (uint32_t)(*at - '0');
	if (at < end && *at == '\n')
		at++;
	return at == end && port <= UINT16_MAX ? (uint16_t)port : 0;
}

static void callback_look(void *state, const struct ctq_payload *p,
                          struct ctq_announcements *out)
{
	const uint8_t *number = behind(p, "PORT ");
	uint16_t port;

	if (p->reply || p->captured < p->length)
		return; /* servers announce nothing, nor does half a number */
	if (behind(p, "BYE"))
		out->forget = true;
	port = number ? read_port(number, p->data + p->captured) : 0;
	if (!port)
		return;
	out->list[0].protocol = IPPROTO_UDP;
	out->list[0].port = port; /* to the sender */
	out->length = 1;
}

static const struct ctq_helper helper = {
	.name = "callback",
	.protocol = IPPROTO_UDP,
	.ports = { 2530 },
	.ports_length = 1,
	.max_expected = 4,
	.timeout_s = 60,
	.look = callback_look,
};

const struct ctq_module ctq_module = CTQ_MODULE_HELPER(&helper);
