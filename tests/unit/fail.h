/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fail.h - allocation that fails once, for programs linked with FAIL_WRAP
 *
 *	for (n = 0; fail_after = n, (r = make()) == -ENOMEM; n++) …
 */
#ifndef TESTS_UNIT_FAIL_H
#define TESTS_UNIT_FAIL_H

/** So many calls of malloc() and calloc() succeed, the next fails, all others succeed; negative: none
 * fails. */
extern long fail_after;

#endif
