// The matrix product that the ridge is made of, in float64.
#ifndef PROBE_PANELS_H
#define PROBE_PANELS_H

// PANEL rows lie side by side: [panel][k][PANEL].
enum { PANEL = 16 };

// The kinds of kernels, slowest first; a machine runs all kinds up to panels_best.
enum { PANELS_PLAIN, PANELS_AVX2, PANELS_AVX512 };
int panels_best(void);

// panels_multiply is C += sign · A Bᵀ for A of rows panels and B of columns panels, each with k numbers a row; rows of C are ldc apart.
// Where first is not negative, C is the part of a lower triangle that begins at its panel first: panels of B behind a panel of A
// are left out. Each number is one sum in the order of k.
void panels_multiply(int kind, long first, long rows, long columns, long k, const double *a, const double *b, double *c, long ldc,
                     double sign);

#endif
