/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A gateway that speaks lines, for tests in other languages. Reads from standard input:
 *
 *   access HEX | core HEX    a frame that comes in on that side
 *   ask COMMAND              as over the control socket
 *   wait MILLISECONDS        lets time pass
 *
 * and answers each with what left (`access HEX`, `core HEX`), or the command's status, and a line `done`.
 * ARP requests of the gateway are answered inside.
 */
#include "harness_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_SIZE 8192

static struct harness h;
static const char *const sides[] = {[GATEWAY_ACCESS] = "access", [GATEWAY_CORE] = "core"};

static bool
take_hex(const char *text, struct frame *ret_frame)
{
	size_t size = strlen(text) / 2;

	if (size > FRAME_MAX)
		return false;
	ret_frame->size = (uint16_t)size;
	for (size_t i = 0; i < size; i++)
		if (sscanf(text + 2 * i, "%2hhx", &ret_frame->bytes[i]) != 1)
			return false;
	return true;
}

static void
write_all(void)
{
	struct frame out;

	for (uint8_t s = 0; s < GATEWAY_N_SIDES; s++)
		while (harness_take(&h, s, &out)) {
			printf("%s ", sides[s]);
			for (uint16_t i = 0; i < out.size; i++)
				printf("%02x", out.bytes[i]);
			printf("\n");
		}
}

static bool
play(const char *verb, const char *rest)
{
	struct frame in;

	if (strcmp(verb, "ask") == 0) {
		printf("%s\n", nf_status_words[harness_ask(&h, rest)]);
		return true;
	}
	if (strcmp(verb, "wait") == 0) {
		harness_wait(&h, strtoull(rest, NULL, 10) * (HARNESS_SECOND / 1000));
		return true;
	}
	for (uint8_t s = 0; s < GATEWAY_N_SIDES; s++)
		if (strcmp(verb, sides[s]) == 0 && take_hex(rest, &in)) {
			harness_send(&h, s, &in, 0);
			return true;
		}
	return false;
}

int
main(void)
{
	static char line[LINE_SIZE];
	struct gateway_config config;

	if (!harness_start_eal())
		return 1;
	harness_defaults(&config);
	harness_open(&h, &config, true);
	while (fgets(line, sizeof(line), stdin) != NULL) {
		char *rest = strchr(line, ' ');

		line[strcspn(line, "\n")] = '\0';
		if (rest == NULL)
			return 1;
		*rest++ = '\0';
		if (!play(line, rest))
			return 1;
		write_all();
		printf("done\n");
		fflush(stdout);
	}
	harness_close(&h);
	return 0;
}
