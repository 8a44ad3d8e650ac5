// The kernels for any machine: vectors of 4 floats, which gcc and clang make of what there is. NEON has 32 registers, of which a tile
// takes 26; SSE2 has 16.
#include "kernels.h"

#pragma GCC optimize("O3", "no-math-errno", "no-trapping-math")
#define W 4
#define KERNELS kernels_plain
#if defined(__aarch64__)
#define TILE_ROWS 12
#define KERNELS_NAME "neon"
#else
#define TILE_ROWS 6
#define KERNELS_NAME "plain"
#endif
#include "variant.h"
