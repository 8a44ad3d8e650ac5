#define _GNU_SOURCE
#include "native.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

int native_best(void) {
#ifdef NATIVE_X86_KERNELS
	__builtin_cpu_init();
	if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512cd") &&
	    __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
		return KIND_AVX512;
	if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2")) return KIND_AVX2;
#endif
	return KIND_PLAIN;
}

static const kernels *kernels_of(int kind) {
#ifdef NATIVE_X86_KERNELS
	if (kind == KIND_AVX512) return &kernels_avx512;
	if (kind == KIND_AVX2) return &kernels_avx2;
#endif
	return &kernels_plain;
}

device *native_open(int threads, int kind, int bf16) {
	device *d = malloc(sizeof *d);
	if (!d) return NULL;
	*d = (device){pool_new(threads), kernels_of(kind), native_bf16_kernels(bf16)};
	if (d->pool) return d;
	free(d);
	return NULL;
}

void native_close(device *d) {
	pool_free(d->pool);
	free(d);
}

int native_resize(device *d, int threads) { return pool_resize(d->pool, threads); }

const char *native_kernels(const device *d) { return d->kernels->name; }
const char *native_bf16(const device *d) { return d->bf16 ? d->bf16->name : NULL; }

float *native_map(size_t size) {
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED) return NULL;
#ifdef MADV_HUGEPAGE
	madvise(memory, size, MADV_HUGEPAGE);
#endif
	return memory;
}

void native_unmap(float *memory, size_t size) { munmap(memory, size); }

static long parts(long n, long size) { return (n + size - 1) / size; }

// Nanoseconds of a float passing through a simple kernel, of one with an exponential, of a multiply-add.
static const double PASS = 0.15, EXP = 0.6, FMA = 0.02;

// UNIT_ROWS rows of A are used together. BLOCK_K steps of the inner dimension pass before C is stored; where the second cache is
// large, as it is wherever there is AVX-512, HALF_K if A is copied or B is packed, and LONG_K if A lies in rows and is not copied. A copy of a
// block of A has a gap that keeps its runs apart in the caches.
enum { BLOCK_K = 384, HALF_K = 512, LONG_K = 1024, UNIT_ROWS = 112, COPY_GAP = 16 };

// Rows a multiple of WAY floats apart share a set of the first cache, whose lines are then lost before they have been used;
// rows of B lie close enough to be read in place up to NEAR floats, and packing pays for more than FEW rows of A only.
enum { WAY = 1024, NEAR = 512, FEW = 64 };

// plan_gemm cuts the product into units and says which operands are copied.
static void plan_gemm(const device *d, gemm_job *g) {
	int threads = pool_threads(d->pool);
	long ideal = threads == 1 ? 1 : 4 * threads; // units, so that threads end together
	if (g->b_col == 1 && (g->b_row <= NEAR || g->m <= FEW)) g->in_place = g->n / d->kernels->panel;
	bool large = d->kernels == kernels_of(KIND_AVX512);
	long a_stride = g->a_col == 1 ? g->a_row : g->a_col;
	g->copy_a = a_stride % WAY == 0 && g->m > FEW;
	g->blocks = parts(g->k, !large ? BLOCK_K : g->copy_a ? HALF_K : g->a_col == 1 ? LONG_K : g->in_place ? BLOCK_K : HALF_K);
	g->block = parts(g->k, g->blocks);
	g->panels = parts(g->n, d->kernels->panel);
	g->row_tiles = parts(g->m, d->kernels->tile_rows);
	g->row_units = parts(g->row_tiles, UNIT_ROWS / d->kernels->tile_rows);
	g->unit_tiles = parts(g->row_tiles, g->row_units);
	g->row_units = parts(g->row_tiles, g->unit_tiles);
	g->unit_panels = g->row_units >= ideal ? g->panels : parts(g->panels, parts(ideal, g->row_units));
	g->column_units = parts(g->panels, g->unit_panels);
	g->copy_stride = COPY_GAP + (g->a_col == 1 ? g->block : UNIT_ROWS);
}

