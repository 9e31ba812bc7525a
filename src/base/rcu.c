/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/rcu.h"

#ifdef RCU_TSAN
char rcu_tsan_readers;
char rcu_tsan_writers;
#else
/* An empty translation unit is not C. */
typedef int rcu_needs_nothing;
#endif
