/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * peer.h - what a classifier must do to take part in the benchmark
 *
 * A peer is a shared object with one symbol, classifier_peer. Packets are given ready
 * for it: prepare() is not timed.
 */
#ifndef TESTS_BENCH_RULES_PEER_H
#define TESTS_BENCH_RULES_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/bench/rules/generate.h"

#define CLASSIFIER_NONE UINT32_MAX

struct classifier_peer {
	const char *name;
	/** Everything that is needed before build(). */
	bool (*create)(const struct generated_rule *rules, uint32_t n);
	/** Timed. */
	bool (*build)(void);
	bool (*prepare)(const struct generated_packet *packets, uint32_t n);
	/** The first rule that matches each of @n packets from @from on, or CLASSIFIER_NONE. */
	void (*classify)(uint32_t from, uint32_t n, uint32_t *results);
	/** Of what build() made. */
	size_t (*bytes)(void);
	/** Replace one rule and make that effective; NULL: build() again. */
	bool (*update)(void);
};

extern const struct classifier_peer classifier_peer
	__attribute__((visibility("default")));

#endif
