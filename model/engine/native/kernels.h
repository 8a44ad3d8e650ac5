// The kernels that exist once for each kind of vector unit, and their arguments. Every kernel computes whole units of
// output; see pool.h. Arrays are row-major floats; "add" means: add to what the output holds instead of replacing it.
#ifndef NATIVE_KERNELS_H
#define NATIVE_KERNELS_H

#include <stdint.h>

#include "pool.h"

// C [m, n] = A [m, k] B [k, n] (+ bias [n]): element (i, l) of A lies at a[i·a_row + l·a_col], (l, j) of B at
// b[l·b_row + j·b_col]. Of each pair of strides one is 1. C has rows of length ldc.
typedef struct {
	long m, n, k;
	const float *a, *b, *bias;
	long a_row, a_col, b_row, b_col;
	float *c;
	long ldc;
	int add;
	long in_place;               // panels of B that are read where they lie; the others are packed
	float *packed;               // in panels, see gemm.h
	int copy_a;                  // a unit copies its rows of A
	long copy_stride;            // floats between the runs of the copy
	long row_tiles, unit_tiles;  // tiles of rows altogether and in a unit
	long panels, unit_panels;    // panels of columns altogether and in a unit
	long row_units, column_units;
	long blocks, block;          // blocks of the inner dimension and the length of one
} gemm_job;

// Attention of a batch: a unit is one head of one sample. Keys and values may lie anywhere: see k_rows.
typedef struct {
	long batch, queries, keys, width, heads;
	const float *q, *k, *v;
	long q_stride, k_stride, v_stride; // floats between rows
	const int32_t *k_rows, *v_rows; // [batch, rows_stride]: the row of k and v that holds a position; NULL: b·keys + j
	long rows_stride;
	const int32_t *q_start, *k_start; // [batch + 1]: a sample's first row of q and y, of k and v; NULL: b·queries, b·keys. See selection.go
	int causal;
	const int32_t *lengths, *causal_rows; // [batch] or NULL
	float *y;                   // [batch, queries, width], rows as those of q
	float *peak, *inverse;      // [batch, heads, queries]: largest score and 1/Σ exp of each query; NULL when not wanted
	const float *dy;
	float *dq, *dk, *dv; // rows of width as those of q, k and v; NULL when not wanted
	int add_dq, add_dk, add_dv;
	long unit_samples; // of attention_few: a unit is one head of this many samples
} attention_job;

typedef struct {
	long rows, width;
	const float *x, *w, *b, *dy;
	float *y, *mean, *scale; // scale: 1/sqrt(variance + eps) of each row
	float *dx, *partial;     // partial [blocks of rows, 2·width]: sums for dw and db
	const int32_t *blocks;   // as in columns_job
	float eps;
	int add;
} norm_job;

typedef struct {
	long rows, classes;
	const float *logits, *weights;
	const int32_t *labels;
	double smoothing;
	double *loss;          // [rows], each times its weight
	float *peak, *inverse; // [rows]
	float *dlogits;
	double factor; // gradient of the loss / Σ weights
	int add;
} entropy_job;

// The k largest of log softmax of each row, largest first, and their indices.
typedef struct {
	long rows, classes, k;
	const float *logits;
	float *logp, *index; // [rows, k]
} top_job;

typedef enum {
	ELEMENT_ADD,        // z = x + y
	ELEMENT_MUL,        // z = x y
	ELEMENT_SCALE,      // z = x factor
	ELEMENT_ABS,        // z = |x|
	ELEMENT_ABS_BACK,   // z = sign(x) y
	ELEMENT_GELU_TANH,  // z = gelu(x)
	ELEMENT_GELU_ERF,
	ELEMENT_GELU_TANH_BACK, // z = gelu'(x) y
	ELEMENT_GELU_ERF_BACK,
} element_op;

// z [n] of x [n] and y [n] or, repeated, [period].
typedef struct {
	element_op op;
	long n, period;
	const float *x, *y;
	float *z, factor;
	int add;
} element_job;

