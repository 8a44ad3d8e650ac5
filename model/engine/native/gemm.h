// The matrix product. A tile of C, TILE_ROWS rows by two vectors, stays in registers while the inner dimension runs
// through it: each step takes one float a row of A and two vectors of B, so that every element of C is one sum in the order of
// the inner dimension, whatever the blocks. Both operands are read where they lie if the strides let them. Otherwise B is first
// packed into panels, [block of k][panel of two vectors][k][2 W], and a unit copies its rows of A block by block: see native_gemm.

#define PANEL (2 * W)

// A tile is two vectors wide, one and a half, or one: the columns of the last panel of a row, and of a narrow head.
typedef float half __attribute__((vector_size(2 * W), aligned(4), may_alias));
typedef enum { ONE, ONE_AND_A_HALF, TWO } breadth;

// tile computes C [mr, wide] (+)= A B over kc steps. mr and wide are constants at every call, so that the sums live in registers.
// next is the tile of C that follows, fetched meanwhile, or NULL.
INLINE void tile(const int mr, const breadth wide, long kc, const float *a, long a_row, long a_col, const float *b, long b_row,
                 float *c, long ldc, const float *bias, int add, const float *next) {
	vf s[TILE_ROWS], s2[TILE_ROWS];
	half h[TILE_ROWS];
	if (next) {
#pragma GCC unroll 16
		for (int i = 0; i < mr; i++) __builtin_prefetch(next + i * ldc, 1), __builtin_prefetch(next + i * ldc + W, 1);
	}
#pragma GCC unroll 16
	for (int i = 0; i < mr; i++) {
		const float *from = add ? c + i * ldc : bias;
		s[i] = from ? load(from) : splat(0);
		if (wide == TWO) s2[i] = from ? load(from + W) : splat(0);
		if (wide == ONE_AND_A_HALF) h[i] = from ? *(const half *)(from + W) : (half){0};
	}
	for (long l = 0; l < kc; l++) {
		vf b0 = load(b), b1;
		half b2;
		if (wide == TWO) b1 = load(b + W);
		if (wide == ONE_AND_A_HALF) b2 = *(const half *)(b + W);
#pragma GCC unroll 16
		for (int i = 0; i < mr; i++) {
			float x = a[i * a_row];
			s[i] += x * b0;
			if (wide == TWO) s2[i] += x * b1;
			if (wide == ONE_AND_A_HALF) h[i] += x * b2;
		}
		a += a_col;
		b += b_row;
	}
#pragma GCC unroll 16
	for (int i = 0; i < mr; i++) {
		store(c + i * ldc, s[i]);
		if (wide == TWO) store(c + i * ldc + W, s2[i]);
		if (wide == ONE_AND_A_HALF) *(half *)(c + i * ldc + W) = h[i];
	}
}

#define TILE_CASE(n)                                                                                                      \
	case n:                                                                                                               \
		if (wide == TWO && a_row == 1) tile(n, TWO, kc, a, 1, a_col, b, b_row, c, ldc, bias, add, next);                  \
		else if (wide == TWO) tile(n, TWO, kc, a, a_row, 1, b, b_row, c, ldc, bias, add, next);                           \
		else if (wide == ONE) tile(n, ONE, kc, a, a_row, a_col, b, b_row, c, ldc, bias, add, next);                       \
		else tile(n, ONE_AND_A_HALF, kc, a, a_row, a_col, b, b_row, c, ldc, bias, add, next);                             \
		break;

// tile_of_breadth picks the tile with the wanted number of rows; one stride of A is 1.
static __attribute__((noinline)) void tile_of_breadth(breadth wide, long mr, long kc, const float *a, long a_row, long a_col,
                                                      const float *b, long b_row, float *c, long ldc, const float *bias,
                                                      int add, const float *next) {
	switch (mr) {
		TILE_CASE(1) TILE_CASE(2) TILE_CASE(3) TILE_CASE(4) TILE_CASE(5) TILE_CASE(6)
#if TILE_ROWS > 6
		TILE_CASE(7) TILE_CASE(8) TILE_CASE(9) TILE_CASE(10) TILE_CASE(11) TILE_CASE(12)
#endif
#if TILE_ROWS > 12
		TILE_CASE(13) TILE_CASE(14)
#endif
	}
}

