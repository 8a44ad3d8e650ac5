#include "panels.h"

#pragma GCC optimize("O3", "no-math-errno", "no-trapping-math")

#define W 2
#define TILE_ROWS 4
#define TILE_COLUMNS 4
#define KERNEL plain
#include "panels_tile.h"

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define X86_KERNELS 1

#pragma GCC push_options
#pragma GCC target("avx2,fma")
#define W 4
#define TILE_ROWS 4
#define TILE_COLUMNS 8
#define KERNEL avx2
#include "panels_tile.h"
#pragma GCC pop_options

#pragma GCC push_options
#pragma GCC target("avx512f,avx512dq,avx512vl,avx2,fma")
#define W 8
#define TILE_ROWS 8
#define TILE_COLUMNS 16
#define KERNEL avx512
#include "panels_tile.h"
#pragma GCC pop_options
#endif

int panels_best(void) {
#ifdef X86_KERNELS
	__builtin_cpu_init();
	if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")) return PANELS_AVX512;
	if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return PANELS_AVX2;
#endif
	return PANELS_PLAIN;
}

void panels_multiply(int kind, long first, long rows, long columns, long k, const double *a, const double *b, double *c, long ldc,
                     double sign) {
	if (first < 0) first = columns; // no panel of B is left out
	switch (kind) {
#ifdef X86_KERNELS
	case PANELS_AVX512:
		avx512(first, rows, columns, k, a, b, c, ldc, sign);
		return;
	case PANELS_AVX2:
		avx2(first, rows, columns, k, a, b, c, ldc, sign);
		return;
#endif
	default:
		plain(first, rows, columns, k, a, b, c, ldc, sign);
	}
}
