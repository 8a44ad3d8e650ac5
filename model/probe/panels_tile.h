// One kernel for one kind of vector unit: included by panels.c, which sets W (doubles of a vector), TILE_ROWS and TILE_COLUMNS (of a
// tile, whose sums stay in registers), and KERNEL, its name.

#define JOIN(a, b) a##b
#define NAMED(a, b) JOIN(a, b)
#define VECTORS (TILE_COLUMNS / W)

typedef double NAMED(KERNEL, _vector) __attribute__((vector_size(8 * W), aligned(8), may_alias));

static void KERNEL(long first, long rows, long columns, long k, const double *a, const double *b, double *c, long ldc, double sign) {
	typedef NAMED(KERNEL, _vector) vd;
	for (long q = 0; q < columns; q++)
		for (long p = q > first ? q - first : 0; p < rows; p++)
			for (long j = 0; j < PANEL; j += TILE_COLUMNS)
				for (long i = 0; i < PANEL; i += TILE_ROWS) {
					const double *x = a + p * PANEL * k + i, *y = b + q * PANEL * k + j;
					vd s[TILE_ROWS][VECTORS] = {0};
					for (long l = 0; l < k; l++, x += PANEL, y += PANEL) {
						vd v[VECTORS];
#pragma GCC unroll 8
						for (int w = 0; w < VECTORS; w++) v[w] = *(const vd *)(y + w * W);
#pragma GCC unroll 16
						for (int r = 0; r < TILE_ROWS; r++)
#pragma GCC unroll 8
							for (int w = 0; w < VECTORS; w++) s[r][w] += x[r] * v[w];
					}
#pragma GCC unroll 16
					for (int r = 0; r < TILE_ROWS; r++) {
						double *to = c + (p * PANEL + i + r) * ldc + q * PANEL + j;
#pragma GCC unroll 8
						for (int w = 0; w < VECTORS; w++) *(vd *)(to + w * W) += sign * s[r][w];
					}
				}
}

#undef JOIN
#undef NAMED
#undef VECTORS
#undef W
#undef TILE_ROWS
#undef TILE_COLUMNS
#undef KERNEL
