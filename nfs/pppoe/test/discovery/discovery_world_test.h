/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A client in the discovery stage, for tests: packets of it are built and taken apart octet by octet, and go to and from the
 * concentrator in frames with the tags of its line. What is not as it must be fails the test.
 */
#ifndef PPPOE_DISCOVERY_WORLD_TEST_H
#define PPPOE_DISCOVERY_WORLD_TEST_H

#include <stdbool.h>
#include <stdint.h>

#include "automaton.h"
#include "discovery.h"
#include "harness_test.h"

enum code { PADI = 0x09, PADO = 0x07, PADR = 0x19, PADS = 0x65, PADT = 0xa7 };

enum tag {
	SERVICE_NAME = 0x0101,
	AC_NAME = 0x0102,
	HOST_UNIQ = 0x0103,
	AC_COOKIE = 0x0104,
	VENDOR = 0x0105,
	RELAY_SESSION_ID = 0x0110,
	MAX_PAYLOAD = 0x0120,
	SERVICE_NAME_ERROR = 0x0201,
	AC_SYSTEM_ERROR = 0x0202,
	GENERIC_ERROR = 0x0203,
};

enum to { ALL, US }; /* destination of a frame */

struct line {
	uint8_t mac[6];
	uint16_t outer, inner; /* 0: no tag */
};
extern const struct line line_1, line_2; /* untagged, of two buckets */

/* From the PPPoE head on. */
struct packet {
	uint16_t size;
	uint8_t bytes[2000];
};

struct text {
	const uint8_t *data;
	uint16_t size;
};

/* ---- packets ------------------------------------------------------------------------------------------------ */

struct packet message(uint8_t code, uint16_t session_id);
void put(struct packet *p, uint16_t tag, const void *data, uint16_t size);
/* TR-101's tag. */
void put_line_ids(struct packet *p, const uint8_t *circuit, uint8_t circuit_size,
		  const uint8_t *remote, uint8_t remote_size);
/* A PADR for any service, with the cookie of a PADO. */
struct packet padr_for(const struct packet *pado);

uint16_t id_of(const struct packet *p);
/* How many tags of a type; all lengths must be right. */
uint32_t count(const struct packet *p, uint16_t tag);
/* The first; no data: there is none. */
struct text value(const struct packet *p, uint16_t tag);
uint16_t number(const struct packet *p, uint16_t tag); /* 0: there is none */
uint16_t cookie_at(const struct packet *p);            /* where its value begins */
void assert_value(const struct packet *p, uint16_t tag, uint32_t which, const char *right);
void assert_same(const struct packet *a, const struct packet *b);

/* ---- conversation --------------------------------------------------------------------------------------------- */

/* Which tags are served: 0 to 1, or 2. */
void serve_tags(struct pppoe_config *config, int n);

void say(struct harness *h, const struct line *line, const struct packet *p, enum to to);
/* Counted once, nothing left, and no table changed. */
void refused(struct harness *h, const struct line *line, const struct packet *p, enum to to,
	     unsigned int counter);
/* The discovery packet that left for a line; it must be the next frame of all. */
struct packet answer(struct harness *h, const struct line *line);
uint16_t id_of_answer(struct harness *h, const struct line *line);
/* Frees all frames that left. */
void leave(struct harness *h);

/* A PADI for any service; its PADO. */
struct packet offered(struct harness *h, const struct line *line);
/* And a PADR for it; its PADS. */
struct packet logged_in(struct harness *h, const struct line *line);
/* The client says something in its session, a moment later. */
void speak(struct harness *h, uint16_t session_id);
/* The concentrator has begun to end it, and it is over but for accounting. */
void end_soon(struct harness *h, uint16_t session_id);
void be_over(struct harness *h, uint16_t session_id);

/* ---- looking in ------------------------------------------------------------------------------------------------ */

const struct pppoe_session *session(const struct harness *h, uint16_t session_id);
bool has_begun(const struct harness *h, uint16_t session_id);
uint32_t n_sessions(const struct harness *h);
void assert_counted(const struct harness *h, unsigned int counter, uint64_t n);

#endif
