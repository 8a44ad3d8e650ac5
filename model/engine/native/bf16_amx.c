// bf16.h by AMX: an instruction multiplies two whole tiles.
#include "bf16.h"

#ifdef NATIVE_BF16
#pragma GCC optimize("O3")
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,amx-tile,amx-bf16")
#include "bf16_tile.h"

// The eight tiles of a thread, all of 16 rows of 64 bytes: 0 … 3 hold C, 4 and 5 A, 6 and 7 B. Constant, because gcc 12 drops the
// stores to a configuration that is filled in before it is loaded.
static const struct {
	uint8_t palette, start_row, reserved[14];
	uint16_t bytes[16];
	uint8_t rows[16];
} tiles_used = {.palette = 1, .bytes = {64, 64, 64, 64, 64, 64, 64, 64}, .rows = {16, 16, 16, 16, 16, 16, 16, 16}};

// fence keeps the compiler from moving reads and writes of memory over tile instructions, of which it does not know what they touch.
#define fence() __asm__ volatile("" ::: "memory")

static void begin(start from, const float *bias, const float *c, long ldc) {
	switch (from) {
	case START_SUM:
		_tile_loadd(0, c, 4 * ldc);
		_tile_loadd(1, c + TILE, 4 * ldc);
		_tile_loadd(2, c + TILE * ldc, 4 * ldc);
		_tile_loadd(3, c + TILE * ldc + TILE, 4 * ldc);
		break;
	case START_BIAS: // a stride of zero: each row is the bias
		_tile_loadd(0, bias, 0);
		_tile_loadd(1, bias + TILE, 0);
		_tile_loadd(2, bias, 0);
		_tile_loadd(3, bias + TILE, 0);
		break;
	default:
		_tile_zero(0);
		_tile_zero(1);
		_tile_zero(2);
		_tile_zero(3);
	}
}

static void put(float *c, long ldc) {
	_tile_stored(0, c, 4 * ldc);
	_tile_stored(1, c + TILE, 4 * ldc);
	_tile_stored(2, c + TILE * ldc, 4 * ldc);
	_tile_stored(3, c + TILE * ldc + TILE, 4 * ldc);
}

// square goes through a buffer at the edges of C, where whole tiles would reach over them.
static void square(long tiles, const uint16_t *a, long a_next, const uint16_t *b, long b_next, start from, const float *bias, float *c,
                   long ldc, long rows, long columns) {
	float edge[4 * TILE * TILE] __attribute__((aligned(64)));
	float *to = c;
	long ld = ldc;
	if (rows < 2 * TILE || columns < 2 * TILE) {
		to = edge, ld = 2 * TILE;
		memset(edge, 0, sizeof edge);
		for (long i = 0; i < rows; i++) {
			if (from == START_SUM) memcpy(edge + i * ld, c + i * ldc, sizeof *c * columns);
			if (from == START_BIAS) memcpy(edge + i * ld, bias, sizeof *c * columns);
		}
		if (from == START_BIAS) from = START_SUM;
	}
	fence();
	begin(from, bias, to, ld);
	for (long t = 0; t < tiles; t++, a += TILE_SIZE, b += TILE_SIZE) {
		_tile_loadd(4, a, 2 * TILE_K);
		_tile_loadd(6, b, 2 * TILE_K);
		_tile_dpbf16ps(0, 4, 6);
		_tile_loadd(7, b + b_next, 2 * TILE_K);
		_tile_dpbf16ps(1, 4, 7);
		_tile_loadd(5, a + a_next, 2 * TILE_K);
		_tile_dpbf16ps(2, 5, 6);
		_tile_dpbf16ps(3, 5, 7);
	}
	put(to, ld);
	fence();
	if (to == c) return;
	for (long i = 0; i < rows; i++) memcpy(c + i * ldc, edge + i * ld, sizeof *c * columns);
}

// multiply gives the tiles back when it is done: a thread with tiles in use costs the system 8 KB at every switch.
static void multiply(const void *job, long from, long to, void *scratch) {
	_tile_loadconfig(&tiles_used);
	fence();
	multiply_units(job, from, to, scratch);
	_tile_release();
}

const bf16_kernels bf16_amx = {"amx", pack, multiply, BF16_SCRATCH};
#endif
