/* SPDX-License-Identifier: Apache-2.0 */
/* What each fuzz target defines: returns 0, aborts when a promise is broken. */
#ifndef SLIM_TESTS_FUZZ_TARGET_H
#define SLIM_TESTS_FUZZ_TARGET_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
