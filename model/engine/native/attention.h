// Attention, one head of one sample at a time. Scores of query_rows queries with all keys are kept in scratch, never in
// memory: the way back computes them again from the largest score and the sum that the way forth left of each query.
// Every mask here hides the end of a row: query i sees the first limit(i) keys.

enum { QUERY_ROWS = 4 * TILE_ROWS, MOST_QUERY_ROWS = 2 * QUERY_ROWS };

// Heads are narrow: where a row of one head is read alone, eight floats at a time lose least, whatever W is.
enum { EIGHT = 8 };
typedef float eight __attribute__((vector_size(4 * EIGHT), aligned(4), may_alias));

INLINE float sum_eight(eight v) { return ((v[0] + v[4]) + (v[2] + v[6])) + ((v[1] + v[5]) + (v[3] + v[7])); }

static long padded(long n) { return (n + PANEL - 1) / PANEL * PANEL; }

// What a thread needs for one head: see attention_scratch for the sizes.
typedef struct {
	const float **k, **v; // [keys]: the rows of a sample
	float *k_across, *v_across; // panels [width][keys]: K and V transposed
	float *k_along, *v_along;   // panels [keys][width]
	float *q_along, *dy_along;  // panels [queries][width]
	float *s, *ds;              // [query_rows, keys]
} head_scratch;

// query_rows is how many queries are done together: many where their scores fit the second cache, fewer under a causal mask,
// which hides more keys from them all.
static long query_rows(const attention_job *t) { return t->causal || t->keys > 256 ? QUERY_ROWS : MOST_QUERY_ROWS; }

static size_t attention_scratch(const attention_job *t) {
	long d = t->width / t->heads;
	return 2 * sizeof(float *) * t->keys + 256 +
	       sizeof(float) * (2 * padded(t->keys) * d + 2 * t->keys * padded(d) + 2 * t->queries * padded(d) +
	                        2 * query_rows(t) * padded(t->keys));
}

static head_scratch cut_scratch(const attention_job *t, void *scratch) {
	long d = t->width / t->heads;
	head_scratch h = {.k = scratch};
	h.v = h.k + t->keys;
	h.k_across = (float *)(((uintptr_t)(h.v + t->keys) + 63) & ~(uintptr_t)63);
	h.v_across = h.k_across + padded(t->keys) * d;
	h.s = h.v_across + padded(t->keys) * d;
	h.ds = h.s + query_rows(t) * padded(t->keys);
	h.k_along = h.ds + query_rows(t) * padded(t->keys);
	h.v_along = h.k_along + t->keys * padded(d);
	h.q_along = h.v_along + t->keys * padded(d);
	h.dy_along = h.q_along + t->queries * padded(d);
	return h;
}

static long limit(const attention_job *t, long sample, long query) {
	long n = t->keys;
	if (t->causal && (!t->causal_rows || t->causal_rows[sample])) n += query + 1 - t->queries;
	if (t->lengths && t->lengths[sample] < n) n = t->lengths[sample];
	return n < 0 ? 0 : n;
}

// The rows of a sample's queries, and of its keys and values.
typedef struct { long first, count; } sample_rows;

static sample_rows rows_of(const int32_t *start, long sample, long most) {
	if (start) return (sample_rows){start[sample], start[sample + 1] - start[sample]};
	return (sample_rows){sample * most, most};
}
static sample_rows queries_of(const attention_job *t, long sample) { return rows_of(t->q_start, sample, t->queries); }
static sample_rows keys_of(const attention_job *t, long sample) { return rows_of(t->k_start, sample, t->keys); }

static void find_rows(const attention_job *t, long sample, head_scratch *h) {
	sample_rows own = keys_of(t, sample);
	const int32_t *k = t->k_rows ? t->k_rows + sample * t->rows_stride : NULL;
	const int32_t *v = t->v_rows ? t->v_rows + sample * t->rows_stride : NULL;
	for (long j = 0; j < own.count; j++) {
		h->k[j] = t->k + (k ? k[j] : own.first + j) * t->k_stride;
		h->v[j] = t->v + (v ? v[j] : own.first + j) * t->v_stride;
	}
}

