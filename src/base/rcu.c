/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/rcu.h"

#ifdef RCU_TSAN
char rcu_tsan_readers;
char rcu_tsan_writers;
static char settled; /* the last callback releases, who waited for it acquires */

static void settle(struct rcu_head *head)
{
	__tsan_release(&settled);
}

/* Callbacks run one after the other in one thread: what the last one releases is what all
 * before it have done. */
void rcu_tsan_settle(void)
{
	struct rcu_head last;

	urcu_qsbr_call_rcu(&last, settle);
	urcu_qsbr_barrier();
	__tsan_acquire(&settled);
	__tsan_acquire(&rcu_tsan_readers);
}
#else
/* An empty translation unit is not C. */
typedef int rcu_needs_nothing;
#endif
