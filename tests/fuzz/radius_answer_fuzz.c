/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzes what a RADIUS server answers to a log-in: the input is a packet, right or not, and what the concentrator takes from
 * it. (Whether it is the server's is judged by radius_disconnect_fuzz.c.)
 *
 * What is checked besides memory: nobody is let in but by an Access-Accept; texts are ended by a NUL and what is counted fits;
 * what concerns the question is left as it was.
 */
#include "target.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "radius_packet.h"
#include "radius_request.h"

static void
check(const struct radius_packet *p)
{
	const struct pppoe_ask ask = {
		.slot = 7, .session_id = 8, .identifier = 9, .accounting_id = 10};
	struct pppoe_answer before, answer;
	bool is_answer;

	pppoe_answer_begin(&ask, &before);
	answer = before;
	is_answer = pppoe_radius_answer(p, &answer);
	assert_true(is_answer || memcmp(&answer, &before, sizeof(answer)) == 0);
	assert_true(!is_answer || answer.verdict == PPPOE_BAD ||
		    (answer.verdict == PPPOE_GOOD && radius_code(p) == RADIUS_ACCESS_ACCEPT));
	assert_true(answer.slot == 7 && answer.session_id == 8 && answer.identifier == 9 &&
		    answer.accounting_id == 10);
	assert_true(answer.class_[0] < sizeof(answer.class_));
	assert_non_null(memchr(answer.message, '\0', sizeof(answer.message)));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct radius_packet p;
	uint8_t *bytes = malloc(size + (size == 0)); /* exactly as many as there are */

	assert_non_null(bytes);
	memcpy(bytes, data, size);
	if (radius_parse(bytes, size, &p))
		check(&p);
	free(bytes);
	return 0;
}
