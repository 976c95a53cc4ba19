/* SPDX-License-Identifier: Apache-2.0 */
/*
 * command: how slimd hands a command to the workers, and how they copy it.
 *
 * Two blocks take turns (struct slim_shm_gate), each under its own sequence number. One writer:
 * slimd. A reader copies a command once and works on the copy alone. If slimd writes the block at
 * that moment, which takes two commands within one copy, the copy is thrown away and the next
 * poll tries again: no reader waits, no writer waits. Pure functions over shared words.
 */
#ifndef SLIM_PROTO_COMMAND_H
#define SLIM_PROTO_COMMAND_H

#include <string.h>

#include "slim_shm.h"

/* The number of the command after this one. 0 means that there was none, and is left out in such a way
 * that two neighbours never share a block. */
static inline uint32_t
slim_command_next(uint32_t epoch)
{
	return epoch + 1 != 0 ? epoch + 1 : 2;
}

/* slimd: publishes a command; what came before need not be acknowledged. Returns its epoch. */
static inline uint32_t
slim_command_write(struct slim_shm_gate *gate, const struct slim_shm_command *command)
{
	uint32_t epoch =
		slim_command_next(atomic_load_explicit(&gate->epoch, memory_order_relaxed));
	struct slim_shm_command_block *block = &gate->blocks[epoch % 2];
	uint64_t words[SLIM_COMMAND_WORDS];

	memcpy(words, command, sizeof(words));
	atomic_store_explicit(&block->epoch, 0, memory_order_relaxed);
	atomic_thread_fence(memory_order_release); /* P10 */
	for (size_t i = 0; i < SLIM_COMMAND_WORDS; i++)
		atomic_store_explicit(&block->words[i], words[i], memory_order_relaxed);
	atomic_store_explicit(&block->epoch, epoch, memory_order_release); /* P10 */
	atomic_store_explicit(&gate->epoch, epoch, memory_order_release);  /* P1 */
	return epoch;
}

/* Worker: copies the newest command. Returns its epoch; 0, *ret_command untouched, if there is none or
 * slimd wrote meanwhile: try again later. */
static inline uint32_t
slim_command_read(const struct slim_shm_gate *gate, struct slim_shm_command *ret_command)
{
	uint32_t epoch = atomic_load_explicit(&gate->epoch, memory_order_acquire); /* P1 */
	const struct slim_shm_command_block *block = &gate->blocks[epoch % 2];
	uint64_t words[SLIM_COMMAND_WORDS];

	if (epoch == 0 || atomic_load_explicit(&block->epoch, memory_order_acquire) != epoch)
		return 0; /* P10 */
	for (size_t i = 0; i < SLIM_COMMAND_WORDS; i++)
		words[i] = atomic_load_explicit(&block->words[i], memory_order_relaxed);
	atomic_thread_fence(memory_order_acquire); /* P10 */
	if (atomic_load_explicit(&block->epoch, memory_order_relaxed) != epoch)
		return 0;
	memcpy(ret_command, words, sizeof(words));
	return epoch;
}

#endif
