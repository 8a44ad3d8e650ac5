// Operations on rows: layer norm and softmax cross-entropy.

// norm_row normalises n numbers whose sum is total; x may be y. The mean is corrected by the mean of what it left, and the
// variance is that of the differences, so that a mean far above the spread does no harm.
INLINE void norm_row(long n, const float *x, float total, const float *w, const float *b, float eps, float *y, float *means, float *scales) {
	long whole = n / W * W, part = n - whole;
	vf first = {0}, second = {0};
	float mean = total / n;
	for (long j = 0; j < whole; j += W) {
		vf d = load(x + j) - mean;
		first += d;
		second += d * d;
	}
	float left = sum(first), squares = sum(second);
	for (long j = whole; j < n; j++) {
		float d = x[j] - mean;
		left += d;
		squares += d * d;
	}
	left /= n;
	mean += left;
	float variance = squares / n - left * left;
	float scale = 1 / sqrtf((variance > 0 ? variance : variance * 0) + eps);
	for (long j = 0; j < whole; j += W) store(y + j, (load(x + j) - mean) * scale * load(w + j) + load(b + j));
	if (part)
		store_part(y + whole, (load_part(x + whole, part) - mean) * scale * load_part(w + whole, part) +
		                          load_part(b + whole, part), part);
	*means = mean;
	*scales = scale;
}

static void norm(const void *job, long from, long to, void *scratch) {
	const norm_job *t = job;
	long n = t->width, whole = n / W * W, part = n - whole;
	for (long r = from; r < to; r++) {
		const float *x = t->x + r * n;
		vf total = {0};
		for (long j = 0; j < whole; j += W) total += load(x + j);
		if (part) total += load_part(x + whole, part);
		norm_row(n, x, sum(total), t->w, t->b, t->eps, t->y + r * n, t->mean + r, t->scale + r);
	}
}

// norm_back_row adds a row's part to dw and db, and gives dx: with g = dy w and z the normalised row,
// dx = scale (g - mean(g) - z mean(g z)).
static void norm_back_row(const norm_job *t, long r, float *dw, float *db) {
	long n = t->width, whole = n / W * W, part = n - whole;
	const float *x = t->x + r * n, *dy = t->dy + r * n;
	float mean = t->mean[r], scale = t->scale[r];
	vf total = {0}, along = {0};
	for (long j = 0; j < whole; j += W) {
		vf z = (load(x + j) - mean) * scale, d = load(dy + j), g = d * load(t->w + j);
		total += g;
		along += g * z;
		store(dw + j, load(dw + j) + d * z);
		store(db + j, load(db + j) + d);
	}
	if (part) {
		vf z = (load_part(x + whole, part) - mean) * scale, d = load_part(dy + whole, part);
		vf g = d * load_part(t->w + whole, part);
		total += g;
		along += g * z;
		store_part(dw + whole, load_part(dw + whole, part) + d * z, part);
		store_part(db + whole, load_part(db + whole, part) + d, part);
	}
	if (!t->dx) return;
	float *dx = t->dx + r * n, drift = sum(total) / n, slope = sum(along) / n;
	for (long j = 0; j < whole; j += W) {
		vf z = (load(x + j) - mean) * scale, g = load(dy + j) * load(t->w + j);
		vf d = (g - drift - z * slope) * scale;
		put(dx + j, d, t->add);
	}
	if (part) {
		vf z = (load_part(x + whole, part) - mean) * scale, g = load_part(dy + whole, part) * load_part(t->w + whole, part);
		vf d = (g - drift - z * slope) * scale;
		put_part(dx + whole, d, part, t->add);
	}
}

// block_start is the first row of a block of rows whose sums are kept apart: see columns_job.
INLINE long block_start(const int32_t *blocks, long rows, long block) {
	if (blocks) return blocks[block];
	return block * ROWS < rows ? block * ROWS : rows;
}

// A unit of the way back is a block of rows; its sums for dw and db stand in partial until columns_total adds them in order.
static void norm_back(const void *job, long from, long to, void *scratch) {
	const norm_job *t = job;
	for (long u = from; u < to; u++) {
		float *partial = t->partial + u * 2 * t->width;
		memset(partial, 0, sizeof *partial * 2 * t->width);
		long end = block_start(t->blocks, t->rows, u + 1);
		for (long r = block_start(t->blocks, t->rows, u); r < end; r++) norm_back_row(t, r, partial, partial + t->width);
	}
}

