/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>

#include "base/siphash.h"

/* SipHash-1-3 of the bytes 0, 1, 2 ... under the zero key, as CPython 3.11 hashes them
 * (PYTHONHASHSEED=0 python3 -c 'print(hex(hash(bytes(range(40))) & (2**64 - 1)))'). */
Test(siphash, agrees_with_an_independent_implementation)
{
	static const struct {
		size_t length;
		uint64_t hash;
	} vectors[] = {
		{ 1, 0x68a914128e01e473u },  { 7, 0x2f098ab0c751325au },
		{ 8, 0xead411e67ebe2eeau },  { 13, 0xa0cf3211850f8e0du },
		{ 40, 0x95bc321ab41d8206u },
	};
	struct siphash_key zero = { { 0, 0 } };
	uint8_t data[40];
	size_t i;

	for (i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)i;
	for (i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++)
		cr_assert_eq(siphash(data, vectors[i].length, &zero), vectors[i].hash);
}

Test(siphash, depends_on_every_byte_and_on_the_key)
{
	struct siphash_key key = { { 0x0706050403020100u, 0x0f0e0d0c0b0a0908u } };
	struct siphash_key other = { { 0x0706050403020100u, 0x0f0e0d0c0b0a0909u } };
	uint8_t data[40];
	uint64_t plain;
	size_t i;

	for (i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)i;
	plain = siphash(data, sizeof(data), &key);
	cr_assert_neq(plain, siphash(data, sizeof(data), &other));
	cr_assert_neq(plain, siphash(data, sizeof(data) - 1, &key));
	for (i = 0; i < sizeof(data); i++) {
		data[i] ^= 0x80;
		cr_assert_neq(plain, siphash(data, sizeof(data), &key));
		data[i] ^= 0x80;
	}
	cr_assert_eq(plain, siphash(data, sizeof(data), &key));
}

Test(siphash, random_keys_differ)
{
	struct siphash_key a, b;

	cr_assert_eq(siphash_key_random(&a), 0);
	cr_assert_eq(siphash_key_random(&b), 0);
	cr_assert(a.k[0] != b.k[0] || a.k[1] != b.k[1]);
}