// z [n] = x factor where the hash of the element reaches threshold, else 0: see dropout.go of package engine.
typedef struct {
	long n;
	const float *x;
	float *z, factor;
	uint32_t base, threshold;
	int add;
} dropout_job;

// Column sums: out [width] (+)= Σ over rows of x [rows, width] (times y where it is not NULL).
typedef struct {
	long rows, width;
	const float *x, *y;
	float *out, *partial; // partial [blocks of rows, width]
	const int32_t *blocks; // [blocks + 1]: their first rows; NULL: they have ROWS rows each
	int add;
} columns_job;

typedef struct {
	long n;
	float *p, *m, *v;
	const float *g;
	float clip, beta1, rest1, beta2, rest2, eps; // rest: 1 - β, rounded once
	float shrink, step, root;                    // 1 - lr·decay, lr/(1-β1ᵗ), 1/(1-β2ᵗ)
} adamw_job;

typedef struct {
	long n;
	const float *x;
	double *partial; // one a block of BLOCK elements
} squares_job;

// Rows [count] of table [rows, width] to out, or their gradients back.
typedef struct {
	long count, rows, width;
	const float *table, *dy;
	const int32_t *ids;
	float *out, *dtable;
} gather_job;

typedef struct {
	long boxes, samples, height, width, channels;
	const float *features, *box, *dy;
	const int32_t *rows;
	float *out, *dfeatures;
} roi_job;

// The activations of an encoder.
typedef enum { ACTIVATION_GELU_ERF, ACTIVATION_GELU_TANH, ACTIVATION_RELU, ACTIVATION_SILU, ACTIVATION_TANH } activation;

// The weights of one layer of an encoder: matrices packed in panels, biases and norms as they are.
typedef struct {
	const float *qkv, *qkv_bias, *out, *out_bias, *norm1, *norm1_bias; // qkv: [width, 3 width]
	const float *fc1, *fc1_bias, *fc2, *fc2_bias, *norm2, *norm2_bias;
	const float *key_of_distance, *query_of_distance; // of each head: panels [rows of distances][width of a head], or NULL
} encode_layer;

// A forward pass over sentences whose rows lie one behind the other in x. A unit is a group of sentences.
typedef struct {
	long width, heads, inner, layers;
	activation activation;
	float eps, scale; // scale: of the scores of attention
	const encode_layer *layer;
	const int32_t *relative; // relative[relative_middle + i - j]: the row of distances for query i and key j; NULL: none
	long relative_middle, relative_panels;
	int uses_key, uses_query; // which of the two products with distances count
	long taps;                // width of the convolution after the first layer, 0: none
	activation conv_activation;
	const float *conv, *conv_bias, *conv_norm, *conv_norm_bias; // conv: [taps width, width] in panels
	float *x;             // [rows, width], in place
	const int64_t *start; // [sentences + 1]: first rows
	const int64_t *group; // [groups + 1]: first sentences
	long group_rows, longest;
	const int *stop; // becomes 1 when nobody wants the result any more
} encode_job;

enum {
	BLOCK = 4096, // elements of a unit of elementwise work
	ROWS = 32,    // rows of a block, whose sums for a weight's gradient are kept apart
	BINS = 3,     // of RoIAlign, each way
	READS = 2,    // in a bin, each way
	GROUP = 4,    // panels of a matrix that are packed together
	FEW_QUERIES = 4, // of a sample: too few for packing keys and values to pay
};

typedef struct {
	const char *name;
	long tile_rows, panel; // of the matrix product
	kernel gemm_pack, gemm, attention, attention_few, attention_back, norm, norm_back, entropy, entropy_back, top, element, dropout,
		columns, columns_total, adamw, squares, gather, scatter, roi, roi_back, pack_dense, panels_gemm, encode;
	float (*peak)(long steps, float x); // tile_rows · panel multiply-adds a step, nothing else
	size_t (*attention_scratch)(const attention_job *);
	size_t (*attention_few_scratch)(const attention_job *);
	size_t (*encode_scratch)(const encode_job *);
} kernels;

extern const kernels kernels_plain;
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define NATIVE_X86_KERNELS 1
extern const kernels kernels_avx2, kernels_avx512;
#endif

#endif
