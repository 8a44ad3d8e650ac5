#define _GNU_SOURCE
#include "bf16.h"

#ifdef NATIVE_BF16
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>

extern const bf16_kernels bf16_avx512, bf16_amx;

// The bits of CPUID's leaf 7 that name the instructions.
enum { AMX_BF16 = 1 << 22, AMX_TILE = 1 << 24, AVX512_BF16 = 1 << 5 };

int native_bf16_best(void) {
	unsigned a, b, c, d, more;
	__builtin_cpu_init();
	if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512bw") || !__builtin_cpu_supports("avx512dq") ||
	    !__builtin_cpu_supports("avx512vl") || !__get_cpuid_count(7, 0, &a, &b, &c, &d))
		return BF16_NONE;
	int tiles = (d & AMX_BF16) && (d & AMX_TILE);
	if (!__get_cpuid_count(7, 1, &more, &b, &c, &d) || !(more & AVX512_BF16)) return BF16_NONE;
#ifdef __linux__
	enum { ARCH_REQ_XCOMP_PERM = 0x1023, XFEATURE_XTILEDATA = 18 };
	if (tiles && syscall(SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA) == 0) return BF16_AMX;
#endif
	(void)tiles;
	return BF16_AVX512;
}

const bf16_kernels *native_bf16_kernels(int kind) {
	if (kind == BF16_AMX) return &bf16_amx;
	if (kind == BF16_AVX512) return &bf16_avx512;
	return NULL;
}
#else
int native_bf16_best(void) { return BF16_NONE; }
const bf16_kernels *native_bf16_kernels(int kind) { return NULL; }
#endif
