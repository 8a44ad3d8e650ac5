// The forward pass of a BERT-like encoder on packed sentences: no padding, no gradients. A unit is a group of sentences, taken
// through all layers by one thread, so that its rows stay in that thread's cache; weights were packed when they were loaded.

// ENCODE_K is the length of a block of the inner dimension: a panel of it and the rows of A beside it fit the first cache.
enum { ENCODE_K = 128 };

// dense is C [rows, n] = A [rows, k] B + bias for a B packed in whole panels of k rows.
static void dense(long rows, long n, long k, const float *a, long lda, const float *packed, const float *bias, float *c,
                  long ldc) {
	long tiles = (rows + TILE_ROWS - 1) / TILE_ROWS;
	for (long j = 0; j < n; j += PANEL, packed += k * PANEL)
		for (long l = 0; l < k; l += ENCODE_K)
			for (long t = 0; t < tiles; t++) {
				long i = t * rows / tiles, next = (t + 1) * rows / tiles;
				tile_of(next - i, k - l < ENCODE_K ? k - l : ENCODE_K, a + i * lda + l, lda, 1, packed + l * PANEL,
				        PANEL, c + i * ldc + j, ldc, n - j < PANEL ? n - j : PANEL, bias ? bias + j : NULL, l > 0, NULL);
			}
}

// pack_dense packs panel by panel; a unit is one panel.
static void pack_dense(const void *job, long from, long to, void *scratch) {
	const gemm_job *g = job;
	for (long p = from; p < to; p++) {
		long j = p * PANEL;
		pack_panel(g->b + j * g->b_col, g->b_row, g->b_col, g->k, g->n - j < PANEL ? g->n - j : PANEL, g->packed + j * g->k);
	}
}

// normed is y = norm(x + more) of one row; y may be x.
static void normed(long n, const float *x, const float *more, const float *w, const float *b, float eps, float *y) {
	long whole = n / W * W, part = n - whole;
	vf total = {0};
	for (long j = 0; j < whole; j += W) {
		vf v = load(x + j) + load(more + j);
		store(y + j, v);
		total += v;
	}
	if (part) {
		vf v = load_part(x + whole, part) + load_part(more + whole, part);
		store_part(y + whole, v, part);
		total += v;
	}
	float mean, scale;
	norm_row(n, y, sum(total), w, b, eps, y, &mean, &scale);
}

INLINE vf activated(activation kind, vf x) {
	switch (kind) {
	case ACTIVATION_GELU_TANH: return gelu_tanh(x);
	case ACTIVATION_RELU: return choose(x > 0, x, x * 0.0f);
	case ACTIVATION_SILU: return x / (1.0f + vexp(-x));
	case ACTIVATION_TANH: return 2.0f / (1.0f + vexp(x * -2.0f)) - 1.0f;
	default: return gelu_erf(x);
	}
}

#define ACTIVATE(kind)                                                                     \
	case kind:                                                                             \
		for (long j = 0; j + W <= n; j += W) store(x + j, activated(kind, load(x + j)));   \
		if (n % W) store_part(x + n / W * W, activated(kind, load_part(x + n / W * W, n % W)), n % W); \
		break;

static void activate(activation kind, long n, float *x) {
	switch (kind) {
		ACTIVATE(ACTIVATION_GELU_ERF)
		ACTIVATE(ACTIVATION_GELU_TANH)
		ACTIVATE(ACTIVATION_RELU)
		ACTIVATE(ACTIVATION_SILU)
		ACTIVATE(ACTIVATION_TANH)
	}
}

// What a thread needs for one group: rows of it and the scores of its longest sentence.
typedef struct {
	float *qkv, *mixed, *inner, *first; // [rows, 3 width], [rows, width], [rows, inner], [rows, width]
	const float **k;                    // [longest]
	float *k_across, *v_along, *s;      // panels [width][longest], [longest][width]; [QUERY_ROWS, longest]
	float *to_key, *to_query;           // [longest, relative columns]: products with the vectors of distances
} encode_scratch;

static long relative_columns(const encode_job *t) { return t->relative ? padded(2 * t->longest) + 2 * PANEL : 0; }

// lay places the arrays of a group behind one another and returns the bytes of all.
static size_t lay(const encode_job *t, void *scratch, encode_scratch *s) {
	long d = t->width / t->heads, rows = t->group_rows, longest = t->longest;
	float *at = scratch;
	struct {
		float **array;
		long n;
	} parts[] = {
	    {&s->qkv, rows * 3 * t->width},
	    {&s->mixed, rows * t->width},
	    {&s->inner, rows * (t->inner > t->taps * t->width ? t->inner : t->taps * t->width)},
	    {&s->first, t->taps ? rows * t->width : 0},
	    {(float **)&s->k, 2 * longest}, // pointers
	    {&s->k_across, padded(longest) * d},
	    {&s->v_along, longest * padded(d)},
	    {&s->s, QUERY_ROWS * padded(longest)},
	    {&s->to_key, longest * relative_columns(t)},
	    {&s->to_query, longest * relative_columns(t)},
	};
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		*parts[i].array = at;
		at += (parts[i].n + W + 31) / 32 * 32;
	}
	return (char *)at - (char *)scratch;
}

static size_t encode_scratch_size(const encode_job *t) {
	encode_scratch s;
	return lay(t, NULL, &s);
}

