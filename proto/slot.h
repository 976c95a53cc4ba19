/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Consistent copy of a slot that its owner may be writing (P7 of slim_shm.h).
 *
 * The copy is made of relaxed atomic words, so that it is defined also while it loses the race;
 * the sequence then tells. The owner writes plainly, so the thread sanitizer must not look.
 */
#ifndef SLIM_PROTO_SLOT_H
#define SLIM_PROTO_SLOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "slim_shm.h"

#ifdef __has_feature
#if __has_feature(thread_sanitizer)
#define SLOT_RACE __attribute__((disable_sanitizer_instrumentation, noinline))
#endif
#endif
#ifndef SLOT_RACE
#define SLOT_RACE
#endif

struct slot_state {
	uint32_t seq; /* even */
	uint8_t bucket;
	bool used;
};

/* The head alone, for a worker that looks at a slot of which it does not know whose it is. False: its owner
 * is writing, so it is another's. P7. */
static inline bool
slot_read_head(const struct slim_slot_head *head, struct slot_state *ret)
{
	uint32_t seq = atomic_load_explicit(&head->seq, memory_order_acquire);

	ret->seq = seq;
	ret->bucket = __atomic_load_n(&head->bucket, __ATOMIC_RELAXED);
	ret->used = __atomic_load_n(&head->used, __ATOMIC_RELAXED) != 0;
	atomic_thread_fence(memory_order_acquire);
	return (seq & 1u) == 0 && atomic_load_explicit(&head->seq, memory_order_relaxed) == seq;
}

/* Head and payload (P7). `slot` is 8-byte aligned, `payload_size` a multiple of 8. False: the owner was writing. */
SLOT_RACE static inline bool
slot_read(const uint8_t *slot, uint32_t payload_size, uint8_t *payload, struct slot_state *ret)
{
	const struct slim_slot_head *head = (const void *)slot;
	const uint64_t *from = (const void *)(slot + sizeof(*head));
	uint32_t seq = atomic_load_explicit(&head->seq, memory_order_acquire);
	uint8_t used;

	if (seq & 1u)
		return false;
	ret->bucket = __atomic_load_n(&head->bucket, __ATOMIC_RELAXED);
	used = __atomic_load_n(&head->used, __ATOMIC_RELAXED);
	for (uint32_t i = 0; i < payload_size / 8; i++) {
		uint64_t word = __atomic_load_n(&from[i], __ATOMIC_RELAXED);

		memcpy(payload + (size_t)i * 8, &word, 8);
	}
	atomic_thread_fence(memory_order_acquire);
	ret->seq = seq;
	ret->used = used != 0;
	return atomic_load_explicit(&head->seq, memory_order_relaxed) == seq;
}

#endif
