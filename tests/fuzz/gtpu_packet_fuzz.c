/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzes the packet path of slim-gateway. The input is a series of frames: a control octet, two octets of
 * size, the frame. The control octet may ask to put MAC address and checksums right, so that noise gets past
 * the first checks.
 *
 * What is checked besides memory: no packet is lost (all mbufs come back), and indexes agree with the
 * slots.
 */
#include "target.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "harness_test.h"

#define FRAMES_MAX 16u
#define CHECK_EVERY 64u /* inputs between two walks over the tables */

enum control {
	FROM_CORE = 1u << 0,
	RIGHT_MAC = 1u << 1,
	RIGHT_OUTER = 1u << 2, /* checksum of the first IPv4 header, wherever the inner one is */
	RIGHT_INNER = 1u << 3, /* checksum of the IPv4 header that stands 36 octets further on */
	TO_WORKER_1 = 1u << 4,
	TIME_PASSES = 1u << 5,
};

static struct harness h;
static unsigned int n_inputs;

static void
open_once(void)
{
	static const char *const orders[] = {
		"session add 0x10007 ipv4 100.64.3.7 cell 192.0.2.11 cell-teid 1",
		"session modify 0x10007 ipv6 2001:db8:0:7::/64",
		"session add 0x20008 ipv4 100.64.3.8 cell 192.0.2.12 cell-teid 2 qfi 5",
		"session add 0x30009 ipv4 100.64.3.9 cell 192.0.2.12 cell-teid 3 uplink-rate 9999",
		"session add 0x4000a ipv4 100.64.3.10",
	};
	struct gateway_config config;

	if (h.gateway != NULL)
		return;
	assert_true(harness_start_eal());
	harness_defaults(&config);
	config.n_workers = 2;
	config.path_switch_by_data = true;
	harness_open(&h, &config, true);
	for (size_t i = 0; i < RTE_DIM(orders); i++)
		assert_int_equal(harness_ask(&h, orders[i]), NF_OK);
}

static void
correct_ipv4(uint8_t *frame, uint16_t size, uint16_t at)
{
	uint8_t *ip = frame + at;

	if (size < at + 20 || (ip[0] & 15) < 5 || at + (ip[0] & 15) * 4 > size)
		return;
	put16(ip + 10, 0);
	put16(ip + 10, (uint16_t)~ipv4_sum(ip));
}

static void
run_frame(uint8_t control, const uint8_t *bytes, uint16_t size)
{
	static const uint8_t access_mac[] = {2, 0, 0, 0, 1, 1}, core_mac[] = {2, 0, 0, 0, 2, 1};
	uint8_t side = control & FROM_CORE ? GATEWAY_CORE : GATEWAY_ACCESS;
	struct frame frame = {.size = size}, out;

	memcpy(frame.bytes, bytes, size);
	if ((control & RIGHT_MAC) && size >= 6)
		memcpy(frame.bytes, side == GATEWAY_ACCESS ? access_mac : core_mac, 6);
	if (control & RIGHT_INNER)
		correct_ipv4(frame.bytes, size, 14 + 36);
	if (control & RIGHT_OUTER)
		correct_ipv4(frame.bytes, size, 14);
	harness_send(&h, side, &frame, control & TO_WORKER_1 ? 1 : 0);
	if (control & TIME_PASSES)
		harness_wait(&h, HARNESS_SECOND / 2);
	for (uint8_t s = 0; s < GATEWAY_N_SIDES; s++)
		while (harness_take(&h, s, &out))
			;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t at = 0;

	open_once();
	for (unsigned int n = 0; n < FRAMES_MAX && at + 3 <= size; n++) {
		uint16_t frame = get16(data + at + 1);

		frame = (uint16_t)RTE_MIN(RTE_MIN((size_t)frame, size - at - 3), FRAME_MAX - 64u);
		run_frame(data[at], data + at + 3, frame);
		at += 3u + frame;
	}
	assert_int_equal(harness_in_use(&h), harness_waiting(&h));
	if (++n_inputs % CHECK_EVERY == 0)
		harness_check(&h);
	return 0;
}
