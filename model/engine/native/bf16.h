// The matrix product in bfloat16 with float32 sums: AMX where the CPU has it, AVX512-BF16 elsewhere. Both read the same packed form,
// tiles of 512 numbers that lie one behind the other:
//
//	of A: 16 rows of 32 of the inner dimension
//	of B: 16 pairs of the inner dimension, each of 16 columns
//
// so that one instruction multiplies pairs. What is behind the end of a matrix is zero. The two kinds differ in the order in which
// they add.
#ifndef NATIVE_BF16_H
#define NATIVE_BF16_H

#include "kernels.h"

#if defined(NATIVE_X86_KERNELS) && __GNUC__ >= 11
#define NATIVE_BF16 1
#endif

enum {
	TILE = 16,      // rows of A or columns of B in a tile
	TILE_K = 32,    // of the inner dimension in a tile
	TILE_SIZE = TILE * TILE_K,
	BLOCK_TILES = 16, // tiles of the inner dimension that are multiplied in one go: two columns of them fit the first cache
	UNIT_TILES = 8,   // tiles of rows in a unit
};

// C [m, n] = A [m, k] B [k, n] (+ bias [n]), with the strides of gemm_job.
typedef struct {
	long m, n, k;
	const float *a, *b, *bias;
	long a_row, a_col, b_row, b_col;
	float *c;
	long ldc;
	int add;
	uint16_t *packed;              // B: [columns of tiles][k_tiles]
	long k_tiles, columns;         // tiles each way; columns are even
	long row_units, unit_columns; // units of rows; columns of tiles in a unit, even
	long column_units;
} bf16_job;

typedef struct {
	const char *name;
	kernel pack, multiply; // a unit of packing is one column of tiles of B
	size_t scratch;        // that a thread multiplies with
} bf16_kernels;

// The kinds, slowest first.
enum { BF16_NONE, BF16_AVX512, BF16_AMX };

// native_bf16_best is the fastest kind of this machine. It asks the system for the use of AMX's tiles.
int native_bf16_best(void);
// native_bf16_kernels are the kernels of a kind; NULL for BF16_NONE.
const bf16_kernels *native_bf16_kernels(int kind);

#endif