// across packs d floats at offset of n rows transposed: panels [d][PANEL rows].
static void across(const float *const *rows, long offset, long n, long d, float *panels) {
	for (long j = 0; j < n; j += PANEL, panels += PANEL * d) {
		if (n - j < PANEL) memset(panels, 0, sizeof *panels * PANEL * d);
		for (long half = 0; half < PANEL && j + half < n; half += W) {
			long some = n - j - half < W ? n - j - half : W, l = 0;
			const float *const *row = rows + j + half;
			for (; l < d && d >= W; l += W) {
				if (l + W > d) l = d - W; // the last columns, of which some are done already
				vf x[W];
#pragma GCC unroll 16
				for (int i = 0; i < W; i++) x[i] = i < some ? load(row[i] + offset + l) : splat(0);
				transpose(x);
#pragma GCC unroll 16
				for (int i = 0; i < W; i++) store(panels + (l + i) * PANEL + half, x[i]);
			}
			for (; l < d; l++)
				for (long i = 0; i < some; i++) panels[l * PANEL + half + i] = row[i][offset + l];
		}
	}
}

// along_row packs d floats as they are into row j of n: panels [n][PANEL of the d].
static void along_row(const float *row, long j, long n, long d, float *panels) {
	for (panels += j * PANEL; d > 0; d -= PANEL, row += PANEL, panels += n * PANEL) {
		long l = 0, nv = d < PANEL ? d : PANEL;
		for (; l + EIGHT <= nv; l += EIGHT) memcpy(panels + l, row + l, sizeof(eight));
		for (; l < nv; l++) panels[l] = row[l];
		for (; l < PANEL; l++) panels[l] = 0;
	}
}

// exponentials makes scores s [n] into exp(scale·s - peak), zeros up to end, and returns their sum. s has room for whole vectors.
static float exponentials(float *s, long n, long end, float scale, float peak) {
	vf total = {0};
	long j = 0;
	for (; j + W <= n; j += W) {
		vf e = vexp(load(s + j) * scale - peak);
		store(s + j, e);
		total += e;
	}
	if (j < n) {
		vf e = first(n - j, vexp(load(s + j) * scale - peak), splat(0));
		store(s + j, e);
		total += e;
		j += W;
	}
	for (; j < end; j += W) store(s + j, splat(0));
	return sum(total);
}

// slopes makes scores s [n] into p = exp(scale·s - peak)·inverse and ds, which holds dp, into p (dp - drift) scale; zeros up to end.
static void slopes(float *s, float *ds, long n, long end, float scale, float peak, float inverse, float drift) {
	long j = 0;
	for (; j + W <= n; j += W) {
		vf p = vexp(load(s + j) * scale - peak) * inverse;
		store(s + j, p);
		store(ds + j, p * (load(ds + j) - drift) * scale);
	}
	if (j < n) {
		vf p = vexp(load(s + j) * scale - peak) * inverse;
		store(s + j, first(n - j, p, splat(0)));
		store(ds + j, first(n - j, p * (load(ds + j) - drift) * scale, splat(0)));
		j += W;
	}
	for (; j < end; j += W) {
		store(s + j, splat(0));
		store(ds + j, splat(0));
	}
}

// highest_score is the largest of n > 0 scores, which have room for whole vectors.
static float highest_score(const float *s, long n) {
	vf m = splat(s[0]);
	long j = 0;
	for (; j + W <= n; j += W) m = larger(load(s + j), m);
	if (j < n) m = larger(first(n - j, load(s + j), m), m);
	return largest(m);
}

// scale_row is y [n] times factor.
static void scale_row(float *y, long n, float factor) {
	long j = 0;
	for (; j + EIGHT <= n; j += EIGHT) *(eight *)(y + j) *= factor;
	for (; j < n; j++) y[j] *= factor;
}

static float dot(const float *x, const float *y, long n) {
	eight total = {0};
	long l = 0;
	for (; l + EIGHT <= n; l += EIGHT) total += *(const eight *)(x + l) * *(const eight *)(y + l);
	float all = sum_eight(total);
	for (; l < n; l++) all += x[l] * y[l];
	return all;
}

