/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rcu.h - liburcu's QSBR flavour, with what ThreadSanitizer must be told
 *
 * A reader is a thread between rcu_register_thread() and rcu_unregister_thread().
 * It may use what it found in a shared structure until its next quiescent state:
 * rcu_quiet() after each batch, or rcu_offline() before it sleeps and rcu_online()
 * after. What a writer has unlinked may be reused after rcu_wait() or in a
 * call_rcu() callback.
 *
 * The library is not compiled with ThreadSanitizer, which therefore cannot see
 * that a grace period orders readers before reuse. The wrappers below tell it so
 * through one variable; in other builds they are the plain calls. Use them
 * instead of the library's own names.
 */
#ifndef BASE_RCU_H
#define BASE_RCU_H

#include <stdatomic.h>
#include <stdbool.h>
#include <urcu/urcu-qsbr.h>

#include "base/base.h"

#if defined(__SANITIZE_THREAD__)
#define RCU_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define RCU_TSAN 1
#endif
#endif

#ifdef RCU_TSAN
void __tsan_acquire(void *addr);
void __tsan_release(void *addr);
extern char rcu_tsan_readers; /* readers release, writers acquire */
extern char rcu_tsan_writers; /* writers release, callbacks acquire */
void rcu_tsan_settle(void);   /* what all callbacks before have done is seen */
#define rcu_tsan_release(v) __tsan_release(v)
#define rcu_tsan_acquire(v) __tsan_acquire(v)
#else
#define rcu_tsan_release(v) ((void)0)
#define rcu_tsan_acquire(v) ((void)0)
#endif

/** This reader holds nothing that it found before. */
static inline void rcu_quiet(void)
{
	rcu_tsan_release(&rcu_tsan_readers);
	urcu_qsbr_quiescent_state();
}

/** As rcu_quiet(), and so until rcu_online(): call around every sleep. */
static inline void rcu_offline(void)
{
	rcu_tsan_release(&rcu_tsan_readers);
	urcu_qsbr_thread_offline();
}

static inline void rcu_online(void)
{
	urcu_qsbr_thread_online();
}

/** Wait until each reader has been quiet once. Not for readers that are online. */
static inline void rcu_wait(void)
{
	urcu_qsbr_synchronize_rcu();
	rcu_tsan_acquire(&rcu_tsan_readers);
}

/** Have @func called with @head after a grace period, in the library's own thread. */
static inline void rcu_defer(struct rcu_head *head, void (*func)(struct rcu_head *))
{
	rcu_tsan_release(&rcu_tsan_writers);
	urcu_qsbr_call_rcu(head, func);
}

/** Wait until every callback given to rcu_defer() before has run. Not while online. */
static inline void rcu_settle(void)
{
#ifdef RCU_TSAN
	rcu_tsan_settle();
#else
	urcu_qsbr_barrier();
#endif
}

/** First statement of every callback of rcu_defer(). */
static inline void rcu_deferred(void)
{
	rcu_tsan_acquire(&rcu_tsan_readers);
	rcu_tsan_acquire(&rcu_tsan_writers);
}

/* A grace period for those who have more to do than wait: begun, then asked about. Its
 * memory must stay until it is over. */
struct rcu_grace {
	struct rcu_head head;
	_Atomic bool under_way;
};

static inline void rcu_grace_end(struct rcu_head *head)
{
	struct rcu_grace *g = base_container_of(head, struct rcu_grace, head);

	rcu_deferred();
	atomic_store_explicit(&g->under_way, false, memory_order_release);
}

/** Begin; one at a time. */
static inline void rcu_grace_begin(struct rcu_grace *g)
{
	atomic_store_explicit(&g->under_way, true, memory_order_relaxed);
	rcu_defer(&g->head, rcu_grace_end);
}

/** Has each reader been quiet since the beginning? */
static inline bool rcu_grace_is_over(const struct rcu_grace *g)
{
	return !atomic_load_explicit(&g->under_way, memory_order_acquire);
}

#endif
