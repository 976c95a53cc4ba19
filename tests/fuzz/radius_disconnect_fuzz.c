/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzes what a RADIUS server, or whoever says that he is one, sends: the input is a packet. Its first octet says whether it
 * gets the right digest before, so that noise comes as far as the attributes.
 *
 * What is checked besides memory: who walks over the attributes comes to the packet's end; what is read is ended by a NUL and
 * names somebody; the answer is parsed, and right.
 */
#include "target.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "radius_disconnect.h"

#define SECRET "secret"

static void
check_answer(const struct radius_packet *request, uint16_t cause)
{
	uint8_t bytes[RADIUS_MAX];
	uint16_t size = radius_disconnect_answer(request, cause, SECRET, bytes, sizeof(bytes));
	struct radius_packet p;

	if (size == 0) /* Proxy-States and our own attributes do not fit together */
		return;
	assert_true(radius_parse(bytes, size, &p));
	assert_int_equal(radius_judge_answer(&p, radius_authenticator(request), SECRET),
			 RADIUS_GOOD);
}

static void
check_request(const struct radius_packet *p)
{
	struct radius_disconnect d;
	struct radius_attribute a;
	uint16_t at = 0, end = RADIUS_HEAD, cause;

	while (radius_next(p, &at, &a))
		end = (uint16_t)(a.data - p->bytes + a.size);
	assert_int_equal(end, p->size);
	cause = radius_disconnect_read(p, &d);
	if (cause == 0) {
		assert_true(d.named != 0);
		assert_true(memchr(d.user, '\0', sizeof(d.user)) != NULL);
		assert_true(memchr(d.nas_identifier, '\0', sizeof(d.nas_identifier)) != NULL);
	}
	check_answer(p, cause);
}

/* `bytes` has exactly `size` octets. */
static void
run(uint8_t *bytes, size_t size, bool right)
{
	static const uint8_t request[RADIUS_AUTHENTICATOR] = {1};
	struct radius_attribute signature;
	struct radius_packet p;

	if (!radius_parse(bytes, size, &p))
		return;
	if (right) {
		struct radius_writer w = {.bytes = bytes, .room = p.size, .size = p.size};

		memset(bytes + 4, 0, RADIUS_AUTHENTICATOR);
		assert_int_equal(radius_end_digest(&w, SECRET), p.size);
	}
	if (right && !radius_find(&p, RADIUS_MESSAGE_AUTHENTICATOR, &signature))
		assert_int_equal(radius_judge_request(&p, SECRET), RADIUS_UNSIGNED);
	radius_judge_answer(&p, request, SECRET);
	check_request(&p);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *bytes;

	if (size == 0)
		return 0;
	bytes = malloc(size);
	assert_non_null(bytes);
	memcpy(bytes, data, size);
	bytes[0] = RADIUS_DISCONNECT_REQUEST;
	run(bytes, size, data[0] & 1);
	free(bytes);
	return 0;
}
