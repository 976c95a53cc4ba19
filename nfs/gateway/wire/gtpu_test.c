/* SPDX-License-Identifier: Apache-2.0 */
/* GTP-U headers, octet by octet. Each case names what is wrong with it. */
#include "gtpu.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

struct sample {
	const char *name;
	enum gtpu_error error;
	uint16_t size;
	uint8_t bytes[48];
};

static const struct sample samples[] = {
	{"nothing", GTPU_TRUNCATED, 0, {0}},
	{"seven octets", GTPU_TRUNCATED, 7, {0x30, 255, 0, 0, 0, 0, 0}},
	{"no payload", GTPU_OK, 8, {0x30, 255, 0, 0, 0, 0, 0, 1}},
	{"one octet behind its length", GTPU_OK, 9, {0x30, 255, 0, 0, 0, 0, 0, 1, 9}},
	{"length beyond the end", GTPU_TRUNCATED, 8, {0x30, 255, 0, 1, 0, 0, 0, 1}},
	{"version 0", GTPU_VERSION, 8, {0x10, 255, 0, 0, 0, 0, 0, 1}},
	{"version 2", GTPU_VERSION, 8, {0x50, 255, 0, 0, 0, 0, 0, 1}},
	{"GTP'", GTPU_VERSION, 8, {0x20, 255, 0, 0, 0, 0, 0, 1}},
	{"S without options", GTPU_TRUNCATED, 8, {0x32, 255, 0, 0, 0, 0, 0, 1}},
	{"options cut", GTPU_TRUNCATED, 11, {0x31, 255, 0, 3, 0, 0, 0, 1, 0, 0, 0}},
	{"S", GTPU_OK, 12, {0x32, 255, 0, 4, 0, 0, 0, 1, 0xab, 0xcd, 0, 0}},
	{"PN", GTPU_OK, 12, {0x31, 255, 0, 4, 0, 0, 0, 1, 0xab, 0xcd, 7, 0}},
	{"type without E", GTPU_OK, 12, {0x32, 255, 0, 4, 0, 0, 0, 1, 0, 0, 0, 0x85}},
	{"E without a type", GTPU_OK, 12, {0x34, 255, 0, 4, 0, 0, 0, 1, 0, 0, 0, 0}},
	{"E, nothing there", GTPU_CHAIN, 12, {0x34, 255, 0, 4, 0, 0, 0, 1, 0, 0, 0, 0x85}},
	{"container of an uplink",
	 GTPU_OK,
	 16,
	 {0x34, 255, 0, 8, 0, 0, 0, 1, 0, 0, 0, 0x85, 1, 0x10, 5, 0}},
	{"container with options", GTPU_OK, 20, {0x34, 255,  0, 12,   0, 0, 0, 1, 0, 0,
						 0,    0x85, 2, 0x18, 5, 1, 2, 3, 4, 0}},
	{"container of length 0",
	 GTPU_CHAIN,
	 16,
	 {0x34, 255, 0, 8, 0, 0, 0, 1, 0, 0, 0, 0x85, 0, 0x10, 5, 0}},
	{"container beyond the end",
	 GTPU_CHAIN,
	 16,
	 {0x34, 255, 0, 8, 0, 0, 0, 1, 0, 0, 0, 0x85, 2, 0x10, 5, 0}},
	{"container of type 2",
	 GTPU_CONTAINER,
	 16,
	 {0x34, 255, 0, 8, 0, 0, 0, 1, 0, 0, 0, 0x85, 1, 0x20, 5, 0}},
	{"two containers", GTPU_CONTAINER, 20, {0x34, 255,  0, 12,   0, 0,    0, 1,    0, 0,
						0,    0x85, 1, 0x10, 5, 0x85, 1, 0x10, 6, 0}},
	{"service class indicator, need not be understood",
	 GTPU_OK,
	 16,
	 {0x34, 255, 0, 8, 0, 0, 0, 1, 0, 0, 0, 0x20, 1, 2, 3, 0}},
	{"UDP port in front of a container", GTPU_OK, 20, {0x34, 255,  0, 12,   0,    0, 0,
							   1,    0,    0, 0,    0x40, 1, 8,
							   104,  0x85, 1, 0x10, 5,    0}},
	{"PDCP number, must be understood",
	 GTPU_UNKNOWN_EXTENSION,
	 16,
	 {0x36, 255, 0, 8, 0, 0, 0, 1, 0x12, 0x34, 0, 0xc0, 1, 2, 3, 0}},
	{"chain cut behind the first one",
	 GTPU_CHAIN,
	 16,
	 {0x34, 255, 0, 8, 0, 0, 0, 1, 0, 0, 0, 0x40, 1, 8, 104, 0x40}},
	{"eight of them", GTPU_OK, 44, {0x34, 255,  0,    36, 0,    0,    0,    1, 0,    0,    0,
					0x40, 1,    0,    0,  0x40, 1,    0,    0, 0x40, 1,    0,
					0,    0x40, 1,    0,  0,    0x40, 1,    0, 0,    0x40, 1,
					0,    0,    0x40, 1,  0,    0,    0x40, 1, 0,    0,    0}},
	{"nine of them", GTPU_CHAIN, 48, {0x34, 255, 0, 40,   0, 0, 0, 1,    0, 0, 0, 0x40,
					  1,    0,   0, 0x40, 1, 0, 0, 0x40, 1, 0, 0, 0x40,
					  1,    0,   0, 0x40, 1, 0, 0, 0x40, 1, 0, 0, 0x40,
					  1,    0,   0, 0x40, 1, 0, 0, 0x40, 1, 0, 0, 0}},
};

