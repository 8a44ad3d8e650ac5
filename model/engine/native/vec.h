// Vectors of W floats as gcc and clang know them, whatever the machine, and the functions of them that kernels need.
// W is defined by the file that includes this: one source serves AVX-512, AVX2 and plain machines. No intrinsics.
#ifndef W
#error "define W, the floats of a vector, before including vec.h"
#endif

#include <math.h>
#include <string.h>

// The library's root sets errno and cannot be called for a vector at once; a root without side effects can.
extern float sqrtf(float) __attribute__((const));

#define INLINE static inline __attribute__((always_inline))

typedef float vf __attribute__((vector_size(4 * W), aligned(4), may_alias));
typedef int vi __attribute__((vector_size(4 * W), aligned(4), may_alias));

INLINE vf splat(float x) { return x - (vf){0}; }
INLINE vf load(const float *p) { return *(const vf *)p; }
INLINE void store(float *p, vf v) { *(vf *)p = v; }

// copy_part copies n < W floats in pieces of fixed sizes, which need no call.
INLINE void copy_part(float *to, const float *from, long n) {
#if W > 8
	if (n & 8) memcpy(to, from, 32), to += 8, from += 8;
#endif
#if W > 4
	if (n & 4) memcpy(to, from, 16), to += 4, from += 4;
#endif
	if (n & 2) memcpy(to, from, 8), to += 2, from += 2;
	if (n & 1) *to = *from;
}

// load_part reads n <= W floats and fills up with zeros; store_part writes the first n.
INLINE vf load_part(const float *p, long n) {
	if (n == W) return load(p);
	float part[W] = {0};
	copy_part(part, p, n);
	return load(part);
}
INLINE void store_part(float *p, vf v, long n) {
	if (n == W) {
		store(p, v);
		return;
	}
	float part[W];
	store(part, v);
	copy_part(p, part, n);
}

// put stores v, or adds it to what is there.
INLINE void put(float *p, vf v, int add) {
	if (add) v += load(p);
	store(p, v);
}
INLINE void put_part(float *p, vf v, long n, int add) {
	if (add) v += load_part(p, n);
	store_part(p, v, n);
}

// Two vectors zipped: a0 b0 a1 b1 …, as far as the first or from the second half on.
#if W == 16
#define ZIP_LOW 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23
#define ZIP_HIGH 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31
#elif W == 8
#define ZIP_LOW 0, 8, 1, 9, 2, 10, 3, 11
#define ZIP_HIGH 4, 12, 5, 13, 6, 14, 7, 15
#else
#define ZIP_LOW 0, 4, 1, 5
#define ZIP_HIGH 2, 6, 3, 7
#endif
#ifdef __clang__
#define SHUFFLE(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
#define SHUFFLE(a, b, ...) __builtin_shuffle(a, b, (vi){__VA_ARGS__})
#endif

// transpose turns W rows of W floats over: each round zips the upper half of the rows with the lower.
INLINE void transpose(vf x[W]) {
#pragma GCC unroll 4
	for (int round = 1; round < W; round *= 2) {
		vf y[W];
#pragma GCC unroll 8
		for (int i = 0; i < W / 2; i++) {
			y[2 * i] = SHUFFLE(x[i], x[i + W / 2], ZIP_LOW);
			y[2 * i + 1] = SHUFFLE(x[i], x[i + W / 2], ZIP_HIGH);
		}
#pragma GCC unroll 16
		for (int i = 0; i < W; i++) x[i] = y[i];
	}
}

// choose takes a where mask is set (all bits of a lane), else b.
INLINE vf choose(vi mask, vf a, vf b) { return (vf)(((vi)a & mask) | ((vi)b & ~mask)); }
// A NaN in a stays a NaN: a broken loss must show.
INLINE vf at_least(vf a, vf low) { return choose(a < low, low, a); }
INLINE vf at_most(vf a, vf high) { return choose(a > high, high, a); }

// Sums and maxima over the lanes, always in the same order: halves are folded onto each other.
#if W == 16
#define FOLD(v, fold)                                                                                     \
	v = fold(v, SHUFFLE(v, v, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7));                     \
	v = fold(v, SHUFFLE(v, v, 4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11));                     \
	v = fold(v, SHUFFLE(v, v, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13));                     \
	v = fold(v, SHUFFLE(v, v, 1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14))
#elif W == 8
#define FOLD(v, fold)                                       \
	v = fold(v, SHUFFLE(v, v, 4, 5, 6, 7, 0, 1, 2, 3));     \
	v = fold(v, SHUFFLE(v, v, 2, 3, 0, 1, 6, 7, 4, 5));     \
	v = fold(v, SHUFFLE(v, v, 1, 0, 3, 2, 5, 4, 7, 6))
#else
#define FOLD(v, fold)                           \
	v = fold(v, SHUFFLE(v, v, 2, 3, 0, 1));     \
	v = fold(v, SHUFFLE(v, v, 1, 0, 3, 2))
#endif
INLINE vf plus(vf a, vf b) { return a + b; }
INLINE vf larger(vf a, vf b) { return choose(a > b, a, b); }
INLINE float sum(vf v) {
	FOLD(v, plus);
	return v[0];
}
INLINE float largest(vf v) {
	FOLD(v, larger);
	return v[0];
}

#if W == 16
#define POSITIONS (vi){0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}
#elif W == 8
#define POSITIONS (vi){0, 1, 2, 3, 4, 5, 6, 7}
#else
#define POSITIONS (vi){0, 1, 2, 3}
#endif
// first keeps the first n lanes of a; the others are those of b.
INLINE vf first(long n, vf a, vf b) { return choose(POSITIONS < (int)n, a, b); }

// highest is the largest of n > 0 floats; a NaN may be passed over, for the exponentials of the same floats show it.
static inline float highest(const float *x, long n) {
	vf m = splat(x[0]);
	long j = 0;
	for (; j + W <= n; j += W) m = larger(load(x + j), m);
	float top = largest(m);
	for (; j < n; j++)
		if (x[j] > top) top = x[j];
	return top;
}

// vexp is e^x to about one unit in the last place, for x cut to [-87, 88]: x = n ln 2 + r, e^x = 2^n e^r with a
// polynomial of degree 6 for |r| <= ln 2 / 2. Adding 1.5 · 2^23 rounds x / ln 2 to n and leaves n in the low bits.
INLINE vf vexp(vf x) {
	x = at_most(at_least(x, splat(-87.0f)), splat(88.0f));
	vf shifted = x * 1.44269504f + 12582912.0f;
	vf n = shifted - 12582912.0f;
	vf r = x - n * 0.693359375f;
	r = r + n * 2.12194440e-4f;
	vf p = r * 1.3888889e-3f + 8.3333333e-3f;
	p = p * r + 4.1666667e-2f;
	p = p * r + 1.6666667e-1f;
	p = p * r + 0.5f;
	p = p * r * r + r + 1.0f;
	return p * (vf)(((vi)shifted << 23) + 0x3f800000);
}
