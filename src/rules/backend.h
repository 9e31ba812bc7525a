/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * backend.h - what finds the first matching rule of a chain
 *
 * Statements, jumps, marks and counters are common to all backends (ruleset.c). A backend
 * answers one question: which is the first rule of this chain, at position `from` or
 * later, whose matches all hold for this key? `linear` asks each rule in order and is
 * the reference; any other must give the same answers.
 *
 * To add one: write a file that defines a struct rules_backend, and name it in
 * backends.def and the makefile (Makefile.inc).
 */
#ifndef RULES_BACKEND_H
#define RULES_BACKEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ctlink/memory.h"
#include "rules/check.h"
#include "rules/key.h"

/** Answer of classify(): no rule holds. */
#define RULES_NO_MATCH UINT32_MAX

struct rules_backend {
	const char *name;

	/**
	 * Prepare for @n rules of one chain, which outlive the matcher. One thread, any: it may
	 * take long. When *@stop becomes true nobody wants the matcher any more.
	 * Returns 0, or -ENOMEM or -ECANCELED and nothing in *@matcher.
	 */
	int (*build)(const struct check_rule *rules, uint32_t n,
	             const struct ctlink_memory *memory, const _Atomic bool *stop,
	             void **matcher);

	/**
	 * Position of the first rule at or after @from that holds, or RULES_NO_MATCH.
	 * @from is 0, or behind a rule that has held for this packet and was not final;
	 * marks may be others since.
	 * Any thread; no lock, no allocation, changes nothing.
	 */
	uint32_t (*classify)(const void *matcher, const struct rule_key *key,
	                     uint32_t from);

	/** Bytes that build() has taken. */
	size_t (*memory)(const void *matcher);

	void (*destroy)(void *matcher, const struct ctlink_memory *memory);
};

/** By name, or NULL. */
const struct rules_backend *rules_backend_peek(const char *name);

/** All of them, and their names in the same order; both end with NULL. */
const struct rules_backend *const *rules_backend_list(void);
const char *const *rules_backend_names(void);

#define RULES_BACKEND(name) extern const struct rules_backend rules_backend_##name;
#include "rules/backends.def"
#undef RULES_BACKEND

#endif
