// The product with a matrix that was packed before, for few rows: the weights of a decoding step. See pack_dense for the packed
// form: panels of all rows of B.

// panels_gemm is C [m, n] = A [m, k] B + bias. A unit is a rectangle of tiles; its panels are taken one after the other in
// blocks of k, of which one fits the first cache beside the rows of A.
static void panels_gemm(const void *job, long from, long to, void *scratch) {
	const gemm_job *g = job;
	for (long u = from; u < to; u++) {
		rectangle r = rectangle_of(g, u);
		long t0 = r.t0, t1 = r.t1, p0 = r.p0, p1 = r.p1;
		for (long p = p0; p < p1; p++) {
			const float *panel = g->packed + p * PANEL * g->k;
			long j = p * PANEL, nv = g->n - j < PANEL ? g->n - j : PANEL;
			for (long l = 0; l < g->k; l += ENCODE_K) {
				long kc = g->k - l < ENCODE_K ? g->k - l : ENCODE_K;
				for (long t = t0; t < t1; t++) {
					long i = t * g->m / g->row_tiles, next = (t + 1) * g->m / g->row_tiles;
					tile_of(next - i, kc, g->a + i * g->a_row + l, g->a_row, 1, panel + l * PANEL, PANEL,
					        g->c + i * g->ldc + j, g->ldc, nv, g->bias ? g->bias + j : NULL, l > 0, NULL);
				}
			}
		}
	}
}
