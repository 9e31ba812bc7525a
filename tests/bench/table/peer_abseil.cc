/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * peer_abseil.cc - absl::flat_hash_map, keys stored in the table, the hash given
 *
 * Only when it grows it hashes its keys itself, as it stores no hashes.
 */
#include <absl/container/flat_hash_map.h>

#include "tests/bench/table/peer.h"

static const struct bench_data *data;

template <size_t size> struct Key {
	uint8_t bytes[size];
};

struct Query {
	uint64_t hash;
	const void *key;
};

template <size_t size> struct Hash {
	using is_transparent = void;
	size_t operator()(const Key<size> &k) const
	{
		return data->hash(&k);
	}
	size_t operator()(const Query &q) const
	{
		return q.hash;
	}
};

template <size_t size> struct Equal {
	using is_transparent = void;
	bool operator()(const Key<size> &a, const Key<size> &b) const
	{
		return memcmp(&a, &b, size) == 0;
	}
	bool operator()(const Key<size> &a, const Query &q) const
	{
		return memcmp(&a, q.key, size) == 0;
	}
	bool operator()(const Query &q, const Key<size> &a) const
	{
		return memcmp(&a, q.key, size) == 0;
	}
};

struct Table {
	virtual ~Table() = default;
	virtual bool insert(const Query &q, uint32_t handle) = 0;
	virtual uint32_t find(const Query &q) = 0;
	virtual void prefetch(const Query &q) = 0;
	virtual bool remove(const Query &q) = 0;
	virtual uint64_t iterate() = 0;
	virtual size_t bytes() = 0;
};

template <size_t size> struct TableOf final : Table {
	absl::flat_hash_map<Key<size>, uint32_t, Hash<size>, Equal<size>> map;

	bool insert(const Query &q, uint32_t handle) override
	{
		bool fresh = false;

		map.lazy_emplace(q, [&](const auto &make) {
			Key<size> key;

			memcpy(&key, q.key, size);
			make(key, handle);
			fresh = true;
		});
		return fresh;
	}
	uint32_t find(const Query &q) override
	{
		auto it = map.find(q);

		return it == map.end() ? 0 : it->second;
	}
	void prefetch(const Query &q) override
	{
		map.prefetch(q);
	}
	bool remove(const Query &q) override
	{
		auto it = map.find(q);

		if (it == map.end())
			return false;
		map.erase(it);
		return true;
	}
	uint64_t iterate() override
	{
		uint64_t sum = 0;

		for (const auto &entry : map)
			sum += entry.second;
		return sum;
	}
	size_t bytes() override
	{
		return map.capacity() * (sizeof(*map.begin()) + 1);
	}
};

extern "C" {

static void *abseil_create(const struct bench_data *d)
{
	data = d;
	if (d->key_size == 16)
		return static_cast<Table *>(new TableOf<16>);
	return static_cast<Table *>(new TableOf<40>);
}

static void abseil_destroy(void *t)
{
	delete static_cast<Table *>(t);
}

static bool abseil_insert(void *t, uint64_t hash, const void *key, uint32_t handle)
{
	return static_cast<Table *>(t)->insert({ hash, key }, handle);
}

static uint32_t abseil_find(void *t, uint64_t hash, const void *key)
{
	return static_cast<Table *>(t)->find({ hash, key });
}

static void abseil_prefetch(void *t, uint64_t hash)
{
	static_cast<Table *>(t)->prefetch({ hash, nullptr });
}

static bool abseil_remove(void *t, uint64_t hash, const void *key, uint32_t)
{
	return static_cast<Table *>(t)->remove({ hash, key });
}

static uint64_t abseil_iterate(void *t)
{
	return static_cast<Table *>(t)->iterate();
}

static size_t abseil_bytes(void *t)
{
	return static_cast<Table *>(t)->bytes();
}

const struct bench_peer bench_peer = {
	.name = "abseil flat_hash_map",
	.fixed = false,
	.link_bytes = 0,
	.bulk = 0,
	.create = abseil_create,
	.destroy = abseil_destroy,
	.insert = abseil_insert,
	.find = abseil_find,
	.find_bulk = nullptr,
	.prefetch = abseil_prefetch,
	.remove = abseil_remove,
	.iterate = abseil_iterate,
	.quiet = nullptr,
	.bytes = abseil_bytes,
};
}
