// A pool of threads that works through numbered units: the caller is thread 0, the others spin for some microseconds
// between jobs and then sleep. Which thread does which unit is left to chance, so a kernel must compute every unit in
// the same way whoever does it: work is cut by output, never by summand, and the bits depend on no thread count.
#ifndef NATIVE_POOL_H
#define NATIVE_POOL_H

#include <stddef.h>

typedef struct pool pool;

// A kernel does the units from … to-1 of a job. scratch is the thread's own memory, of the size asked for.
typedef void (*kernel)(const void *job, long from, long to, void *scratch);

pool *pool_new(int threads); // NULL when threads cannot be had
void pool_free(pool *p);
int pool_threads(const pool *p);

// pool_resize ends threads or adds some, between two jobs, and returns how many there are then: fewer than asked for where the
// system refuses them.
int pool_resize(pool *p, int threads);

// pool_run does the units 0 … units-1 and returns when all are done. work is a guess of the whole job's nanoseconds on
// one thread: small jobs stay on the caller's thread. Jobs of one pool run one after the other, whoever asks.
void pool_run(pool *p, kernel fn, const void *job, long units, double work, size_t scratch);

// pool_lock reserves the pool for a job of several runs that share the buffer returned: at least size bytes, aligned.
float *pool_lock(pool *p, size_t size);
void pool_unlock(pool *p);
void pool_run_locked(pool *p, kernel fn, const void *job, long units, double work, size_t scratch);

#endif
