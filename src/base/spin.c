/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/spin.h"

#include <sched.h>

/* Pauses before the processor is given away: a microsecond or several, which is longer than
 * a holder that runs keeps the lock. */
#define SPIN_PAUSES 128

void spin_wait(unsigned int *tries)
{
	if (++*tries > SPIN_PAUSES) {
		sched_yield();
		return;
	}
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#endif
}
