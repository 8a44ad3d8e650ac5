// All kernels for one kind of vector unit: included by a file that has set W, TILE_ROWS, KERNELS and the target.
#include <stdbool.h>
#include "vec.h"
#include "gemm.h"
#include "attention.h"
#include "decode.h"
#include "rows.h"
#include "elements.h"
#include "gather.h"
#include "encoder.h"
#include "panels.h"

const kernels KERNELS = {
	.name = KERNELS_NAME,
	.tile_rows = TILE_ROWS,
	.panel = PANEL,
	.gemm_pack = gemm_pack,
	.gemm = gemm,
	.peak = peak,
	.attention = attention,
	.attention_few = attention_few,
	.attention_few_scratch = attention_few_scratch,
	.attention_back = attention_back,
	.attention_scratch = attention_scratch,
	.norm = norm,
	.norm_back = norm_back,
	.entropy = entropy,
	.entropy_back = entropy_back,
	.top = top,
	.element = element,
	.dropout = dropout,
	.columns = columns,
	.columns_total = columns_total,
	.adamw = adamw,
	.squares = squares,
	.gather = gather,
	.scatter = scatter,
	.roi = roi,
	.roi_back = roi_back,
	.pack_dense = pack_dense,
	.panels_gemm = panels_gemm,
	.encode = encode,
	.encode_scratch = encode_scratch_size,
};
