/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_fragment.c - sequences of packets through the fragment cache
 *
 * Input: packets, each behind three bytes: family (bit 0: IPv6) and hook (bit 1:
 * POSTROUTING), time since the one before in 128 ms, size in bytes.
 * Beside the cache stands what F1 of packet/fragment.h promises, in its stupidest form:
 * an accepted later fragment begins where one that was accepted before has ended.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "packet/fragment.h"

#define CACHE_LIMIT  16
#define ACCEPTED_MAX 1024

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct accepted {
	struct tuple tuple;
	uint32_t id, end;
	uint8_t hook;
};

static void check(bool holds)
{
	if (!holds)
		abort();
}

static void check_continues(const struct accepted *list, unsigned int n,
                            const struct packet *p)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		if (list[i].id == p->fragment_id && list[i].hook == p->hook &&
		    list[i].end == p->fragment_offset &&
		    tuple_equal(&list[i].tuple, &p->tuple))
			return;
	abort();
}

static void run(struct fragment_cache *cache, const uint8_t *data, size_t size)
{
	static struct accepted list[ACCEPTED_MAX];
	uint64_t now_ms = 0;
	unsigned int n = 0;

	while (size >= 3 && n < ACCEPTED_MAX) {
		struct packet p = {
			.data = data + 3,
			.captured = data[2] < size - 3 ? data[2] : (uint32_t)size - 3,
			.family = data[0] & 1 ? AF_INET6 : AF_INET,
			.hook = data[0] & 2 ? PACKET_HOOK_POSTROUTING
			                    : PACKET_HOOK_PREROUTING,
		};

		p.length = p.captured;
		now_ms += data[1] * 128u;
		packet_parse(&p);
		fragment_cache_apply(cache, &p, now_ms);
		check(fragment_cache_count(cache, now_ms) <= CACHE_LIMIT);
		check(p.invalid || p.has_tuple || p.untracked);
		if (p.fragment && !p.invalid) {
			if (p.later_fragment)
				check_continues(list, n, &p);
			list[n++] = (struct accepted){
				.tuple = p.tuple,
				.id = p.fragment_id,
				.end = p.fragment_offset + p.fragment_length,
				.hook = p.hook,
			};
		}
		data += 3 + p.captured;
		size -= 3 + p.captured;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct siphash_key key = { { 3, 4 } };
	struct fragment_cache *cache = fragment_cache_new(CACHE_LIMIT, &key);

	check(cache != NULL);
	run(cache, data, size);
	fragment_cache_destroy(cache);
	return 0;
}