// tile_of_part computes columns that are no tile's breadth in a tile of its own, of which it copies nv columns out.
static __attribute__((noinline)) void tile_of_part(breadth wide, long mr, long kc, const float *a, long a_row, long a_col,
                                                   const float *b, long b_row, float *c, long ldc, long nv, const float *bias,
                                                   int add) {
	float part[TILE_ROWS * PANEL], some[PANEL];
	if (bias) memcpy(some, bias, sizeof *some * nv);
	for (long i = 0; i < mr && add; i++) memcpy(part + i * PANEL, c + i * ldc, sizeof *c * nv);
	tile_of_breadth(wide, mr, kc, a, a_row, a_col, b, b_row, part, PANEL, bias ? some : NULL, add, NULL);
	for (long i = 0; i < mr; i++) memcpy(c + i * ldc, part + i * PANEL, sizeof *c * nv);
}

// tile_of computes C [mr, nv] (+)= A B for nv <= PANEL; B has a whole panel.
INLINE void tile_of(long mr, long kc, const float *a, long a_row, long a_col, const float *b, long b_row, float *c, long ldc,
                    long nv, const float *bias, int add, const float *next) {
	breadth wide = nv <= W ? ONE : nv <= W + W / 2 ? ONE_AND_A_HALF : TWO;
	if (nv == W || nv == W + W / 2 || nv == PANEL)
		tile_of_breadth(wide, mr, kc, a, a_row, a_col, b, b_row, c, ldc, bias, add, next);
	else
		tile_of_part(wide, mr, kc, a, a_row, a_col, b, b_row, c, ldc, nv, bias, add);
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
	for (long j = 0; j < nv; j += W, panel += W) {
		long some = nv - j < W ? nv - j : W, l = 0;
		for (; l + W <= k; l += W) {
			vf x[W];
#pragma GCC unroll 16
			for (int i = 0; i < W; i++) x[i] = i < some ? load(b + (j + i) * b_col + l) : splat(0);
			transpose(x);
#pragma GCC unroll 16
			for (int i = 0; i < W; i++) store(panel + (l + i) * PANEL, x[i]);
		}
		for (; l < k; l++)
			for (long i = 0; i < some; i++) panel[l * PANEL + i] = b[(j + i) * b_col + l];
	}
}

// right is the right operand of a small product: panels of PANEL columns, whose rows lie row floats apart and which begin panel
// floats apart.
typedef struct {
	const float *b;
	long row, panel;
} right;

// packed is what lies in panels of that many rows.
INLINE right packed(const float *panels, long rows) { return (right){panels, PANEL, rows * PANEL}; }

// product is C [m, n] (+)= A [m, k] B: the small products of attention.
static void product(long m, long n, long k, const float *a, long a_row, long a_col, right b, float *c, long ldc, int add) {
	for (long j = 0; j < n; j += PANEL, b.b += b.panel)
		for (long i = 0; i < m; i += TILE_ROWS)
			tile_of(m - i < TILE_ROWS ? m - i : TILE_ROWS, k, a + i * a_row, a_row, a_col, b.b, b.row, c + i * ldc + j,
			        ldc, n - j < PANEL ? n - j : PANEL, NULL, add, NULL);
}

// A unit of packing is GROUP panels of one block, so that rows are read in runs longer than a panel's.
static void gemm_pack(const void *job, long from, long to, void *scratch) {
	const gemm_job *g = job;
	long packed = g->panels - g->in_place, groups = (packed + GROUP - 1) / GROUP;
	for (long u = from; u < to; u++) {
		long l = u / groups * g->block, p0 = u % groups * GROUP, p1 = p0 + GROUP < packed ? p0 + GROUP : packed;
		long kc = g->k - l < g->block ? g->k - l : g->block;
		enum { STEP = 8 * W };
		for (long i = 0; i < kc; i += STEP)
			for (long p = p0; p < p1; p++) {
				long j = (g->in_place + p) * PANEL, nv = g->n - j < PANEL ? g->n - j : PANEL;
				pack_panel(g->b + (l + i) * g->b_row + j * g->b_col, g->b_row, g->b_col, kc - i < STEP ? kc - i : STEP, nv,
				           g->packed + l * packed * PANEL + p * PANEL * kc + i * PANEL);
			}
	}
}

