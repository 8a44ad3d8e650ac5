// bf16.h by AVX512-BF16: an instruction multiplies 16 pairs.
#include "bf16.h"

#ifdef NATIVE_BF16
#pragma GCC optimize("O3")
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")
#include "bf16_tile.h"

// quarter is one tile of C: 16 sums in registers, row by row.
static inline void quarter(long tiles, const uint16_t *a, const uint16_t *b, start from, const float *bias, float *c, long ldc, long rows,
                           long columns) {
	__mmask16 mask = first(columns);
	__m512 s[TILE];
#pragma GCC unroll 16
	for (int i = 0; i < TILE; i++) {
		if (from == START_SUM) s[i] = i < rows ? _mm512_maskz_loadu_ps(mask, c + i * ldc) : _mm512_setzero_ps();
		else s[i] = from == START_BIAS ? _mm512_maskz_loadu_ps(mask, bias) : _mm512_setzero_ps();
	}
	for (long t = 0; t < tiles; t++, a += TILE_SIZE, b += TILE_SIZE)
		for (int p = 0; p < TILE; p++) {
			__m512bh y = (__m512bh)_mm512_loadu_si512(b + p * TILE_K);
#pragma GCC unroll 16
			for (int i = 0; i < TILE; i++) {
				int pair;
				memcpy(&pair, a + i * TILE_K + 2 * p, sizeof pair);
				s[i] = _mm512_dpbf16_ps(s[i], (__m512bh)_mm512_set1_epi32(pair), y);
			}
		}
#pragma GCC unroll 16
	for (int i = 0; i < TILE; i++)
		if (i < rows) _mm512_mask_storeu_ps(c + i * ldc, mask, s[i]);
}

static void square(long tiles, const uint16_t *a, long a_next, const uint16_t *b, long b_next, start from, const float *bias, float *c,
                   long ldc, long rows, long columns) {
	for (int x = 0; x < 2; x++)
		for (int y = 0; y < 2; y++) {
			long left = rows - x * TILE, right = columns - y * TILE;
			if (left <= 0 || right <= 0) continue;
			quarter(tiles, a + x * a_next, b + y * b_next, from, bias ? bias + y * TILE : NULL, c + x * TILE * ldc + y * TILE, ldc, left, right);
		}
}

static void multiply(const void *job, long from, long to, void *scratch) { multiply_units(job, from, to, scratch); }

const bf16_kernels bf16_avx512 = {"avx512-bf16", pack, multiply, BF16_SCRATCH};
#endif