void native_gemm(device *d, long m, long n, long k, const float *a, long a_row, long a_col, const float *b, long b_row,
                 long b_col, const float *bias, float *c, long ldc, int add) {
	if (m == 0 || n == 0) return;
	if (k == 0 && !add) // an empty sum
		for (long i = 0; i < m; i++)
			for (long j = 0; j < n; j++) c[i * ldc + j] = bias ? bias[j] : 0;
	if (k == 0) return;
	gemm_job g = {.m = m, .n = n, .k = k, .a = a, .b = b, .bias = bias, .a_row = a_row, .a_col = a_col, .b_row = b_row,
	              .b_col = b_col, .c = c, .ldc = ldc, .add = add};
	plan_gemm(d, &g);
	long packed = g.panels - g.in_place;
	g.packed = pool_lock(d->pool, sizeof(float) * k * packed * d->kernels->panel);
	if (packed)
		pool_run_locked(d->pool, d->kernels->gemm_pack, &g, g.blocks * parts(packed, GROUP), 0.3 * packed * d->kernels->panel * k, 0);
	pool_run_locked(d->pool, d->kernels->gemm, &g, g.row_units * g.column_units, FMA * m * n * k,
	                g.copy_a ? sizeof(float) * g.copy_stride * (g.a_col == 1 ? UNIT_ROWS : g.block) : 0);
	pool_unlock(d->pool);
}

static double thread_seconds(void) {
	struct timespec t;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return t.tv_sec + 1e-9 * t.tv_nsec;
}

double native_peak(const device *d) {
	enum { ROUNDS = 20, STEPS = 20000 };
	double best = 0;
	volatile float x = 0.5f;
	for (int round = 0; round < ROUNDS; round++) {
		double start = thread_seconds();
		x = 0.5f + 1e-30f * d->kernels->peak(STEPS, x);
		double rate = 2e-9 * d->kernels->tile_rows * d->kernels->panel * STEPS / (thread_seconds() - start);
		if (rate > best) best = rate;
	}
	return best;
}

static double attention_work(const attention_job *t) {
	return (double)t->batch * t->queries * t->keys * (2 * t->width * FMA + t->heads * EXP);
}

void native_attention(device *d, const attention_job *t) {
	if (t->queries <= FEW_QUERIES) {
		attention_job few = *t;
		long most = t->batch * t->heads / (4 * pool_threads(d->pool)); // so that threads end together
		few.unit_samples = most < 1 ? 1 : most > 16 ? 16 : most;
		pool_run(d->pool, d->kernels->attention_few, &few, parts(t->batch, few.unit_samples) * t->heads, attention_work(t),
		         d->kernels->attention_few_scratch(t));
		return;
	}
	pool_run(d->pool, d->kernels->attention, t, t->batch * t->heads, attention_work(t), d->kernels->attention_scratch(t));
}

void native_attention_back(device *d, const attention_job *t) {
	pool_run(d->pool, d->kernels->attention_back, t, t->batch * t->heads, 2.5 * attention_work(t), d->kernels->attention_scratch(t));
}

void native_norm(device *d, long rows, long width, const float *x, const float *w, const float *b, float eps, float *y,
                 float *mean, float *scale) {
	norm_job t = {.rows = rows, .width = width, .x = x, .w = w, .b = b, .eps = eps, .y = y, .mean = mean, .scale = scale};
	pool_run(d->pool, d->kernels->norm, &t, rows, rows * (20 + 2 * PASS * width), 0);
}

void native_norm_back(device *d, long rows, long width, const float *x, const float *w, const float *mean,
                      const float *scale, const float *dy, float *dx, int add, float *dwb, const int32_t *blocks, long count) {
	if (!blocks) count = parts(rows, ROWS);
	norm_job t = {.rows = rows, .width = width, .x = x, .w = w, .mean = (float *)mean, .scale = (float *)scale, .dy = dy,
	              .dx = dx, .add = add, .blocks = blocks};
	t.partial = pool_lock(d->pool, sizeof(float) * count * 2 * width);
	pool_run_locked(d->pool, d->kernels->norm_back, &t, count, rows * (20 + 4 * PASS * width), 0);
	columns_job total = {.rows = count, .width = 2 * width, .out = dwb, .partial = t.partial};
	pool_run_locked(d->pool, d->kernels->columns_total, &total, 1, 0, 0);
	pool_unlock(d->pool);
}

double native_entropy(device *d, long rows, long classes, const float *logits, const int32_t *labels, const float *weights,
                      double smoothing, double *loss, float *peak, float *inverse) {
	entropy_job t = {.rows = rows, .classes = classes, .logits = logits, .weights = weights, .labels = labels,
	                 .smoothing = smoothing, .loss = loss, .peak = peak, .inverse = inverse};
	pool_run(d->pool, d->kernels->entropy, &t, rows, EXP * rows * classes, 0);
	double total = 0;
	for (long r = 0; r < rows; r++) total += loss[r];
	return total;
}

void native_entropy_back(device *d, long rows, long classes, const float *logits, const int32_t *labels,
                         const float *weights, double smoothing, const float *peak, const float *inverse, double factor,
                         float *dlogits, int add) {
	entropy_job t = {.rows = rows, .classes = classes, .logits = logits, .weights = weights, .labels = labels,
	                 .smoothing = smoothing, .peak = (float *)peak, .inverse = (float *)inverse, .factor = factor,
	                 .dlogits = dlogits, .add = add};
	pool_run(d->pool, d->kernels->entropy_back, &t, rows, EXP * rows * classes, 0);
}

