/* SPDX-License-Identifier: Apache-2.0 */
/*
 * In place of the compiler's own header: of all intrinsics those that the processor we build for has. DPDK's headers include all
 * of them, AVX-512 and AMX too, which took more than half of the time that most of our files were compiled. In front of the
 * compiler's folder on the include path (meson.build).
 */
#ifdef __AVX__
#include_next <immintrin.h>
#else
#include <nmmintrin.h> /* to SSE 4.2 */
#endif
