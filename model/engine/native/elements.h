// Elementwise operations, sums of columns, and the optimiser. A unit is BLOCK elements, or some columns.

static const float GELU_C = 0.7978845608f, GELU_CUBE = 0.044715f, ROOT_HALF = 0.70710678f, DENSITY = 0.39894228f;

// gelu_tanh is x / (1 + e^-2u), u = sqrt(2/π) (x + 0.044715 x³): the same as 0.5 x (1 + tanh u), exact in the tails.
INLINE vf gelu_gate(vf x) { return 1.0f / (1.0f + vexp(x * (GELU_CUBE * x * x + 1.0f) * (-2 * GELU_C))); }
INLINE vf gelu_tanh(vf x) { return x * gelu_gate(x); }
INLINE vf gelu_tanh_slope(vf x) {
	vf gate = gelu_gate(x);
	return gate + x * gate * (1.0f - gate) * (2 * GELU_C) * (3 * GELU_CUBE * x * x + 1.0f);
}

// upper_tail is 1 - Φ(|x|) given e = e^(-x²/2): Abramowitz and Stegun 7.1.26, good to 1e-7.
INLINE vf upper_tail(vf x, vf e) {
	vf magnitude = (vf)((vi)x & 0x7fffffff);
	vf t = 1.0f / (magnitude * (0.3275911f * ROOT_HALF) + 1.0f);
	vf p = t * 1.061405429f - 1.453152027f;
	p = p * t + 1.421413741f;
	p = p * t - 0.284496736f;
	p = p * t + 0.254829592f;
	return p * t * e * 0.5f;
}
INLINE vf normal_below(vf x, vf e) {
	vf tail = upper_tail(x, e);
	return choose(x < 0, tail, 1.0f - tail);
}
INLINE vf gelu_erf(vf x) { return x * normal_below(x, vexp(x * x * -0.5f)); }
INLINE vf gelu_erf_slope(vf x) {
	vf e = vexp(x * x * -0.5f);
	return normal_below(x, e) + x * e * DENSITY;
}

INLINE vf sign(vf x) { return choose(x > 0, splat(1), choose(x < 0, splat(-1), splat(0))); }

// each applies EXPRESSION of the vectors x and y to the elements from … to-1; y repeats after period.
#define EACH(EXPRESSION)                                                    \
	for (long i = from; i < to;) {                                          \
		long at = t->y ? i % t->period : 0;                                 \
		long run = t->y && to - i > t->period - at ? t->period - at : to - i; \
		const float *px = t->x + i, *py = t->y ? t->y + at : t->x + i;      \
		float *pz = t->z + i;                                               \
		for (long j = 0; j + W <= run; j += W) {                            \
			vf x = load(px + j), y = load(py + j);                          \
			(void)y;                                                        \
			vf z = EXPRESSION;                                              \
			put(pz + j, z, t->add);                                         \
		}                                                                   \
		long done = run / W * W, part = run - done;                         \
		if (part) {                                                         \
			vf x = load_part(px + done, part), y = load_part(py + done, part); \
			(void)y;                                                        \
			vf z = EXPRESSION;                                              \
			put_part(pz + done, z, part, t->add);                           \
		}                                                                   \
		i += run;                                                           \
	}

static void element(const void *job, long from_unit, long to_unit, void *scratch) {
	const element_job *t = job;
	long from = from_unit * BLOCK, to = to_unit * BLOCK < t->n ? to_unit * BLOCK : t->n;
	vf factor = splat(t->factor);
	switch (t->op) {
	case ELEMENT_ADD: EACH(x + y) break;
	case ELEMENT_MUL: EACH(x * y) break;
	case ELEMENT_SCALE: EACH(x * factor) break;
	case ELEMENT_ABS: EACH((vf)((vi)x & 0x7fffffff)) break;
	case ELEMENT_ABS_BACK: EACH(sign(x) * y) break;
	case ELEMENT_GELU_TANH: EACH(gelu_tanh(x)) break;
	case ELEMENT_GELU_ERF: EACH(gelu_erf(x)) break;
	case ELEMENT_GELU_TANH_BACK: EACH(gelu_tanh_slope(x) * y) break;
	case ELEMENT_GELU_ERF_BACK: EACH(gelu_erf_slope(x) * y) break;
	}
}

