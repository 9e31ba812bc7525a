/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * base.h - the compiler's words that every folder uses
 *
 * Only spellings of compiler features and two arithmetic macros; no function,
 * no type of the project.
 */
#ifndef BASE_BASE_H
#define BASE_BASE_H

#include <stddef.h>

#define BASE_MUST_CHECK   __attribute__((warn_unused_result))
#define BASE_PRINTF(f, a) __attribute__((format(printf, f, a)))
#define BASE_ALIGNED(n)   __attribute__((aligned(n)))
#define BASE_NOINLINE     __attribute__((noinline))
#define base_likely(x)    __builtin_expect(!!(x), 1)
#define base_unlikely(x)  __builtin_expect(!!(x), 0)

/** Bytes of a cache line on every machine that we measure on. */
#define BASE_CACHELINE 64

#define BASE_ARRAY_LENGTH(a) (sizeof(a) / sizeof((a)[0]))
#define base_container_of(ptr, type, member) \
	((type *)(void *)((char *)(ptr)-offsetof(type, member)))

#endif