static void keep_softmax(const attention_job *t, long row, float peak, float inverse) {
	if (!t->peak) return;
	t->peak[row] = peak;
	t->inverse[row] = inverse;
}

// in_place says whether a product can read heads of d columns where they lie, in rows that many floats apart: its last panel must
// be as wide as a tile, and the rows must not crowd into few sets of the first cache.
static bool in_place(long d, long stride) {
	enum { APART = 128 };
	long rest = d % PANEL;
	return (rest == 0 || rest == W || rest == W + W / 2) && stride <= APART;
}

// along is n rows of a head, d floats each, as a right operand: where they lie or packed into panels.
static right along(const float *const *rows, const float *x, long stride, long offset, long n, long d, float *panels) {
	if (!rows && in_place(d, stride)) return (right){x + offset, stride, PANEL};
	for (long j = 0; j < n; j++) along_row((rows ? rows[j] : x + j * stride) + offset, j, n, d, panels);
	return packed(panels, n);
}

// stairs says whether the limits of a sample's queries rise like stairs: few queries are then multiplied with the same keys.
static bool stairs(const attention_job *t, long sample) { return t->causal && (!t->causal_rows || t->causal_rows[sample]); }

static void attention(const void *job, long from, long to, void *scratch) {
	const attention_job *t = job;
	long d = t->width / t->heads, ld = padded(t->keys);
	float scale = 1 / sqrtf((float)d);
	head_scratch h = cut_scratch(t, scratch);
	for (long u = from; u < to; u++) {
		long sample = u / t->heads, head = u % t->heads;
		sample_rows own = queries_of(t, sample);
		if (own.count == 0) continue;
		if (u == from || head == 0) find_rows(t, sample, &h);
		long seen = limit(t, sample, own.count - 1), step = stairs(t, sample) ? TILE_ROWS : query_rows(t);
		across(h.k, head * d, seen, d, h.k_across);
		right k = packed(h.k_across, d);
		right v = along(t->v_rows ? h.v : NULL, h.v[0], t->v_stride, head * d, seen, d, h.v_along);
		for (long i0 = 0; i0 < own.count; i0 += step) {
			long m = own.count - i0 < step ? own.count - i0 : step;
			long n = limit(t, sample, i0 + m - 1), row = own.first + i0;
			float inverse[MOST_QUERY_ROWS];
			product(m, n, d, t->q + row * t->q_stride + head * d, t->q_stride, 1, k, h.s, ld, 0);
			for (long i = 0; i < m; i++) {
				long ni = limit(t, sample, i0 + i);
				float *s = h.s + i * ld;
				float peak = ni ? highest_score(s, ni) * scale : 0;
				float total = exponentials(s, ni, n, scale, peak);
				inverse[i] = ni ? 1 / total : 0;
				keep_softmax(t, (sample * t->heads + head) * t->queries + i0 + i, peak, inverse[i]);
			}
			float *y = t->y + row * t->width + head * d;
			product(m, d, n, h.s, ld, 1, v, y, t->width, 0);
			for (long i = 0; i < m; i++) scale_row(y + i * t->width, d, inverse[i]);
		}
	}
}

static void clear_rows(float *x, long rows, long stride, long n) {
	for (long j = 0; j < rows; j++) memset(x + j * stride, 0, sizeof *x * n);
}

// add_queries is C [n, d] += Sᵀ [n, m] B for m queries from i0 on; B has their rows. On stairs, queries that see none of a tile's
// keys are passed over.
static void add_queries(const attention_job *t, bool rising, long i0, long m, long n, long d, const float *s, long ld, right b,
                           float *c) {
	if (!rising) {
		product(n, d, m, s, 1, ld, b, c, t->width, 1);
		return;
	}
	for (long j = 0; j < n; j += TILE_ROWS) {
		long blind = j - (t->keys - t->queries) - i0; // queries before the one that sees key j
		if (blind < 0) blind = 0;
		if (blind >= m) return;
		right some = {b.b + blind * b.row, b.row, b.panel};
		product(n - j < TILE_ROWS ? n - j : TILE_ROWS, d, m - blind, s + blind * ld + j, 1, ld, some, c + j * t->width, t->width, 1);
	}
}