// mix32 is the finaliser of MurmurHash3, as engine.Mix32.
INLINE uint32_t mix32(uint32_t h) {
	h = (h ^ h >> 16) * 0x85ebca6b;
	h = (h ^ h >> 13) * 0xc2b2ae35;
	return h ^ h >> 16;
}

static void dropout(const void *job, long from_unit, long to_unit, void *scratch) {
	const dropout_job *t = job;
	long from = from_unit * BLOCK, to = to_unit * BLOCK < t->n ? to_unit * BLOCK : t->n;
	const float *restrict x = t->x;
	float *restrict z = t->z, factor = t->factor;
	uint32_t base = t->base, threshold = t->threshold;
	if (t->add)
		for (long i = from; i < to; i++) z[i] += mix32(base + (uint32_t)i) >= threshold ? x[i] * factor : 0;
	else
		for (long i = from; i < to; i++) z[i] = mix32(base + (uint32_t)i) >= threshold ? x[i] * factor : 0;
}

// A unit of columns is a block of rows, summed into its own row of partial.
static void columns(const void *job, long from, long to, void *scratch) {
	const columns_job *t = job;
	for (long u = from; u < to; u++) {
		float *partial = t->partial + u * t->width;
		memset(partial, 0, sizeof *partial * t->width);
		long end = block_start(t->blocks, t->rows, u + 1);
		for (long r = block_start(t->blocks, t->rows, u); r < end; r++) {
			const float *x = t->x + r * t->width, *y = t->y ? t->y + r * t->width : NULL;
			if (y)
				for (long j = 0; j < t->width; j++) partial[j] += x[j] * y[j];
			else
				for (long j = 0; j < t->width; j++) partial[j] += x[j];
		}
	}
}

// columns_total adds the rows of partial in their order; here rows is the number of blocks. It runs as a single unit.
static void columns_total(const void *job, long from, long to, void *scratch) {
	const columns_job *t = job;
	if (!t->add) memset(t->out, 0, sizeof *t->out * t->width);
	for (long r = 0; r < t->rows; r++)
		for (long j = 0; j < t->width; j++) t->out[j] += t->partial[r * t->width + j];
}

// adamw has its decay decoupled and its eps outside of the root. The decay is a loop of its own within a block, so that its
// product is rounded by every kind of kernels: in one with the division it would be fused on some.
static void adamw(const void *job, long from, long to, void *scratch) {
	const adamw_job *t = job;
	for (long u = from; u < to; u++) {
		long first = u * BLOCK, n = t->n - first < BLOCK ? t->n - first : BLOCK;
		float *restrict p = t->p + first, *restrict m = t->m + first, *restrict v = t->v + first;
		const float *restrict gradient = t->g + first;
		for (long i = 0; i < n; i++) p[i] *= t->shrink;
		for (long i = 0; i < n; i++) {
			float g = gradient[i] * t->clip;
			m[i] = t->beta1 * m[i] + t->rest1 * g;
			v[i] = t->beta2 * v[i] + t->rest2 * g * g;
			p[i] -= t->step * m[i] / (sqrtf(v[i] * t->root) + t->eps);
		}
	}
}

static void squares(const void *job, long from, long to, void *scratch) {
	const squares_job *t = job;
	for (long u = from; u < to; u++) {
		double lanes[8] = {0}, total = 0;
		long i = u * BLOCK, end = (u + 1) * BLOCK < t->n ? (u + 1) * BLOCK : t->n;
		for (; i + 8 <= end; i += 8)
			for (int l = 0; l < 8; l++) lanes[l] += (double)t->x[i + l] * t->x[i + l];
		for (; i < end; i++) total += (double)t->x[i] * t->x[i];
		for (int l = 0; l < 8; l++) total += lanes[l];
		t->partial[u] = total;
	}
}
