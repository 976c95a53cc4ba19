/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_MUTATIONS_SYMBOL_H
#define TESTS_MUTATIONS_SYMBOL_H

/* The name of a function of this program, static ones too, from the program's own symbol table.
 * "?" for what is not there. */
const char *symbol_name(const void *function);

#endif
