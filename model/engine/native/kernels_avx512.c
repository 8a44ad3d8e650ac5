// The kernels for AVX-512: 32 registers of 16 floats, of which a tile takes 28.
#include "kernels.h"

#ifdef NATIVE_X86_KERNELS
#pragma GCC optimize("O3", "no-math-errno", "no-trapping-math")
#pragma GCC target("avx512f,avx512bw,avx512cd,avx512dq,avx512vl,avx2,fma,bmi,bmi2")
#define W 16
#define TILE_ROWS 14
#define KERNELS kernels_avx512
#define KERNELS_NAME "avx512"
#include "variant.h"
#endif
