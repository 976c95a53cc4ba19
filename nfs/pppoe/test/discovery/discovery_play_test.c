/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A concentrator in the discovery stage that speaks lines, for tests in other languages. Serves frames with no tag or one,
 * or with two if its argument is 2; its longest payload is 1500. Reads from standard input:
 *
 *   access HEX      a frame of a client
 *   session ID      who has this session
 *   wait SECONDS    lets time pass, second by second
 *
 * and answers each with what left (`access HEX`), or `session MAC OUTER INNER MAX-PAYLOAD "CIRCUIT-ID" "REMOTE-ID"`, if there
 * is one, and a line `done`.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "discovery_world_test.h"

#define LINE_SIZE 8192
#define FRAME_MAX 2000u

static struct harness h;

static bool
receive(const char *text)
{
	uint8_t frame[FRAME_MAX];
	size_t size = strlen(text) / 2;

	if (size > sizeof(frame))
		return false;
	for (size_t i = 0; i < size; i++)
		if (sscanf(text + 2 * i, "%2hhx", &frame[i]) != 1)
			return false;
	harness_receive(&h, PPPOE_ACCESS, harness_raw(&h, frame, (uint16_t)size), 0);
	harness_deliver(&h);
	return true;
}

static void
write_all(void)
{
	struct rte_mbuf *m;

	while ((m = harness_take_mbuf(&h, PPPOE_ACCESS)) != NULL) {
		const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *);

		printf("access ");
		for (uint32_t i = 0; i < rte_pktmbuf_pkt_len(m); i++)
			printf("%02x", frame[i]);
		printf("\n");
		rte_pktmbuf_free(m);
	}
}

static bool
look(const char *id)
{
	uint32_t slot = pppoe_session_by_id(&h.pppoe->sessions, (uint16_t)atoi(id));
	const struct pppoe_session *s;

	if (slot == NF_NO_SLOT)
		return true;
	s = pppoe_session_at(&h.pppoe->sessions, slot);
	printf("session " RTE_ETHER_ADDR_PRT_FMT " %u %u %u \"%s\" \"%s\"\n",
	       RTE_ETHER_ADDR_BYTES(&s->mac), s->outer, s->inner,
	       rte_be_to_cpu_16(s->terms.max_payload), s->circuit_id, s->remote_id);
	return true;
}

static bool
let_pass(const char *seconds)
{
	for (int i = atoi(seconds); i > 0; i--)
		harness_wait(&h, HARNESS_SECOND);
	return true;
}

static bool
play(const char *verb, const char *rest)
{
	if (strcmp(verb, "access") == 0)
		return receive(rest);
	if (strcmp(verb, "wait") == 0)
		return let_pass(rest);
	return strcmp(verb, "session") == 0 && look(rest);
}

int
main(int argc, char **argv)
{
	static char line[LINE_SIZE];
	struct pppoe_config config;

	if (!harness_start_eal())
		return 1;
	harness_defaults(&config);
	serve_tags(&config, argc > 1 ? atoi(argv[1]) : 1);
	config.n_services = 2;
	snprintf(config.services[0], PPPOE_NAME_SIZE, "internet");
	snprintf(config.services[1], PPPOE_NAME_SIZE, "voice");
	config.lcp.mtu = 1500;
	harness_open(&h, &config, true);
	harness_wait(&h, 0); /* the first secret is made in a round */
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
