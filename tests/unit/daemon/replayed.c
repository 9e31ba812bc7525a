/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "replayed.h"

#include <criterion/criterion.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

/* IPv4 192.0.2.1:@port > 198.51.100.1:53, UDP, empty; no checksums. */
static void datagram_write(uint8_t *bytes, uint16_t port)
{
	static const uint8_t model[REPLAYED_SIZE] = {
		0x45, 0, 0,   28, 0,   0, 0, 0, 64, 17, 0, 0, 192, 0,
		2,    1, 198, 51, 100, 1, 0, 0, 0,  53, 0, 8, 0,   0,
	};

	memcpy(bytes, model, sizeof(model));
	bytes[20] = (uint8_t)(port >> 8);
	bytes[21] = (uint8_t)port;
}

struct replayed *replayed_new(uint8_t hook, uint16_t port)
{
	struct replayed *r = mmap(NULL, sizeof(*r), PROT_READ | PROT_WRITE,
	                          MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	uint32_t i;

	cr_assert(r != MAP_FAILED);
	for (i = 0; i < REPLAYED_PACKETS; i++) {
		datagram_write(r->bytes[i], (uint16_t)(port + i));
		r->packets[i] = (struct packet){
			.data = r->bytes[i],
			.captured = REPLAYED_SIZE,
			.length = REPLAYED_SIZE,
			.family = AF_INET,
			.hook = hook,
			.checksum = PACKET_CHECKSUM_VERIFIED,
		};
	}
	r->source.packets = r->packets;
	r->source.answers = r->answers;
	r->source.n = REPLAYED_PACKETS;
	r->source.batch = 7;
	return r;
}

void replayed_expect_all_answered(const struct replayed *r)
{
	uint32_t i;

	cr_expect(r->source.misanswered == 0);
	cr_expect(r->source.answered == r->source.next, "%u of %u answered",
	          r->source.answered, r->source.next);
	for (i = 0; i < REPLAYED_PACKETS; i++)
		cr_expect(r->answers[i].times == (i < r->source.next),
		          "packet %u: %u times", i, r->answers[i].times);
	for (i = 0; i < r->source.next; i++)
		cr_expect(r->answers[i].verdict.accept, "packet %u", i);
}
