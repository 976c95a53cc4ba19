/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state file: what is wanted of the switches, kept over a restart. Written whole into a new
 * file, made durable, and then put in the old one's place, so that a crash leaves one or the other.
 */
#ifndef OFCTL_IO_STORE_H
#define OFCTL_IO_STORE_H

#include <stddef.h>

/* 0 or a negative errno: then the old file is there or the new one, and nobody knows which one a crash would leave. */
int store_write(const char *folder, const char *text, size_t size);

/* Reads up to size - 1 bytes and ends them with NUL. -ENOENT: there is none; -EFBIG. */
int store_read(const char *folder, char *text, size_t size);

#endif
