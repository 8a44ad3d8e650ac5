// The kernels for any machine: vectors of 4 floats, which gcc and clang make of what there is (SSE2, NEON).
#include "kernels.h"

#pragma GCC optimize("O3", "no-math-errno", "no-trapping-math")
#define W 4
#define TILE_ROWS 6
#define KERNELS kernels_plain
#define KERNELS_NAME "plain"
#include "variant.h"
