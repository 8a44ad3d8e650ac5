#define _GNU_SOURCE
#include "pool.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

// The state word of a pool: a job's number, whether it is open to more threads, and how many are inside. A thread that
// wakes late finds the job closed and goes back to sleep: the caller waits for threads that are inside, never for sleepers.
#define OPEN ((uint64_t)1 << 16)
#define INSIDE ((uint64_t)0xffff)
#define NUMBER(state) ((state) >> 17)

// SPINS is some 50 µs of waiting awake; a job below SMALL_WORK_NS is done before another thread has taken notice.
enum { SPINS = 4000, YIELDS = 200, SMALL_WORK_NS = 8000, MOST_THREADS = 1024 };

typedef struct {
	pool *owner;
	pthread_t thread;
	atomic_int stop;
	void *scratch;
	size_t scratch_size;
} member;

struct pool {
	pthread_mutex_t running; // held during a job
	pthread_mutex_t sleeping;
	pthread_cond_t wake;
	atomic_int sleepers;

	_Atomic uint64_t state;
	kernel fn;
	const void *job;
	long units, grain;
	size_t scratch;
	atomic_long next;

	float *shared; // the buffer of pool_lock
	size_t shared_size;
	atomic_int threads;
	int room; // members that there may be
	member *members;
};

static inline void relax(void) {
#if defined(__x86_64__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield");
#endif
}

static void *grow(void *old, size_t *have, size_t want) {
	if (want <= *have) return old;
	free(old);
	*have = (want + want / 4 + 4095) & ~(size_t)4095;
	enum { HUGE_PAGE = 2 << 20 }; // packed matrices go through fewer entries of the address cache: 2% of a product
	if (*have >= HUGE_PAGE / 4) *have = (*have + HUGE_PAGE - 1) & ~(size_t)(HUGE_PAGE - 1);
	void *block = aligned_alloc(*have % HUGE_PAGE ? 64 : HUGE_PAGE, *have);
#ifdef MADV_HUGEPAGE
	if (block && *have % HUGE_PAGE == 0) madvise(block, *have, MADV_HUGEPAGE);
#endif
	if (!block) { // in the middle of an operation: the process ends, the trial's checkpoint stays
		fprintf(stderr, "native engine: out of memory: %zu MB are not to be had\n", *have >> 20);
		_exit(1);
	}
	return block;
}

static void take_units(pool *p, member *m) {
	if (p->scratch) m->scratch = grow(m->scratch, &m->scratch_size, p->scratch);
	for (;;) {
		long from = atomic_fetch_add(&p->next, p->grain);
		if (from >= p->units) return;
		long to = from + p->grain < p->units ? from + p->grain : p->units;
		p->fn(p->job, from, to, m->scratch);
	}
}

// wait_for_job returns the state of an open job other than number, or 0 when the thread is to end.
static uint64_t wait_for_job(member *m, uint64_t number) {
	pool *p = m->owner;
	for (;;) {
		for (int i = 0; i < SPINS; i++) {
			uint64_t s = atomic_load(&p->state);
			if ((s & OPEN) && NUMBER(s) != number) return s;
			if (atomic_load_explicit(&m->stop, memory_order_relaxed)) return 0;
			relax();
		}
		pthread_mutex_lock(&p->sleeping);
		atomic_fetch_add(&p->sleepers, 1);
		for (;;) {
			uint64_t s = atomic_load(&p->state);
			if (atomic_load(&m->stop) || ((s & OPEN) && NUMBER(s) != number)) break;
			pthread_cond_wait(&p->wake, &p->sleeping);
		}
		atomic_fetch_sub(&p->sleepers, 1);
		pthread_mutex_unlock(&p->sleeping);
	}
}

static void *work(void *arg) {
	member *m = arg;
	pool *p = m->owner;
	uint64_t number = 0;
	for (;;) {
		uint64_t s = wait_for_job(m, number);
		if (!s) return NULL;
		if (!atomic_compare_exchange_strong(&p->state, &s, s + 1)) continue;
		number = NUMBER(s);
		take_units(p, m);
		atomic_fetch_sub(&p->state, 1);
	}
}

