/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a rule looks at and what it does, as bytes. For the codec only. Something that is not
 * known leaves the structure incomplete and sets *opaque.
 */
#ifndef OFCTL_CORE_OF_MATCH_H
#define OFCTL_CORE_OF_MATCH_H

#include "of_bytes.h"

void of_put_match(struct of_writer *w, const struct of_match *match);
void of_get_match(struct of_reader *r, struct of_match *match, bool *opaque);
void of_put_actions(struct of_writer *w, const struct of_actions *actions);
void of_get_actions(struct of_reader *r, struct of_actions *actions, bool *opaque);
/* One instruction, "apply actions"; none when there is no action. */
void of_put_instructions(struct of_writer *w, const struct of_actions *actions);
/* To the end of the reader. */
void of_get_instructions(struct of_reader *r, struct of_actions *actions, bool *opaque);

#endif
