// The matrix product. A tile of C, TILE_ROWS rows by two vectors, stays in registers while the inner dimension runs
// through it: each step takes one float a row of A and two vectors of B. A is read where it lies; B is first packed into
// panels, [block of k][panel of two vectors][k][2 W], short enough for one to fit the first cache.

#define PANEL (2 * W)

// tile computes C [mr, nv] (+)= A B over kc steps. mr is a constant at every call, so that s lives in registers.
INLINE void tile(const int mr, long kc, const float *a, long a_row, long a_col, const float *b, float *c, long ldc,
                 long nv, const float *bias, int add) {
	vf s[TILE_ROWS][2];
	if (add) {
#pragma GCC unroll 16
		for (int i = 0; i < mr; i++) {
			if (nv == PANEL) {
				s[i][0] = load(c + i * ldc);
				s[i][1] = load(c + i * ldc + W);
			} else {
				s[i][0] = load_part(c + i * ldc, nv < W ? nv : W);
				s[i][1] = load_part(c + i * ldc + W, nv < W ? 0 : nv - W);
			}
		}
	} else {
		vf b0 = {0}, b1 = {0};
		if (bias) {
			b0 = load_part(bias, nv < W ? nv : W);
			b1 = load_part(bias + W, nv < W ? 0 : nv - W);
		}
#pragma GCC unroll 16
		for (int i = 0; i < mr; i++) s[i][0] = b0, s[i][1] = b1;
	}
	for (long l = 0; l < kc; l++) {
		vf b0 = load(b), b1 = load(b + W);
#pragma GCC unroll 16
		for (int i = 0; i < mr; i++) {
			float x = a[i * a_row];
			s[i][0] += x * b0;
			s[i][1] += x * b1;
		}
		a += a_col;
		b += PANEL;
	}
#pragma GCC unroll 16
	for (int i = 0; i < mr; i++) {
		if (nv == PANEL) {
			store(c + i * ldc, s[i][0]);
			store(c + i * ldc + W, s[i][1]);
		} else {
			store_part(c + i * ldc, s[i][0], nv < W ? nv : W);
			if (nv > W) store_part(c + i * ldc + W, s[i][1], nv - W);
		}
	}
}

#define TILE_CASE(n)                                                                       \
	case n:                                                                                \
		if (a_col == 1) tile(n, kc, a, a_row, 1, b, c, ldc, nv, bias, add);                \
		else tile(n, kc, a, 1, a_col, b, c, ldc, nv, bias, add);                           \
		break;

// tile_of picks the tile with the wanted number of rows; one stride of A is 1.
static __attribute__((noinline)) void tile_of(long mr, long kc, const float *a, long a_row, long a_col, const float *b,
                                              float *c, long ldc, long nv, const float *bias, int add) {
	switch (mr) {
		TILE_CASE(1) TILE_CASE(2) TILE_CASE(3) TILE_CASE(4) TILE_CASE(5) TILE_CASE(6)
#if TILE_ROWS > 6
		TILE_CASE(7) TILE_CASE(8) TILE_CASE(9) TILE_CASE(10) TILE_CASE(11) TILE_CASE(12) TILE_CASE(13) TILE_CASE(14)
#endif
	}
}

// pack_panel copies rows k and columns nv <= PANEL of B into a panel, filled up with zeros.
static void pack_panel(const float *b, long b_row, long b_col, long k, long nv, float *panel) {
	if (b_col == 1) {
		for (long l = 0; l < k; l++, b += b_row, panel += PANEL) {
			if (nv == PANEL) {
				store(panel, load(b));
				store(panel + W, load(b + W));
			} else {
				store(panel, load_part(b, nv < W ? nv : W));
				store(panel + W, load_part(b + W, nv < W ? 0 : nv - W));
			}
		}
		return;
	}
	if (nv < PANEL) memset(panel, 0, sizeof *panel * PANEL * k);
	enum { STEP = 16 }; // a cache line of B at a time, whatever its stride
	long l = 0;
	for (; l + STEP <= k; l += STEP)
		for (long j = 0; j < nv; j++)
			for (int t = 0; t < STEP; t++) panel[(l + t) * PANEL + j] = b[j * b_col + l + t];
	for (; l < k; l++)
		for (long j = 0; j < nv; j++) panel[l * PANEL + j] = b[j * b_col + l];
}

// product is C [m, n] (+)= A [m, k] B for a B packed in panels of panel_rows >= k rows: the small products of attention.
static void product(long m, long n, long k, const float *a, long a_row, long a_col, const float *packed,
                    long panel_rows, float *c, long ldc, int add) {
	for (long j = 0; j < n; j += PANEL, packed += panel_rows * PANEL)
		for (long i = 0; i < m; i += TILE_ROWS)
			tile_of(m - i < TILE_ROWS ? m - i : TILE_ROWS, k, a + i * a_row, a_row, a_col, packed, c + i * ldc + j, ldc,
			        n - j < PANEL ? n - j : PANEL, NULL, add);
}

// A unit of packing is one panel of one block.
static void gemm_pack(const void *job, long from, long to, void *scratch) {
	const gemm_job *g = job;
	for (long u = from; u < to; u++) {
		long l = u / g->panels * g->block, j = u % g->panels * PANEL;
		long kc = g->k - l < g->block ? g->k - l : g->block, nv = g->n - j < PANEL ? g->n - j : PANEL;
		float *panel = g->packed + l * g->panels * PANEL + j * kc;
		pack_panel(g->b + l * g->b_row + j * g->b_col, g->b_row, g->b_col, kc, nv, panel);
	}
}

// A unit of the product is a rectangle of tiles; a panel of B stays in the first cache, the rows of A in the second.
static void gemm(const void *job, long from, long to, void *scratch) {
	const gemm_job *g = job;
	for (long u = from; u < to; u++) {
		long t0 = u % g->row_units * g->unit_tiles, p0 = u / g->row_units * g->unit_panels;
		long t1 = t0 + g->unit_tiles < g->row_tiles ? t0 + g->unit_tiles : g->row_tiles;
		long p1 = p0 + g->unit_panels < g->panels ? p0 + g->unit_panels : g->panels;
		for (long l = 0; l < g->k; l += g->block) {
			long kc = g->k - l < g->block ? g->k - l : g->block;
			for (long p = p0; p < p1; p++) {
				const float *panel = g->packed + l * g->panels * PANEL + p * PANEL * kc;
				long j = p * PANEL, nv = g->n - j < PANEL ? g->n - j : PANEL;
				for (long t = t0; t < t1; t++) {
					long i = t * g->m / g->row_tiles, next = (t + 1) * g->m / g->row_tiles;
					tile_of(next - i, kc, g->a + i * g->a_row + l * g->a_col, g->a_row, g->a_col, panel,
					        g->c + i * g->ldc + j, g->ldc, nv, g->bias ? g->bias + j : NULL, g->add || l > 0);
				}
			}
		}
	}
}