// start_threads adds threads until there are that many, and returns how many there are then.
static int start_threads(pool *p, int threads) {
	sigset_t all, before; // signals are for the threads of the Go runtime
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int have = p->threads;
	for (; have < threads; have++) {
		member *m = &p->members[have];
		m->owner = p;
		m->stop = 0;
		if (pthread_create(&m->thread, NULL, work, m)) break;
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	p->threads = have;
	return have;
}

// end_threads ends all but that many threads. No job may be running.
static void end_threads(pool *p, int threads) {
	int have = p->threads;
	pthread_mutex_lock(&p->sleeping);
	for (int i = threads; i < have; i++) atomic_store(&p->members[i].stop, 1);
	pthread_cond_broadcast(&p->wake);
	pthread_mutex_unlock(&p->sleeping);
	for (int i = threads; i < have; i++) {
		member *m = &p->members[i];
		pthread_join(m->thread, NULL);
		free(m->scratch);
		*m = (member){0};
	}
	p->threads = threads;
}

pool *pool_new(int threads) {
	pool *p = calloc(1, sizeof *p);
	if (!p) return NULL;
	p->room = threads > MOST_THREADS ? threads : MOST_THREADS;
	p->members = calloc(p->room, sizeof *p->members);
	if (!p->members) {
		free(p);
		return NULL;
	}
	pthread_mutex_init(&p->running, NULL);
	pthread_mutex_init(&p->sleeping, NULL);
	pthread_cond_init(&p->wake, NULL);
	p->threads = 1; // the caller
	if (start_threads(p, threads) == threads) return p;
	pool_free(p);
	return NULL;
}

int pool_resize(pool *p, int threads) {
	pthread_mutex_lock(&p->running);
	if (threads > p->room) threads = p->room;
	if (threads < p->threads) end_threads(p, threads);
	int have = start_threads(p, threads);
	pthread_mutex_unlock(&p->running);
	return have;
}

void pool_free(pool *p) {
	end_threads(p, 1);
	free(p->members[0].scratch);
	free(p->members);
	free(p->shared);
	free(p);
}

int pool_threads(const pool *p) { return p->threads; }

float *pool_lock(pool *p, size_t size) {
	pthread_mutex_lock(&p->running);
	p->shared = grow(p->shared, &p->shared_size, size);
	return p->shared;
}

void pool_unlock(pool *p) { pthread_mutex_unlock(&p->running); }

void pool_run_locked(pool *p, kernel fn, const void *job, long units, double work, size_t scratch) {
	member *self = &p->members[0];
	if (p->threads == 1 || units < 2 || work < SMALL_WORK_NS) {
		if (scratch) self->scratch = grow(self->scratch, &self->scratch_size, scratch);
		fn(job, 0, units, self->scratch);
		return;
	}
	p->fn = fn;
	p->job = job;
	p->units = units;
	p->scratch = scratch;
	p->grain = units / (p->threads * 8L);
	if (p->grain < 1) p->grain = 1;
	atomic_store(&p->next, 0);
	uint64_t number = NUMBER(atomic_load(&p->state)) + 1;
	atomic_store(&p->state, number << 17 | OPEN);
	if (atomic_load(&p->sleepers) > 0) {
		pthread_mutex_lock(&p->sleeping);
		pthread_cond_broadcast(&p->wake);
		pthread_mutex_unlock(&p->sleeping);
	}
	take_units(p, self);
	atomic_fetch_and(&p->state, ~OPEN);
	for (int i = 0; atomic_load(&p->state) & INSIDE; i++) {
		if (i < SPINS) {
			relax();
		} else if (i < SPINS + YIELDS) {
			sched_yield();
		} else {
			nanosleep(&(struct timespec){0, 50000}, NULL);
		}
	}
}

void pool_run(pool *p, kernel fn, const void *job, long units, double work, size_t scratch) {
	pthread_mutex_lock(&p->running);
	pool_run_locked(p, fn, job, units, work, scratch);
	pthread_mutex_unlock(&p->running);
}
