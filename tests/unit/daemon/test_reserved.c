/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <string.h>

#include "base/base.h"
#include "daemon/reserved.h"

static struct config_network network(const char *address, uint8_t bits)
{
	struct config_network n = { .family = strchr(address, ':') ? AF_INET6 : AF_INET,
		                    .bits = bits };

	cr_assert_eq(inet_pton(n.family, address, n.address), 1);
	return n;
}

static struct tuple tuple_of(const char *src, const char *dst)
{
	struct tuple t;

	memset(&t, 0, sizeof(t));
	t.l3 = strchr(src, ':') ? AF_INET6 : AF_INET;
	cr_assert_eq(inet_pton(t.l3, src, t.src), 1);
	cr_assert_eq(inet_pton(t.l3, dst, t.dst), 1);
	return t;
}

Test(reserved, holds_what_comes_from_or_goes_to_a_network)
{
	static const struct {
		const char *src, *dst;
		bool holds;
	} rows[] = {
		{ "192.0.2.7", "10.9.9.9", true },
		{ "10.9.9.9", "192.0.2.7", true },
		{ "192.0.2.6", "192.0.2.8", false },
		{ "10.9.9.9", "198.51.103.255", true },
		{ "10.9.9.9", "198.51.104.0", false },
		{ "2001:db8:7fff::1", "::1", true },
		{ "2001:db8:8000::1", "::1", false },
		{ "::1", "2001:db8::1", true },
		{ "c000:207::", "c000:207::", false }, /* the bytes of 192.0.2.7 */
	};
	struct config_networks networks = { .length = 3 };
	struct tuple t;
	size_t i;

	networks.network[0] = network("192.0.2.7", 32);
	networks.network[1] = network("198.51.100.0", 22);
	networks.network[2] = network("2001:db8::", 33);
	for (i = 0; i < BASE_ARRAY_LENGTH(rows); i++) {
		t = tuple_of(rows[i].src, rows[i].dst);
		cr_assert_eq(reserved_holds(&networks, &t), rows[i].holds, "row %zu", i);
	}
	networks.network[0] = network("0.0.0.0", 0);
	t = tuple_of("203.0.113.1", "203.0.113.2");
	cr_assert(reserved_holds(&networks, &t), "0.0.0.0/0 is everybody");
	networks.length = 0;
	cr_assert_not(reserved_holds(&networks, &t));
}