// distances adds what the distance i - j says of query i and key j to the scores of queries i0 … i0+m-1.
static void distances(const encode_job *t, const encode_scratch *h, long i0, long m, long n, long base, float *s, long ld) {
	const int32_t *row = t->relative + t->relative_middle; // by i - j
	long columns = relative_columns(t);
	for (long i = 0; i < m; i++) {
		const float *to_key = h->to_key + (i0 + i) * columns - base, *to_query = h->to_query - base;
		for (long j = 0; j < n; j++) {
			int32_t at = row[i0 + i - j];
			if (t->uses_key) s[i * ld + j] += to_key[at];
			if (t->uses_query) s[i * ld + j] += to_query[j * columns + at];
		}
	}
}

// encode_head is softmax((q kᵀ + distances) scale) v of one head of a sentence of n rows, written over q.
static void encode_head(const encode_job *t, const encode_layer *layer, const encode_scratch *h, float *qkv, long n, long head) {
	long d = t->width / t->heads, stride = 3 * t->width, ld = padded(n);
	float *q = qkv + head * d, *k = q + t->width, *v = k + t->width;
	for (long j = 0; j < n; j++) h->k[j] = k + j * stride;
	across(h->k, 0, n, d, h->k_across);
	right values = along(NULL, v, stride, 0, n, d, h->v_along);
	long base = 0;
	if (t->relative) {
		const int32_t *row = t->relative + t->relative_middle;
		long low = row[1 - n], high = row[n - 1] + 1, all = t->relative_panels * PANEL * d;
		base = low / PANEL * PANEL;
		if (t->uses_key)
			product(n, high - base, d, q, stride, 1, packed(layer->key_of_distance + head * all + base * d, d), h->to_key, relative_columns(t), 0);
		if (t->uses_query)
			product(n, high - base, d, k, stride, 1, packed(layer->query_of_distance + head * all + base * d, d), h->to_query, relative_columns(t), 0);
	}
	for (long i0 = 0; i0 < n; i0 += QUERY_ROWS) {
		long m = n - i0 < QUERY_ROWS ? n - i0 : QUERY_ROWS;
		float inverse[QUERY_ROWS];
		product(m, n, d, q + i0 * stride, stride, 1, packed(h->k_across, d), h->s, ld, 0);
		if (t->relative) distances(t, h, i0, m, n, base, h->s, ld);
		for (long i = 0; i < m; i++) {
			float *s = h->s + i * ld;
			inverse[i] = 1 / exponentials(s, n, n, t->scale, highest_score(s, n) * t->scale);
		}
		product(m, d, n, h->s, ld, 1, values, q + i0 * stride, stride, 0);
		for (long i = 0; i < m; i++) scale_row(q + (i0 + i) * stride, d, inverse[i]);
	}
}

// convolve adds to x, the output of the first layer, what a convolution over neighbouring rows makes of that layer's input.
static void convolve(const encode_job *t, const encode_scratch *h, const int64_t *start, long from, long to, long rows, float *x) {
	long w = t->width, half = (t->taps - 1) / 2, first = start[from];
	memset(h->inner, 0, sizeof(float) * rows * t->taps * w);
	for (long u = from; u < to; u++)
		for (long r = start[u]; r < start[u + 1]; r++)
			for (long tap = 0; tap < t->taps; tap++) {
				long other = r + tap - half;
				if (other < start[u] || other >= start[u + 1]) continue;
				memcpy(h->inner + ((r - first) * t->taps + tap) * w, h->first + (other - first) * w, sizeof(float) * w);
			}
	dense(rows, w, t->taps * w, h->inner, t->taps * w, t->conv, t->conv_bias, h->mixed, w);
	activate(t->conv_activation, rows * w, h->mixed);
	for (long r = 0; r < rows; r++)
		normed(w, x + r * w, h->mixed + r * w, t->conv_norm, t->conv_norm_bias, t->eps, x + r * w);
}

static void encode_group(const encode_job *t, long from, long to, const encode_scratch *h) {
	long w = t->width, first = t->start[from], rows = t->start[to] - first;
	float *x = t->x + first * w;
	if (t->taps) memcpy(h->first, x, sizeof(float) * rows * w);
	for (long l = 0; l < t->layers && !__atomic_load_n(t->stop, __ATOMIC_RELAXED); l++) {
		const encode_layer *layer = t->layer + l;
		dense(rows, 3 * w, w, x, w, layer->qkv, layer->qkv_bias, h->qkv, 3 * w);
		for (long u = from; u < to; u++)
			for (long head = 0; head < t->heads; head++)
				encode_head(t, layer, h, h->qkv + (t->start[u] - first) * 3 * w, t->start[u + 1] - t->start[u], head);
		dense(rows, w, w, h->qkv, 3 * w, layer->out, layer->out_bias, h->mixed, w);
		for (long r = 0; r < rows; r++)
			normed(w, x + r * w, h->mixed + r * w, layer->norm1, layer->norm1_bias, t->eps, x + r * w);
		dense(rows, t->inner, w, x, w, layer->fc1, layer->fc1_bias, h->inner, t->inner);
		activate(t->activation, rows * t->inner, h->inner);
		dense(rows, w, t->inner, h->inner, t->inner, layer->fc2, layer->fc2_bias, h->mixed, w);
		for (long r = 0; r < rows; r++)
			normed(w, x + r * w, h->mixed + r * w, layer->norm2, layer->norm2_bias, t->eps, x + r * w);
		if (l == 0 && t->taps) convolve(t, h, t->start, from, to, rows, x);
	}
}

static void encode(const void *job, long from, long to, void *scratch) {
	const encode_job *t = job;
	encode_scratch h = {0};
	lay(t, scratch, &h);
	for (long g = from; g < to; g++) encode_group(t, t->group[g], t->group[g + 1], &h);
}
