// Tiles of bfloat16 made of floats, and the walk over the tiles of a product: what the kinds of bf16.h share. Included by a file that
// has set the target.
#include <immintrin.h>
#include <string.h>

#include "bf16.h"

// transpose makes number j of vector i number i of vector j.
static inline void transpose(__m512i *v) {
	__m512i u[16];
	for (int i = 0; i < 16; i += 2) {
		u[i] = _mm512_unpacklo_epi32(v[i], v[i + 1]);
		u[i + 1] = _mm512_unpackhi_epi32(v[i], v[i + 1]);
	}
	for (int i = 0; i < 16; i += 4)
		for (int j = 0; j < 2; j++) {
			v[i + 2 * j] = _mm512_unpacklo_epi64(u[i + j], u[i + j + 2]);
			v[i + 2 * j + 1] = _mm512_unpackhi_epi64(u[i + j], u[i + j + 2]);
		}
	for (int i = 0; i < 16; i += 8)
		for (int j = 0; j < 4; j++) {
			u[i + j] = _mm512_shuffle_i32x4(v[i + j], v[i + j + 4], 0x88);
			u[i + j + 4] = _mm512_shuffle_i32x4(v[i + j], v[i + j + 4], 0xdd);
		}
	for (int j = 0; j < 8; j++) {
		v[j] = _mm512_shuffle_i32x4(u[j], u[j + 8], 0x88);
		v[j + 8] = _mm512_shuffle_i32x4(u[j], u[j + 8], 0xdd);
	}
}

// first is the mask of the first n of 16 numbers.
static inline __mmask16 first(long n) { return n >= 16 ? 0xffff : n <= 0 ? 0 : (1u << n) - 1; }

// pairs_along: vector i is 32 neighbours of line i, of which there are lines and count.
static inline void pairs_along(const float *x, long stride, long lines, long count, __m512i *v) {
	__mmask16 low = first(count), high = first(count - 16);
	for (int i = 0; i < 16; i++) {
		if (i >= lines) {
			v[i] = _mm512_setzero_si512();
			continue;
		}
		__m512 a = _mm512_maskz_loadu_ps(low, x + i * stride), b = _mm512_maskz_loadu_ps(high, x + i * stride + 16);
		v[i] = (__m512i)_mm512_cvtne2ps_pbh(b, a);
	}
}

// pairs_across: vector i is the pairs of lines 2i and 2i+1, of which there are lines; a line has width numbers.
static inline void pairs_across(const float *x, long stride, long lines, long width, __m512i *v) {
	__mmask16 mask = first(width);
	const __m512i woven = _mm512_set_epi16(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8, 23, 7, 22, 6, 21, 5, 20, 4, 19, 3,
	                                       18, 2, 17, 1, 16, 0);
	for (int i = 0; i < 16; i++) {
		__m512 a = 2 * i < lines ? _mm512_maskz_loadu_ps(mask, x + 2 * i * stride) : _mm512_setzero_ps();
		__m512 b = 2 * i + 1 < lines ? _mm512_maskz_loadu_ps(mask, x + (2 * i + 1) * stride) : _mm512_setzero_ps();
		v[i] = _mm512_permutexvar_epi16(woven, (__m512i)_mm512_cvtne2ps_pbh(b, a));
	}
}

static inline void put_tile(const __m512i *v, uint16_t *tile) {
	for (int i = 0; i < 16; i++) _mm512_storeu_si512(tile + i * TILE_K, v[i]);
}

// tile_of_a makes a tile of rows <= 16 and count <= 32 of the inner dimension at a.
static inline void tile_of_a(const bf16_job *g, const float *a, long rows, long count, uint16_t *tile) {
	__m512i v[16];
	if (g->a_col == 1) {
		pairs_along(a, g->a_row, rows, count, v);
	} else {
		pairs_across(a, g->a_col, count, rows, v);
		transpose(v);
	}
	put_tile(v, tile);
}

static inline void tile_of_b(const bf16_job *g, const float *b, long columns, long count, uint16_t *tile) {
	__m512i v[16];
	if (g->b_col == 1) {
		pairs_across(b, g->b_row, count, columns, v);
	} else {
		pairs_along(b, g->b_col, columns, count, v);
		transpose(v);
	}
	put_tile(v, tile);
}

static inline long least(long a, long b) { return a < b ? a : b; }

// A unit of packing is one column of tiles.
static void pack(const void *job, long from, long to, void *scratch) {
	const bf16_job *g = job;
	for (long u = from; u < to; u++)
		for (long t = 0; t < g->k_tiles; t++)
			tile_of_b(g, g->b + u * TILE * g->b_col + t * TILE_K * g->b_row, g->n - u * TILE, g->k - t * TILE_K,
			          g->packed + (u * g->k_tiles + t) * TILE_SIZE);
}

// square computes 32 rows and 32 columns of C over some tiles of the inner dimension: a and a + a_next are its two rows of tiles, b and
// b + b_next its two columns. rows and columns are how many of C are there. start says what the sums begin with.
typedef enum { START_ZERO, START_BIAS, START_SUM } start;
static void square(long tiles, const uint16_t *a, long a_next, const uint16_t *b, long b_next, start from, const float *bias, float *c,
                   long ldc, long rows, long columns);

// multiply packs the rows of a unit block by block and multiplies them with the columns of the unit.
static void multiply_units(const bf16_job *g, long from, long to, uint16_t *rows_of_a) {
	for (long u = from; u < to; u++) {
		long i0 = u % g->row_units * UNIT_TILES * TILE, i1 = least(i0 + UNIT_TILES * TILE, g->m);
		long c0 = u / g->row_units * g->unit_columns, c1 = least(c0 + g->unit_columns, g->columns);
		long row_tiles = (i1 - i0 + 2 * TILE - 1) / (2 * TILE) * 2;
		for (long t0 = 0; t0 < g->k_tiles; t0 += BLOCK_TILES) {
			long tiles = least(BLOCK_TILES, g->k_tiles - t0);
			for (long r = 0; r < row_tiles; r++)
				for (long t = 0; t < tiles; t++)
					tile_of_a(g, g->a + (i0 + r * TILE) * g->a_row + (t0 + t) * TILE_K * g->a_col, i1 - i0 - r * TILE,
					          g->k - (t0 + t) * TILE_K, rows_of_a + (r * tiles + t) * TILE_SIZE);
			start begin = t0 > 0 || g->add ? START_SUM : g->bias ? START_BIAS : START_ZERO;
			for (long column = c0; column < c1; column += 2)
				for (long r = 0; r < row_tiles; r += 2) {
					long i = i0 + r * TILE, j = column * TILE;
					square(tiles, rows_of_a + r * tiles * TILE_SIZE, tiles * TILE_SIZE,
					       g->packed + (column * g->k_tiles + t0) * TILE_SIZE, g->k_tiles * TILE_SIZE, begin,
					       g->bias ? g->bias + j : NULL, g->c + i * g->ldc + j, g->ldc, least(i1 - i, 2 * TILE),
					       least(g->n - j, 2 * TILE));
				}
		}
	}
}

enum { BF16_SCRATCH = sizeof(uint16_t) * UNIT_TILES * BLOCK_TILES * TILE_SIZE };