void native_top(device *d, long rows, long classes, long k, const float *logits, float *logp, float *index) {
	top_job t = {.rows = rows, .classes = classes, .k = k, .logits = logits, .logp = logp, .index = index};
	pool_run(d->pool, d->kernels->top, &t, rows, (EXP + PASS) * rows * classes, 0);
}

void native_element(device *d, element_op op, long n, long period, const float *x, const float *y, float factor, float *z,
                    int add) {
	element_job t = {.op = op, .n = n, .period = period, .x = x, .y = y, .factor = factor, .z = z, .add = add};
	pool_run(d->pool, d->kernels->element, &t, parts(n, BLOCK), n * (op >= ELEMENT_GELU_TANH ? EXP : PASS), 0);
}

void native_dropout(device *d, long n, const float *x, float factor, uint32_t base, uint32_t threshold, float *z, int add) {
	dropout_job t = {.n = n, .x = x, .z = z, .factor = factor, .base = base, .threshold = threshold, .add = add};
	pool_run(d->pool, d->kernels->dropout, &t, parts(n, BLOCK), 2 * PASS * n, 0);
}

void native_columns(device *d, long rows, long width, const float *x, const float *y, float *out, int add, const int32_t *blocks,
                    long count) {
	if (!blocks) count = parts(rows, ROWS);
	columns_job t = {.rows = rows, .width = width, .x = x, .y = y, .blocks = blocks};
	t.partial = pool_lock(d->pool, sizeof(float) * count * width);
	pool_run_locked(d->pool, d->kernels->columns, &t, count, PASS * rows * width, 0);
	columns_job total = {.rows = count, .width = width, .out = out, .partial = t.partial, .add = add};
	pool_run_locked(d->pool, d->kernels->columns_total, &total, 1, 0, 0);
	pool_unlock(d->pool);
}

void native_adamw(device *d, const adamw_job *t) {
	pool_run(d->pool, d->kernels->adamw, t, parts(t->n, BLOCK), 3 * PASS * t->n, 0);
}

double native_squares(device *d, long n, const float *x) {
	long blocks = parts(n, BLOCK);
	squares_job t = {.n = n, .x = x};
	t.partial = (double *)pool_lock(d->pool, sizeof(double) * blocks);
	pool_run_locked(d->pool, d->kernels->squares, &t, blocks, PASS * n, 0);
	double total = 0;
	for (long i = 0; i < blocks; i++) total += t.partial[i];
	pool_unlock(d->pool);
	return total;
}

void native_gather(device *d, long count, long width, const float *table, const int32_t *ids, float *out) {
	gather_job t = {.count = count, .width = width, .table = table, .ids = ids, .out = out};
	pool_run(d->pool, d->kernels->gather, &t, count, PASS * count * width, 0);
}

void native_scatter(device *d, long count, long width, float *dtable, const int32_t *ids, const float *dy) {
	gather_job t = {.count = count, .width = width, .dtable = dtable, .ids = ids, .dy = dy};
	pool_run(d->pool, d->kernels->scatter, &t, parts(width, 16), PASS * count * width, 0);
}

void native_roi(device *d, long boxes, long samples, long height, long width, long channels, const float *features,
                const float *box, const int32_t *rows, float *out) {
	roi_job t = {.boxes = boxes, .samples = samples, .height = height, .width = width, .channels = channels,
	             .features = features, .box = box, .rows = rows, .out = out};
	pool_run(d->pool, d->kernels->roi, &t, boxes, 36 * 4 * PASS * boxes * channels, 0);
}

void native_roi_back(device *d, long boxes, long samples, long height, long width, long channels, float *dfeatures,
                     const float *box, const int32_t *rows, const float *dy) {
	roi_job t = {.boxes = boxes, .samples = samples, .height = height, .width = width, .channels = channels,
	             .dfeatures = dfeatures, .box = box, .rows = rows, .dy = dy};
	pool_run(d->pool, d->kernels->roi_back, &t, samples, 36 * 4 * PASS * boxes * channels, 0);
}

long native_panels(const device *d, long n, long k) {
	return parts(n, d->kernels->panel) * d->kernels->panel * k;
}

void native_pack(device *d, long n, long k, const float *b, long b_row, long b_col, float *packed) {
	gemm_job g = {.n = n, .k = k, .b = b, .b_row = b_row, .b_col = b_col, .packed = packed};
	pool_run(d->pool, d->kernels->pack_dense, &g, parts(n, d->kernels->panel), 0.3 * n * k, 0);
}

