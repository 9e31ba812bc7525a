/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/reserved.h"

#include <string.h>

static bool network_holds(const struct config_network *n, const uint8_t *address)
{
	unsigned int bytes = n->bits / 8, rest = n->bits % 8;

	if (memcmp(n->address, address, bytes) != 0)
		return false;
	return rest == 0 || (n->address[bytes] ^ address[bytes]) >> (8 - rest) == 0;
}

bool reserved_holds(void *networks, const struct tuple *t)
{
	const struct config_networks *all = networks;
	const struct config_network *n;

	for (n = all->network; n < all->network + all->length; n++)
		if (n->family == t->l3 &&
		    (network_holds(n, t->src) || network_holds(n, t->dst)))
			return true;
	return false;
}
