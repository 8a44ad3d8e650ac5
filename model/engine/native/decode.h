// Attention of few queries a sample: decoding. Keys and values are read where they lie. A unit is one head of some neighbouring
// samples: beams of one search, which share most of their past, find it in the cache.

// lanes picks eight of the sixteen numbers of two vectors.
#ifdef __clang__
#define LANES(x, y, ...) __builtin_shufflevector(x, y, __VA_ARGS__)
#else
typedef int eight_places __attribute__((vector_size(4 * EIGHT)));
#define LANES(x, y, ...) __builtin_shuffle(x, y, (eight_places){__VA_ARGS__})
#endif

// sums writes the sum of each of eight vectors, in the order of sum_eight: of s[0] s[2] s[4] s[6] s[1] s[3] s[5] s[7].
INLINE void sums(const eight *s, float *out) {
	eight half[4], quarter[2];
#pragma GCC unroll 4
	for (int i = 0; i < 4; i++)
		half[i] = LANES(s[2 * i], s[2 * i + 1], 0, 1, 2, 3, 8, 9, 10, 11) + LANES(s[2 * i], s[2 * i + 1], 4, 5, 6, 7, 12, 13, 14, 15);
#pragma GCC unroll 2
	for (int i = 0; i < 2; i++)
		quarter[i] = LANES(half[2 * i], half[2 * i + 1], 0, 1, 8, 9, 4, 5, 12, 13) + LANES(half[2 * i], half[2 * i + 1], 2, 3, 10, 11, 6, 7, 14, 15);
	*(eight *)out = LANES(quarter[0], quarter[1], 0, 2, 8, 10, 4, 6, 12, 14) + LANES(quarter[0], quarter[1], 1, 3, 9, 11, 5, 7, 13, 15);
}

static const float *row_of(const float *x, long stride, const int32_t *rows, long j) { return x + (rows ? rows[j] : j) * stride; }

// dots writes q·k of n keys; s has room for EIGHT more.
static void dots(const float *q, const float *k, long stride, const int32_t *rows, long n, long d, float *s) {
	static const int place[EIGHT] = {0, 2, 4, 6, 1, 3, 5, 7}; // where sums wants the vector of each key
	for (long j = 0; j < n; j += EIGHT) {
		const float *key[EIGHT];
		for (int i = 0; i < EIGHT; i++) key[i] = row_of(k, stride, rows, j + i < n ? j + i : n - 1);
		eight total[EIGHT] = {0};
		long l = 0;
		for (; l + EIGHT <= d; l += EIGHT) {
			eight x = *(const eight *)(q + l);
#pragma GCC unroll 8
			for (int i = 0; i < EIGHT; i++) total[place[i]] += x * *(const eight *)(key[i] + l);
		}
		sums(total, s + j);
		for (; l < d; l++)
			for (int i = 0; i < EIGHT; i++) s[j + i] += q[l] * key[i][l];
	}
}

// weighted_block is out [blocks · EIGHT] = factor Σ weight[j] · row j of v. blocks is a constant at every call.
INLINE void weighted_block(const int blocks, const float *weight, const float *v, long stride, const int32_t *rows, long n, float factor, float *out) {
	eight even[4] = {0}, odd[4] = {0};
	long j = 0;
	for (; j + 2 <= n; j += 2) {
		const float *a = row_of(v, stride, rows, j), *b = row_of(v, stride, rows, j + 1);
#pragma GCC unroll 4
		for (int i = 0; i < blocks; i++) {
			even[i] += weight[j] * *(const eight *)(a + i * EIGHT);
			odd[i] += weight[j + 1] * *(const eight *)(b + i * EIGHT);
		}
	}
	if (j < n) {
		const float *a = row_of(v, stride, rows, j);
		for (int i = 0; i < blocks; i++) even[i] += weight[j] * *(const eight *)(a + i * EIGHT);
	}
	for (int i = 0; i < blocks; i++) *(eight *)(out + i * EIGHT) = (even[i] + odd[i]) * factor;
}

// weighted is out [d] = factor Σ weight[j] · row j of v.
static void weighted(const float *weight, const float *v, long stride, const int32_t *rows, long n, long d, float factor, float *out) {
	long l = 0;
	for (; l + 4 * EIGHT <= d; l += 4 * EIGHT) weighted_block(4, weight, v + l, stride, rows, n, factor, out + l);
	for (; l + 2 * EIGHT <= d; l += 2 * EIGHT) weighted_block(2, weight, v + l, stride, rows, n, factor, out + l);
	for (; l + EIGHT <= d; l += EIGHT) weighted_block(1, weight, v + l, stride, rows, n, factor, out + l);
	for (; l < d; l++) {
		float total = 0;
		for (long j = 0; j < n; j++) total += weight[j] * row_of(v, stride, rows, j)[l];
		out[l] = total * factor;
	}
}

static size_t attention_few_scratch(const attention_job *t) { return sizeof(float) * (t->keys + EIGHT + W); }

static void attention_few(const void *job, long from, long to, void *scratch) {
	const attention_job *t = job;
	long d = t->width / t->heads;
	float scale = 1 / sqrtf((float)d), *s = scratch;
	for (long u = from; u < to; u++) {
		long head = u % t->heads, first = u / t->heads * t->unit_samples;
		for (long sample = first; sample < first + t->unit_samples && sample < t->batch; sample++) {
			const int32_t *k_rows = t->k_rows ? t->k_rows + sample * t->rows_stride : NULL;
			const int32_t *v_rows = t->v_rows ? t->v_rows + sample * t->rows_stride : NULL;
			const float *k = t->k + head * d + (k_rows ? 0 : sample * t->keys * t->k_stride);
			const float *v = t->v + head * d + (v_rows ? 0 : sample * t->keys * t->v_stride);
			for (long i = 0; i < t->queries; i++) {
				long row = sample * t->queries + i, n = limit(t, sample, i);
				dots(t->q + row * t->q_stride + head * d, k, t->k_stride, k_rows, n, d, s);
				float peak = n ? highest_score(s, n) * scale : 0;
				float inverse = n ? 1 / exponentials(s, n, n, scale, peak) : 0;
				keep_softmax(t, (sample * t->heads + head) * t->queries + i, peak, inverse);
				weighted(s, v, t->v_stride, v_rows, n, d, inverse, t->y + row * t->width + head * d);
			}
		}
	}
}
