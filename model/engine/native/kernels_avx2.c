// The kernels for AVX2 with FMA: 16 registers of 8 floats, of which a tile takes 12.
#include "kernels.h"

#ifdef NATIVE_X86_KERNELS
#pragma GCC optimize("O3", "no-math-errno", "no-trapping-math")
#pragma GCC target("avx2,fma,bmi,bmi2")
#define W 8
#define TILE_ROWS 6
#define KERNELS kernels_avx2
#define KERNELS_NAME "avx2"
#include "variant.h"
#endif