static void entropy(const void *job, long from, long to, void *scratch) {
	const entropy_job *t = job;
	long n = t->classes, whole = n / W * W;
	for (long r = from; r < to; r++) {
		t->loss[r] = 0;
		if (t->weights[r] == 0) continue;
		const float *x = t->logits + r * n;
		float peak = highest(x, n);
		vf total = {0}, below = {0};
		for (long j = 0; j < whole; j += W) {
			vf d = load(x + j) - peak;
			below += d;
			total += vexp(d);
		}
		float e = sum(total), b = sum(below);
		if (whole < n) {
			vf d = load_part(x + whole, n - whole) - peak, all = vexp(d);
			for (long j = 0; j < n - whole; j++) {
				e += all[j];
				b += d[j];
			}
		}
		double logs = log(e);
		t->loss[r] = t->weights[r] * ((1 - t->smoothing) * (logs + peak - x[t->labels[r]]) + t->smoothing * (logs - (double)b / n));
		t->peak[r] = peak;
		t->inverse[r] = 1 / e;
	}
}

static void entropy_back(const void *job, long from, long to, void *scratch) {
	const entropy_job *t = job;
	long n = t->classes, whole = n / W * W;
	for (long r = from; r < to; r++) {
		float *dx = t->dlogits + r * n;
		if (t->weights[r] == 0) {
			if (!t->add) memset(dx, 0, sizeof *dx * n);
			continue;
		}
		const float *x = t->logits + r * n;
		float factor = t->factor * t->weights[r], share = factor * t->smoothing / n, inverse = t->inverse[r] * factor;
		for (long j = 0; j < whole; j += W) {
			vf d = vexp(load(x + j) - t->peak[r]) * inverse - share;
			put(dx + j, d, t->add);
		}
		if (whole < n) {
			vf d = vexp(load_part(x + whole, n - whole) - t->peak[r]) * inverse - share;
			put_part(dx + whole, d, n - whole, t->add);
		}
		dx[t->labels[r]] -= factor * (1 - t->smoothing);
	}
}

// keep_largest puts x of index j among the largest that top holds, in their order; what falls off the end is forgotten.
static void keep_largest(float x, long j, float *top, float *index, long held, long k) {
	long at = held < k ? held : k - 1;
	for (; at > 0 && top[at - 1] < x; at--) {
		top[at] = top[at - 1];
		index[at] = index[at - 1];
	}
	top[at] = x;
	index[at] = j;
}

// STRETCH is the floats that are passed over together where none is among the largest so far.
enum { STRETCH = 8 * W };

// top reads a row twice: for the largest, and for the sum of the exponentials, which is gathered in float64.
static void top(const void *job, long from, long to, void *scratch) {
	const top_job *t = job;
	long n = t->classes, k = t->k;
	for (long r = from; r < to; r++) {
		const float *x = t->logits + r * n;
		float *best = t->logp + r * k, *index = t->index + r * k;
		for (long j = 0; j < k; j++) keep_largest(x[j], j, best, index, j, k);
		for (long j = k; j < n; j += STRETCH) {
			long end = j + STRETCH < n ? j + STRETCH : n;
			if (end - j == STRETCH) {
				vf m = load(x + j);
				for (long l = W; l < STRETCH; l += W) m = larger(load(x + j + l), m);
				if (!(largest(m) > best[k - 1])) continue;
			}
			for (long l = j; l < end; l++)
				if (x[l] > best[k - 1]) keep_largest(x[l], l, best, index, k, k);
		}
		float peak = best[0];
		double total = 0;
		for (long j = 0; j < n;) {
			vf part = {0};
			long end = j + 64 * W < n ? j + 64 * W : n;
			for (; j + W <= end; j += W) part += vexp(load(x + j) - peak);
			total += sum(part);
			if (j == end) continue;
			vf last = vexp(load_part(x + j, end - j) - peak);
			for (long l = 0; l < end - j; l++) total += last[l];
			j = end;
		}
		double logs = log(total);
		for (long j = 0; j < k; j++) best[j] = (double)best[j] - peak - logs;
	}
}