// attention_back: with p = softmax(s), dv = pᵀ dy, dp = dy vᵀ, ds = p (dp - dy·y) / sqrt(d), dq = ds k, dk = dsᵀ q.
static void attention_back(const void *job, long from, long to, void *scratch) {
	const attention_job *t = job;
	long d = t->width / t->heads, ld = padded(t->keys), step = query_rows(t);
	float scale = 1 / sqrtf((float)d);
	head_scratch h = cut_scratch(t, scratch);
	for (long u = from; u < to; u++) {
		long sample = u / t->heads, head = u % t->heads;
		sample_rows own = queries_of(t, sample), keys = keys_of(t, sample);
		bool rising = stairs(t, sample);
		const float *q = t->q + own.first * t->q_stride + head * d;
		const float *y = t->y + own.first * t->width + head * d;
		const float *dy = t->dy + own.first * t->width + head * d;
		float *dk = t->dk ? t->dk + keys.first * t->width + head * d : NULL;
		float *dv = t->dv ? t->dv + keys.first * t->width + head * d : NULL;
		if (dk && !t->add_dk) clear_rows(dk, keys.count, t->width, d);
		if (dv && !t->add_dv) clear_rows(dv, keys.count, t->width, d);
		if (own.count == 0) continue;
		long seen = limit(t, sample, own.count - 1);
		if (u == from || head == 0) find_rows(t, sample, &h);
		across(h.k, head * d, seen, d, h.k_across);
		across(h.v, head * d, seen, d, h.v_across);
		right kt = packed(h.k_across, d), vt = packed(h.v_across, d), k = {0}, qs = {0}, dys = {0};
		if (t->dq) k = along(t->k_rows ? h.k : NULL, h.k[0], t->k_stride, head * d, seen, d, h.k_along);
		if (dk) qs = along(NULL, q, t->q_stride, 0, own.count, d, h.q_along);
		if (dv) dys = along(NULL, dy, t->width, 0, own.count, d, h.dy_along);
		for (long i0 = 0; i0 < own.count; i0 += step) {
			long m = own.count - i0 < step ? own.count - i0 : step, n = limit(t, sample, i0 + m - 1);
			long rows = rising ? TILE_ROWS : m; // that are multiplied with the same keys
			for (long i1 = 0; i1 < m; i1 += rows) {
				long some = m - i1 < rows ? m - i1 : rows, end = limit(t, sample, i0 + i1 + some - 1);
				float *s = h.s + i1 * ld, *ds = h.ds + i1 * ld;
				const float *dyi = dy + (i0 + i1) * t->width, *yi = y + (i0 + i1) * t->width;
				product(some, end, d, q + (i0 + i1) * t->q_stride, t->q_stride, 1, kt, s, ld, 0);
				product(some, end, d, dyi, t->width, 1, vt, ds, ld, 0);
				for (long i = 0; i < some; i++) {
					long row = (sample * t->heads + head) * t->queries + i0 + i1 + i;
					float drift = dot(dyi + i * t->width, yi + i * t->width, d);
					slopes(s + i * ld, ds + i * ld, limit(t, sample, i0 + i1 + i), n, scale, t->peak[row], t->inverse[row], drift);
				}
				if (t->dq) {
					float *dq = t->dq + (own.first + i0 + i1) * t->width + head * d;
					product(some, d, end, ds, ld, 1, k, dq, t->width, t->add_dq);
				}
			}
			if (dv) add_queries(t, rising, i0, m, n, d, h.s, ld, (right){dys.b + i0 * dys.row, dys.row, dys.panel}, dv);
			if (dk) add_queries(t, rising, i0, m, n, d, h.ds, ld, (right){qs.b + i0 * qs.row, qs.row, qs.panel}, dk);
		}
	}
}
