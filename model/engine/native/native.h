// What the Go side calls. Every function works on all threads of the pool where that pays and returns when it is done.
// Shapes and meanings are those of kernels.h.
#ifndef NATIVE_H
#define NATIVE_H

#include "bf16.h"
#include "kernels.h"

// device is some threads and the kernels that they run; bf16 is NULL where products stay in float32.
typedef struct {
	pool *pool;
	const kernels *kernels;
	const bf16_kernels *bf16;
} device;

// The kinds of kernels, slowest first; a machine runs all kinds up to its best.
enum { KIND_PLAIN, KIND_AVX2, KIND_AVX512 };

// native_best is the fastest kind that this machine runs.
int native_best(void);
// native_open makes a device of that many threads, with a kind of bf16.h; NULL when the system refuses them.
device *native_open(int threads, int kind, int bf16);
void native_close(device *d);
int native_resize(device *d, int threads); // returns how many there are then
const char *native_kernels(const device *d);
// native_bf16 is the name of the kernels for products in bfloat16; NULL where there are none.
const char *native_bf16(const device *d);

// native_map returns zeroed memory of size bytes, huge pages where the system gives them; NULL when there is none.
float *native_map(size_t size);
void native_unmap(float *memory, size_t size);

// C = A B (+ bias); see gemm_job for the strides.
void native_gemm(device *d, long m, long n, long k, const float *a, long a_row, long a_col, const float *b, long b_row,
                 long b_col, const float *bias, float *c, long ldc, int add);

// The best of some measurements of what one thread could do if no memory were in the way, in GFLOP/s of its own CPU time.
double native_peak(const device *d);

void native_attention(device *d, const attention_job *job);
void native_attention_back(device *d, const attention_job *job);

// y may be x.
void native_norm(device *d, long rows, long width, const float *x, const float *w, const float *b, float eps, float *y,
                 float *mean, float *scale);
// dx may be NULL; dwb [2, width] is what dw and db get, written anew. For blocks, see columns_job; count is how many they are.
void native_norm_back(device *d, long rows, long width, const float *x, const float *w, const float *mean,
                      const float *scale, const float *dy, float *dx, int add, float *dwb, const int32_t *blocks, long count);

// The weighted sum of the losses of all rows, not yet divided by Σ weights. loss has room for a number a row.
double native_entropy(device *d, long rows, long classes, const float *logits, const int32_t *labels, const float *weights,
                      double smoothing, double *loss, float *peak, float *inverse);
void native_entropy_back(device *d, long rows, long classes, const float *logits, const int32_t *labels,
                         const float *weights, double smoothing, const float *peak, const float *inverse, double factor,
                         float *dlogits, int add);

void native_top(device *d, long rows, long classes, long k, const float *logits, float *logp, float *index);

void native_element(device *d, element_op op, long n, long period, const float *x, const float *y, float factor, float *z,
                    int add);
void native_dropout(device *d, long n, const float *x, float factor, uint32_t base, uint32_t threshold, float *z, int add);
// out [width] (+)= Σ over rows of x [rows, width], times y where it is not NULL.
void native_columns(device *d, long rows, long width, const float *x, const float *y, float *out, int add, const int32_t *blocks,
                    long count);

void native_adamw(device *d, const adamw_job *job);
// Σ x² in float64.
double native_squares(device *d, long n, const float *x);

void native_gather(device *d, long count, long width, const float *table, const int32_t *ids, float *out);
void native_scatter(device *d, long count, long width, float *dtable, const int32_t *ids, const float *dy);
void native_roi(device *d, long boxes, long samples, long height, long width, long channels, const float *features,
                const float *box, const int32_t *rows, float *out);
void native_roi_back(device *d, long boxes, long samples, long height, long width, long channels, float *dfeatures,
                     const float *box, const int32_t *rows, const float *dy);

// native_panels is how many floats pack_dense writes for a matrix [k, n].
long native_panels(const device *d, long n, long k);
// native_pack packs B [k, n] in panels of all its rows; see gemm_job for the strides.
void native_pack(device *d, long n, long k, const float *b, long b_row, long b_col, float *packed);
// native_panels_gemm is C [m, n] = A [m, k] B (+ bias) for rows of A and C one behind the other and a B that native_pack packed.
void native_panels_gemm(device *d, long m, long n, long k, const float *a, const float *packed, const float *bias, float *c);
// The same in bfloat16, on a device that has it; B is packed for the call where packed is NULL.
void native_bf16_gemm(device *d, long m, long n, long k, const float *a, long a_row, long a_col, const float *b, long b_row,
                      long b_col, const float *packed, const float *bias, float *c, long ldc, int add);
// native_bf16_panels is how many floats native_bf16_pack writes for a matrix [k, n].
long native_bf16_panels(long n, long k);
void native_bf16_pack(device *d, long n, long k, const float *b, long b_row, long b_col, float *packed);

// native_encode takes x through all layers, group by group.
void native_encode(device *d, const encode_job *t, float *x, long groups);

// native_copy copies rows of n floats between arrays whose rows lie apart; add: onto what is there.
void native_copy(device *d, long rows, long n, const float *from, long from_stride, float *to, long to_stride, int add);

#endif