// copy_block copies n runs of length floats; to has a run every stride floats.
static void copy_block(const float *from, long from_stride, long n, long length, float *to, long stride) {
	for (; n > 0; n--, from += from_stride, to += stride) {
		long j = 0;
		for (; j + W <= length; j += W) store(to + j, load(from + j));
		for (; j < length; j++) to[j] = from[j];
	}
}

// block_tiles multiplies rows of tiles t0 … t1-1 with panels p0 … p1-1 for the block of k at l; a is row t0's first float.
static void block_tiles(const gemm_job *g, long t0, long t1, long p0, long p1, long l, long kc, const float *a, long a_row,
                        long a_col) {
	long first = t0 * g->m / g->row_tiles;
	for (long p = p0; p < p1; p++) {
		long j = p * PANEL, nv = g->n - j < PANEL ? g->n - j : PANEL, b_row = PANEL, packed = g->panels - g->in_place;
		const float *b = g->packed + l * packed * PANEL + (p - g->in_place) * PANEL * kc;
		if (p < g->in_place) b = g->b + l * g->b_row + j, b_row = g->b_row;
		for (long t = t0; t < t1; t++) {
			long i = t * g->m / g->row_tiles, next = (t + 1) * g->m / g->row_tiles;
			tile_of(next - i, kc, a + (i - first) * a_row, a_row, a_col, b, b_row, g->c + i * g->ldc + j, g->ldc, nv,
			        g->bias ? g->bias + j : NULL, g->add || l > 0,
			        t + 1 < t1 ? g->c + next * g->ldc + j : g->c + first * g->ldc + j + PANEL);
		}
	}
}

// rectangle is what a unit computes: rows of tiles t0 … t1-1, panels of columns p0 … p1-1.
typedef struct { long t0, t1, p0, p1; } rectangle;

INLINE rectangle rectangle_of(const gemm_job *g, long unit) {
	long t = unit % g->row_units * g->unit_tiles, p = unit / g->row_units * g->unit_panels;
	return (rectangle){t, t + g->unit_tiles < g->row_tiles ? t + g->unit_tiles : g->row_tiles,
	                   p, p + g->unit_panels < g->panels ? p + g->unit_panels : g->panels};
}

// A unit of the product is a rectangle of tiles; a panel of B stays in the first cache, the rows of A in the second.
static void gemm(const void *job, long from, long to, void *scratch) {
	const gemm_job *g = job;
	for (long u = from; u < to; u++) {
		rectangle r = rectangle_of(g, u);
		long t0 = r.t0, t1 = r.t1, p0 = r.p0, p1 = r.p1;
		long first = t0 * g->m / g->row_tiles, rows = t1 * g->m / g->row_tiles - first;
		for (long l = 0; l < g->k; l += g->block) {
			long kc = g->k - l < g->block ? g->k - l : g->block;
			const float *a = g->a + first * g->a_row + l * g->a_col;
			if (!g->copy_a) {
				block_tiles(g, t0, t1, p0, p1, l, kc, a, g->a_row, g->a_col);
			} else if (g->a_col == 1) {
				copy_block(a, g->a_row, rows, kc, scratch, g->copy_stride);
				block_tiles(g, t0, t1, p0, p1, l, kc, scratch, g->copy_stride, 1);
			} else {
				copy_block(a, g->a_col, kc, rows, scratch, g->copy_stride);
				block_tiles(g, t0, t1, p0, p1, l, kc, scratch, 1, g->copy_stride);
			}
		}
	}
}

// peak multiplies and adds in registers alone, as many vectors as a tile has, and returns a sum that keeps the compiler honest.
static float peak(long steps, float x) {
	vf s[TILE_ROWS][2], a = splat(x), b = splat(1 - x);
#pragma GCC unroll 16
	for (int i = 0; i < TILE_ROWS; i++) s[i][0] = splat(x * i), s[i][1] = splat(x + i);
	for (long l = 0; l < steps; l++) {
#pragma GCC unroll 16
		for (int i = 0; i < TILE_ROWS; i++) {
			s[i][0] += a * b;
			s[i][1] += b * b;
		}
	}
	vf total = {0};
	for (int i = 0; i < TILE_ROWS; i++) total += s[i][0] + s[i][1];
	return sum(total);
}