#define N_SAMPLES (sizeof(samples) / sizeof(samples[0]))

static const struct sample *
sample(const char *name)
{
	for (size_t i = 0; i < N_SAMPLES; i++)
		if (strcmp(samples[i].name, name) == 0)
			return &samples[i];
	fail_msg("no sample '%s'", name);
	return NULL;
}

static struct gtpu
parsed(const char *name)
{
	struct gtpu gtpu;

	assert_int_equal(gtpu_parse(sample(name)->bytes, sample(name)->size, &gtpu),
			 sample(name)->error);
	return gtpu;
}

/* Killed by: any check that is left out or off by one. */
static void
every_header_is_judged(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_SAMPLES; i++) {
		struct gtpu gtpu;
		enum gtpu_error error = gtpu_parse(samples[i].bytes, samples[i].size, &gtpu);

		if (error != samples[i].error)
			fail_msg("%s: %d", samples[i].name, (int)error);
		if (error == GTPU_OK)
			assert_true(gtpu.header_size + gtpu.payload_size <= samples[i].size);
	}
}

static void
fields_are_read(void **state)
{
	struct gtpu gtpu = parsed("S");

	(void)state;
	assert_true(gtpu.has_sequence);
	assert_int_equal(gtpu.sequence, 0xabcd);
	assert_int_equal(gtpu.type, GTPU_G_PDU);
	assert_int_equal(gtpu.teid, 1);
	assert_int_equal(gtpu.header_size, 12);
	assert_int_equal(gtpu.payload_size, 0);
	assert_false(parsed("PN").has_sequence);
	assert_false(parsed("type without E").has_container);
	gtpu = parsed("container of an uplink");
	assert_true(gtpu.has_container);
	assert_int_equal(gtpu.direction, GTPU_UPLINK);
	assert_int_equal(gtpu.qfi, 5);
	assert_int_equal(gtpu.header_size, 16);
	assert_int_equal(parsed("container with options").header_size, 20);
	assert_int_equal(parsed("UDP port in front of a container").qfi, 5);
	assert_int_equal(parsed("one octet behind its length").payload_size, 0);
	assert_int_equal(parsed("PDCP number, must be understood").sequence, 0x1234);
}

/* Killed by: reading what stands behind the message. */
static void
no_octet_behind_the_end_is_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_SAMPLES; i++)
		for (uint16_t size = 0; size <= samples[i].size; size++) {
			uint8_t *copy = test_malloc(size + (size == 0));
			struct gtpu gtpu;

			memcpy(copy, samples[i].bytes, size);
			gtpu_parse(copy, size, &gtpu);
			test_free(copy);
		}
}

/* What is written is read again. */
static void
g_pdus_come_back(void **state)
{
	uint8_t bytes[GTPU_MAX_MESSAGE];
	struct gtpu gtpu;

	(void)state;
	memset(bytes, 0xff, sizeof(bytes));
	gtpu_put_g_pdu(bytes, 0x01020304, 20, false, 7);
	assert_int_equal(gtpu_parse(bytes, 28, &gtpu), GTPU_OK);
	assert_int_equal(gtpu.teid, 0x01020304);
	assert_int_equal(gtpu.header_size, gtpu_header_size(false));
	assert_int_equal(gtpu.payload_size, 20);
	assert_false(gtpu.has_container);
	memset(bytes, 0xff, sizeof(bytes));
	gtpu_put_g_pdu(bytes, 5, 20, true, 63);
	assert_int_equal(gtpu_parse(bytes, 36, &gtpu), GTPU_OK);
	assert_int_equal(gtpu.header_size, gtpu_header_size(true));
	assert_int_equal(gtpu.payload_size, 20);
	assert_int_equal(gtpu.direction, GTPU_DOWNLINK);
	assert_int_equal(gtpu.qfi, 63);
	assert_false(gtpu.has_sequence);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_header_is_judged),
		cmocka_unit_test(fields_are_read),
		cmocka_unit_test(no_octet_behind_the_end_is_read),
		cmocka_unit_test(g_pdus_come_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
