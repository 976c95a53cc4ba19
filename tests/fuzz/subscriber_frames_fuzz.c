/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames from a concentrator to the bench's subscriber of PPPoE. The input is a list: an octet of size, then what a frame
 * carries, from its ethertype on. Whatever comes, his frames have a frame's size, his timer is one of the future, and he has
 * an address only when he is up.
 */
#include <stdlib.h>
#include <string.h>

#include "subscriber.h"
#include "target.h"

#define SECOND UINT64_C(1000000000)
#define MACS 12u /* octets */

static const uint8_t macs[MACS] = {2, 0, 0, 0, 5, 7, 2, 0, 0, 0, 1, 1};

static void
promise(bool kept)
{
	if (!kept)
		abort();
}

static void
look_at_frame(void *ctx, struct subscriber *s, const uint8_t *frame, size_t size)
{
	(void)ctx;
	promise(size >= 60 && size <= SUBSCRIBER_MAX_FRAME);
	promise(memcmp(frame + 6, s->line.mac, 6) == 0);
}

static void
take(struct subscriber *s, const uint8_t *data, size_t size, uint64_t now_ns)
{
	uint8_t *frame =
		malloc(MACS + size); /* exact, so that a sanitizer sees a step beyond the end */
	size_t packet_size;

	promise(frame != NULL);
	memcpy(frame, macs, MACS);
	memcpy(frame + MACS, data, size);
	if (!subscriber_take(s, frame, MACS + size, now_ns)) {
		const uint8_t *packet = subscriber_unwrap(s, frame, MACS + size, &packet_size);

		promise(packet == NULL || packet + packet_size <= frame + MACS + size);
	}
	free(frame);
	subscriber_tick(s, now_ns);
	promise(subscriber_due(s) > now_ns);
	promise(s->state != SUBSCRIBER_UP || s->ipv4 != 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct subscriber_group group = {
		.service = "",
		.mru = 1492,
		.ipv6 = true,
		.dns = true,
		.restart_ns = SECOND,
		.max_tries = 3,
		.echo_ns = SECOND,
		.max_echoes = 3,
		.send = look_at_frame,
		.random = 88172645463325252u,
	};
	struct subscriber s = {.group = &group, .number = 7, .user = "ann", .password = "secret"};
	uint64_t now_ns = SECOND;

	memcpy(s.line.mac, macs, sizeof(s.line.mac));
	subscriber_start(&s, now_ns);
	while (size > 0) {
		size_t n = data[0] < size ? data[0] : size - 1;

		take(&s, data + 1, n, now_ns);
		data += 1 + n;
		size -= 1 + n;
		now_ns += SECOND / 4;
	}
	subscriber_stop(&s, now_ns);
	return 0;
}
