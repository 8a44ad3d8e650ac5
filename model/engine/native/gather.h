// Rows of a table by number, and regions of feature maps.

static void gather(const void *job, long from, long to, void *scratch) {
	const gather_job *t = job;
	for (long i = from; i < to; i++)
		memcpy(t->out + i * t->width, t->table + t->ids[i] * t->width, sizeof *t->out * t->width);
}

// A unit of the way back is 16 columns of the table, so that repeated ids add up in their order.
static void scatter(const void *job, long from, long to, void *scratch) {
	const gather_job *t = job;
	long first = from * 16, last = to * 16 < t->width ? to * 16 : t->width;
	for (long i = 0; i < t->count; i++) {
		float *row = t->dtable + t->ids[i] * t->width;
		const float *dy = t->dy + i * t->width;
		for (long j = first; j < last; j++) row[j] += dy[j];
	}
}

// A bilinear read at one coordinate: two neighbours and the weight of the second. Up to one cell outside counts as the
// border, further out nothing is read.
typedef struct {
	long low, high;
	float weight;
	int inside;
} bilinear;

static bilinear read_at(float at, long size) {
	bilinear r = {.inside = at >= -1 && at <= size};
	if (at < 0) at = 0;
	r.low = (long)at;
	if (r.low >= size - 1) {
		r.low = r.high = size - 1;
	} else {
		r.high = r.low + 1;
		r.weight = at - r.low;
	}
	return r;
}

// roi_bin takes the mean of the reads of one bin into out or, where out is NULL, spreads dout over dfeatures.
static void roi_bin(const roi_job *t, long box, long by, long bx, const float *features, float *out, float *dfeatures,
                    const float *dout) {
	const float *b = t->box + box * 4;
	float h = (b[3] - b[1]) / BINS, w = (b[2] - b[0]) / BINS;
	for (int s = 0; s < READS * READS; s++) {
		bilinear y = read_at(b[1] - 0.5f + (by + (s / READS + 0.5f) / READS) * h, t->height);
		bilinear x = read_at(b[0] - 0.5f + (bx + (s % READS + 0.5f) / READS) * w, t->width);
		if (!y.inside || !x.inside) continue;
		long cell[4] = {y.low * t->width + x.low, y.low * t->width + x.high, y.high * t->width + x.low,
		                y.high * t->width + x.high};
		float weight[4] = {(1 - y.weight) * (1 - x.weight), (1 - y.weight) * x.weight, y.weight * (1 - x.weight),
		                   y.weight * x.weight};
		for (int i = 0; i < 4; i++) {
			float share = weight[i] / (READS * READS);
			if (out)
				for (long c = 0; c < t->channels; c++) out[c] += share * features[cell[i] * t->channels + c];
			else
				for (long c = 0; c < t->channels; c++) dfeatures[cell[i] * t->channels + c] += share * dout[c];
		}
	}
}

static void roi(const void *job, long from, long to, void *scratch) {
	const roi_job *t = job;
	for (long r = from; r < to; r++)
		for (long bin = 0; bin < BINS * BINS; bin++) {
			float *out = t->out + (r * BINS * BINS + bin) * t->channels;
			memset(out, 0, sizeof *out * t->channels);
			roi_bin(t, r, bin / BINS, bin % BINS, t->features + t->rows[r] * t->height * t->width * t->channels, out, NULL,
			        NULL);
		}
}

// A unit of the way back is one sample: all its boxes, in their order.
static void roi_back(const void *job, long from, long to, void *scratch) {
	const roi_job *t = job;
	for (long r = 0; r < t->boxes; r++) {
		if (t->rows[r] < from || t->rows[r] >= to) continue;
		for (long bin = 0; bin < BINS * BINS; bin++)
			roi_bin(t, r, bin / BINS, bin % BINS, NULL, NULL,
			        t->dfeatures + t->rows[r] * t->height * t->width * t->channels,
			        t->dy + (r * BINS * BINS + bin) * t->channels);
	}
}
