/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Words that two processes share, for C and for C++.
 *
 * C has _Atomic, which C++ compilers do not all know; C++ has std::atomic, which C does not. Both have the
 * same words in memory. So a C++ translation unit sees plain words here, and touches them by the
 * operations below only, which are the compilers' own in either language.
 */
#ifndef SLIM_PROTO_ATOMIC_H
#define SLIM_PROTO_ATOMIC_H

#include <stdint.h>

#ifdef __cplusplus

typedef uint8_t slim_atomic_u8;
typedef uint32_t slim_atomic_u32;
typedef uint64_t slim_atomic_u64;

#define SLIM_ALIGNAS(n) alignas(n)
#define SLIM_ASSERT(condition, text) static_assert(condition, text)

#define SLIM_LOAD_RELAXED(word) __atomic_load_n(word, __ATOMIC_RELAXED)
#define SLIM_STORE_RELAXED(word, value) __atomic_store_n(word, value, __ATOMIC_RELAXED)
#define SLIM_STORE_RELEASE(word, value) __atomic_store_n(word, value, __ATOMIC_RELEASE)
#define SLIM_FENCE_RELEASE() __atomic_thread_fence(__ATOMIC_RELEASE)

#else

#include <stdatomic.h>

typedef _Atomic uint8_t slim_atomic_u8;
typedef _Atomic uint32_t slim_atomic_u32;
typedef _Atomic uint64_t slim_atomic_u64;

#define SLIM_ALIGNAS(n) _Alignas(n)
#define SLIM_ASSERT(condition, text) _Static_assert(condition, text)

#define SLIM_LOAD_RELAXED(word) atomic_load_explicit(word, memory_order_relaxed)
#define SLIM_STORE_RELAXED(word, value) atomic_store_explicit(word, value, memory_order_relaxed)
#define SLIM_STORE_RELEASE(word, value) atomic_store_explicit(word, value, memory_order_release)
#define SLIM_FENCE_RELEASE() atomic_thread_fence(memory_order_release)

#endif
#endif