void native_panels_gemm(device *d, long m, long n, long k, const float *a, const float *packed, const float *bias, float *c) {
	if (m == 0 || n == 0) return;
	gemm_job g = {.m = m, .n = n, .k = k, .a = a, .a_row = k, .packed = (float *)packed, .bias = bias, .c = c, .ldc = n};
	long ideal = 4 * pool_threads(d->pool); // units, so that threads end together
	g.panels = parts(n, d->kernels->panel);
	g.row_tiles = parts(m, d->kernels->tile_rows);
	g.unit_panels = g.panels < ideal ? 1 : g.panels / ideal;
	g.column_units = parts(g.panels, g.unit_panels);
	g.unit_tiles = parts(g.row_tiles, parts(ideal, g.column_units));
	g.row_units = parts(g.row_tiles, g.unit_tiles);
	pool_run(d->pool, d->kernels->panels_gemm, &g, g.row_units * g.column_units, FMA * m * n * k, 0);
}

static bf16_job bf16_of(long m, long n, long k) {
	return (bf16_job){.m = m, .n = n, .k = k, .k_tiles = parts(k, TILE_K), .columns = parts(n, 2 * TILE) * 2};
}

long native_bf16_panels(long n, long k) {
	bf16_job g = bf16_of(0, n, k);
	return g.columns * g.k_tiles * TILE_SIZE / 2;
}

// Nanoseconds of packing a number.
static const double BF16_PACK = 0.1;

void native_bf16_pack(device *d, long n, long k, const float *b, long b_row, long b_col, float *packed) {
	bf16_job g = bf16_of(0, n, k);
	g.b = b, g.b_row = b_row, g.b_col = b_col, g.packed = (uint16_t *)packed;
	pool_run(d->pool, d->bf16->pack, &g, g.columns, BF16_PACK * n * k, 0);
}

void native_bf16_gemm(device *d, long m, long n, long k, const float *a, long a_row, long a_col, const float *b, long b_row,
                      long b_col, const float *packed, const float *bias, float *c, long ldc, int add) {
	if (m == 0 || n == 0 || k == 0) {
		native_gemm(d, m, n, k, a, a_row, a_col, b, b_row, b_col, bias, c, ldc, add);
		return;
	}
	bf16_job g = bf16_of(m, n, k);
	g.a = a, g.a_row = a_row, g.a_col = a_col, g.b = b, g.b_row = b_row, g.b_col = b_col, g.bias = bias, g.c = c, g.ldc = ldc, g.add = add;
	long ideal = 4 * pool_threads(d->pool), squares = g.columns / 2; // units, so that threads end together
	g.row_units = parts(m, UNIT_TILES * TILE);
	g.unit_columns = g.row_units >= ideal ? g.columns : 2 * parts(squares, parts(ideal, g.row_units));
	g.column_units = parts(g.columns, g.unit_columns);
	g.packed = (uint16_t *)pool_lock(d->pool, packed ? 0 : sizeof(float) * native_bf16_panels(n, k));
	if (packed) g.packed = (uint16_t *)packed;
	else pool_run_locked(d->pool, d->bf16->pack, &g, g.columns, BF16_PACK * n * k, 0);
	pool_run_locked(d->pool, d->bf16->multiply, &g, g.row_units * g.column_units, FMA / 4 * m * n * k, d->bf16->scratch);
	pool_unlock(d->pool);
}

void native_encode(device *d, const encode_job *job, float *x, long groups) {
	encode_job own = *job, *t = &own;
	t->x = x;
	double work = FMA * t->layers * (4.0 * t->width + 2.0 * t->inner) * t->width * t->start[t->group[groups]];
	pool_run(d->pool, d->kernels->encode, t, groups, work, d->kernels->encode_scratch(t));
}

typedef struct {
	long n, from_stride, to_stride;
	const float *from;
	float *to;
	int add;
} copy_job;

static void copy_rows(const void *job, long from, long to, void *scratch) {
	const copy_job *t = job;
	for (long r = from; r < to; r++) {
		const float *x = t->from + r * t->from_stride;
		float *y = t->to + r * t->to_stride;
		if (t->add)
			for (long j = 0; j < t->n; j++) y[j] += x[j];
		else
			memcpy(y, x, sizeof *x * t->n);
	}
}

void native_copy(device *d, long rows, long n, const float *from, long from_stride, float *to, long to_stride, int add) {
	copy_job t = {.n = n, .from = from, .from_stride = from_stride, .to = to, .to_stride = to_stride, .add = add};
	pool_run(d->pool, copy_rows, &t, rows, PASS * rows * n + rows, 0);
}
