/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The discovery stage, by frames: every message, every refusal, and what is answered to nobody. Packets are built and taken
 * apart octet by octet, by code that shares nothing with the concentrator's. What comes behind the PADS is another test's.
 */
#include "harness_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "discovery_world_test.h"

static struct harness h;

/* ---- the concentrator --------------------------------------------------------------------------------------- */

static struct pppoe_config config;

static int
set_up(void **state)
{
	(void)state;
	harness_defaults(&config);
	snprintf(config.ac_name, sizeof(config.ac_name), "ac-1");
	config.n_services = 2;
	snprintf(config.services[0], PPPOE_NAME_SIZE, "internet");
	snprintf(config.services[1], PPPOE_NAME_SIZE, "voice");
	config.limits = (struct pppoe_limits){
		.sessions_per_mac = 2,
		.padi_per_s = 10,
		.padi_per_s_all = 1000,
		.logins_per_minute = 60,
		.cookie_s = 30,
	};
	return 0;
}

static void
start(void)
{
	harness_open(&h, &config, true);
	harness_wait(&h, 0); /* the first secret is made in a round */
}

static void
stop(void)
{
	harness_nothing_left(&h);
	harness_close(&h);
}

/* ---- PADI ----------------------------------------------------------------------------------------------------- */

/* RFC 2516 section 5.2. Killed by: any tag in another place, with another value, or more or less of them. */
static void
a_padi_is_answered(void **state)
{
	struct packet p = message(PADI, 0), pado;
	struct packet right = message(PADO, 0);
	struct text cookie;

	(void)state;
	start();
	put(&p, SERVICE_NAME, "", 0);
	put(&p, HOST_UNIQ, "\0uniq", 5);
	say(&h, &line_1, &p, ALL);
	pado = answer(&h, &line_1);
	cookie = value(&pado, AC_COOKIE);
	assert_int_equal(cookie.size, 20);
	put(&right, AC_NAME, "ac-1", 4);
	put(&right, SERVICE_NAME, "", 0);
	put(&right, AC_COOKIE, cookie.data, cookie.size);
	put(&right, HOST_UNIQ, "\0uniq", 5);
	put(&right, SERVICE_NAME, "internet", 8);
	put(&right, SERVICE_NAME, "voice", 5);
	assert_same(&pado, &right);
	assert_counted(&h, PPPOE_padi_received, 1);
	assert_counted(&h, PPPOE_pado_sent, 1);
	stop();
}

/* Killed by: a service that is asked for left out, or named twice. */
static void
the_service_that_is_asked_for_is_offered_first(void **state)
{
	struct packet p = message(PADI, 0), pado;

	(void)state;
	start();
	put(&p, SERVICE_NAME, "voice", 5);
	say(&h, &line_1, &p, ALL);
	pado = answer(&h, &line_1);
	assert_value(&pado, SERVICE_NAME, 0, "voice");
	assert_value(&pado, SERVICE_NAME, 1, "internet");
	assert_int_equal(count(&pado, SERVICE_NAME), 2);
	stop();
}

/* Section 5.2: who cannot serve must not answer. Killed by: a name compared by its beginning, or not at all. */
static void
another_service_gets_silence(void **state)
{
	static const char *const names[] = {"interne", "internets", "Internet", "video", "voice\n"};

	(void)state;
	start();
	for (size_t i = 0; i < RTE_DIM(names); i++) {
		struct packet p = message(PADI, 0);

		put(&p, SERVICE_NAME, names[i], (uint16_t)strlen(names[i]));
		refused(&h, &line_1, &p, ALL, PPPOE_drop_padi_service);
	}
	stop();
}

/* Killed by: the AC-Name not compared, or to its beginning. An empty one is anybody's. */
static void
a_padi_for_another_concentrator_gets_silence(void **state)
{
	static const char *const names[] = {"ac-2", "ac-", "ac-11", ""};

	(void)state;
	start();
	for (size_t i = 0; i < RTE_DIM(names); i++) {
		struct packet p = message(PADI, 0);

		put(&p, SERVICE_NAME, "", 0);
		put(&p, AC_NAME, names[i], (uint16_t)strlen(names[i]));
		if (i < 3) {
			refused(&h, &line_1, &p, ALL, PPPOE_drop_padi_service);
			continue;
		}
		say(&h, &line_1, &p, ALL);
		answer(&h, &line_1);
	}
	stop();
}

/* Who offers no service by name takes any that has a name of usual size. Killed by: an empty list that has none; a name of
 * any size. */
static void
without_services_any_is_offered(void **state)
{
	char name[65];
	struct packet p = message(PADI, 0), long_one = message(PADI, 0), pado;

	(void)state;
	config.n_services = 0;
	start();
	memset(name, 'x', sizeof(name));
	put(&p, SERVICE_NAME, name, 63);
	say(&h, &line_1, &p, ALL);
	pado = answer(&h, &line_1);
	assert_int_equal(value(&pado, SERVICE_NAME).size, 63);
	assert_int_equal(count(&pado, SERVICE_NAME), 1);
	put(&long_one, SERVICE_NAME, name, 64);
	refused(&h, &line_1, &long_one, ALL, PPPOE_drop_padi_service);
	stop();
}

/* Sections 4, 5.1 and appendix A. Killed by: each of the checks left out. */
static void
a_wrong_padi_gets_silence(void **state)
{
	char unique[257] = "";
	struct packet p;

	(void)state;
	start();
	p = message(PADI, 0);
	refused(&h, &line_1, &p, ALL, PPPOE_drop_discovery); /* no Service-Name */
	p = message(PADI, 1);
	put(&p, SERVICE_NAME, "", 0);
	refused(&h, &line_1, &p, ALL, PPPOE_drop_discovery); /* a session id */
	p = message(PADI, 0);
	put(&p, SERVICE_NAME, "", 0);
	refused(&h, &line_1, &p, US, PPPOE_drop_discovery); /* not to all */
	put(&p, HOST_UNIQ, unique, sizeof(unique));
	refused(&h, &line_1, &p, ALL, PPPOE_drop_discovery); /* too long to be sent back */
	p = message(PADI, 0);
	put(&p, SERVICE_NAME, "", 0);
	put(&p, RELAY_SESSION_ID, unique, sizeof(unique));
	refused(&h, &line_1, &p, ALL, PPPOE_drop_discovery);
	stop();
}

/* Killed by: a verdict of the parser taken for another. */
static void
what_lies_gets_silence(void **state)
{
	struct packet p = message(PADI, 0);

	(void)state;
	start();
	put(&p, SERVICE_NAME, "a", 1);
	p.bytes[9]++;
	refused(&h, &line_1, &p, ALL, PPPOE_drop_tag);
	p.bytes[9]--;
	p.bytes[4] = 9;
	refused(&h, &line_1, &p, ALL, PPPOE_drop_runt);
	p.bytes[4] = 0;
	p.bytes[0] = 0x12;
	refused(&h, &line_1, &p, ALL, PPPOE_drop_version);
	stop();
}

/* A concentrator does not take what concentrators send. Killed by: a code taken for another. */
static void
other_codes_get_silence(void **state)
{
	static const uint8_t codes[] = {PADO, PADS, 0x00, 0x08, 0xff};

	(void)state;
	start();
	for (size_t i = 0; i < sizeof(codes); i++) {
		struct packet p = message(codes[i], 0);

		put(&p, SERVICE_NAME, "", 0);
		refused(&h, &line_1, &p, US, PPPOE_drop_discovery);
		refused(&h, &line_1, &p, ALL, PPPOE_drop_discovery);
	}
	stop();
}

/* All that must be in a PADO is in it, and it fits into a frame. Killed by: services in front of the rest; a full packet sent. */
static void
the_longest_pado_fits(void **state)
{
	char unique[256], name[PPPOE_NAME_SIZE];
	struct packet p = message(PADI, 0), pado;

	(void)state;
	memset(unique, 'u', sizeof(unique));
	config.n_services = PPPOE_MAX_SERVICES;
	for (uint32_t i = 0; i < PPPOE_MAX_SERVICES; i++) {
		memset(name, 'a' + (int)i, sizeof(name) - 1);
		name[sizeof(name) - 1] = 0;
		memcpy(config.services[i], name, sizeof(name));
	}
	snprintf(config.services[0], PPPOE_NAME_SIZE,
		 "short"); /* 64 octets are left in the end: no tag of 63 */
	memcpy(config.ac_name, name, sizeof(name));
	config.lcp.mtu = 1500;
	start();
	put(&p, SERVICE_NAME, name, 63);
	put(&p, HOST_UNIQ, unique, sizeof(unique));
	put(&p, RELAY_SESSION_ID, unique, sizeof(unique));
	put(&p, MAX_PAYLOAD, "\x05\xdc", 2);
	say(&h, &line_1, &p, ALL);
	pado = answer(&h, &line_1);
	assert_int_equal(value(&pado, HOST_UNIQ).size, 256);
	assert_int_equal(value(&pado, RELAY_SESSION_ID).size, 256);
	assert_int_equal(value(&pado, AC_COOKIE).size, 20);
	assert_int_equal(value(&pado, AC_NAME).size, 63);
	assert_int_equal(value(&pado, MAX_PAYLOAD).size, 2);
	assert_memory_equal(value(&pado, SERVICE_NAME).data, name, 63);
	assert_int_equal(pado.size, 1500 - 64);
	assert_int_equal(count(&pado, SERVICE_NAME), 1 + 1 + 11);
	stop();
}

/* The answer has the tags that the question had. Killed by: a tag lost, or the two exchanged. */
static void
the_answer_goes_to_its_line(void **state)
{
	static const struct line lines[] = {{{2, 0, 0, 0, 0, 1}, 0, 0},
					    {{2, 0, 0, 0, 0, 1}, 100, 0},
					    {{2, 0, 0, 0, 0, 1}, 100, 200}};

	(void)state;
	for (size_t i = 0; i < RTE_DIM(lines); i++) {
		struct packet p = message(PADI, 0);

		serve_tags(&config, i == 2 ? 2 : 1);
		start();
		put(&p, SERVICE_NAME, "", 0);
		say(&h, &lines[i], &p, ALL);
		answer(&h, &lines[i]);
		stop();
	}
}

/* ---- PPP-Max-Payload (RFC 4638 section 4) ------------------------------------------------------------------------ */

/* What PADO and PADS say, and the session keeps, of a client's value; 0: nothing. */
static uint16_t
agreed(uint16_t mtu, uint16_t asked)
{
	uint8_t octets[2] = {(uint8_t)(asked >> 8), (uint8_t)asked};
	struct packet p = message(PADI, 0), pado, pads;
	uint16_t got;

	config.lcp.mtu = mtu;
	start();
	put(&p, SERVICE_NAME, "", 0);
	put(&p, MAX_PAYLOAD, octets, 2);
	say(&h, &line_1, &p, ALL);
	pado = answer(&h, &line_1);
	p = padr_for(&pado);
	put(&p, MAX_PAYLOAD, octets, 2);
	say(&h, &line_1, &p, US);
	pads = answer(&h, &line_1);
	got = value(&pads, MAX_PAYLOAD).size == 2 ? number(&pads, MAX_PAYLOAD) : 0;
	assert_int_equal(count(&pado, MAX_PAYLOAD), got != 0);
	assert_int_equal(number(&pado, MAX_PAYLOAD), got);
	assert_int_equal(rte_be_to_cpu_16(session(&h, id_of(&pads))->terms.max_payload), got);
	leave(&h);
	stop();
	return got;
}

/* Killed by: a value that is not compared with what is configured; one of 1492 and less sent back; one that was not agreed
 * kept by the session. */
static void
the_longest_payload_is_agreed_on(void **state)
{
	(void)state;
	assert_int_equal(agreed(1500, 1500), 1500);
	assert_int_equal(agreed(1500, 1496), 1496);
	assert_int_equal(agreed(1500, 1493), 1493);
	assert_int_equal(agreed(1500, 1492), 0);
	assert_int_equal(agreed(1500, 0), 0);
	assert_int_equal(agreed(1500, 65535), 1500);
	assert_int_equal(agreed(1492, 1500), 0);
	assert_int_equal(agreed(1496, 1500), 1496);
}

/* Killed by: a tag that nobody asked for. */
static void
nobody_is_told_of_payloads_unasked(void **state)
{
	struct packet pado, pads;

	(void)state;
	config.lcp.mtu = 1500;
	start();
	pado = offered(&h, &line_1);
	assert_int_equal(count(&pado, MAX_PAYLOAD), 0);
	pads = logged_in(&h, &line_1);
	assert_int_equal(count(&pads, MAX_PAYLOAD), 0);
	leave(&h);
	stop();
}

/* ---- floods ----------------------------------------------------------------------------------------------------- */

static uint32_t
answered(const struct line *line, uint32_t n, const char *service)
{
	uint64_t before = harness_counter(&h, PPPOE_pado_sent);

	for (uint32_t i = 0; i < n; i++) {
		struct packet p = message(PADI, 0);

		put(&p, SERVICE_NAME, service, (uint16_t)strlen(service));
		say(&h, line, &p, ALL);
		harness_drain(&h, PPPOE_ACCESS);
	}
	return (uint32_t)(harness_counter(&h, PPPOE_pado_sent) - before);
}

/* Killed by: no limit of an address; the limit's counter; others that suffer from it. */
static void
a_flood_of_one_address_is_cut(void **state)
{
	(void)state;
	start();
	assert_int_equal(answered(&line_1, 500, ""), 10);
	assert_counted(&h, PPPOE_drop_padi_flood, 490);
	assert_int_equal(answered(&line_2, 5, ""), 5);
	harness_wait(&h, HARNESS_SECOND);
	assert_int_equal(answered(&line_1, 20, ""), 10);
	stop();
}

/* Killed by: no limit of all. Nothing is remembered of who asks: the tables are as before. */
static void
a_flood_of_thousands_is_cut(void **state)
{
	uint64_t digest;
	uint32_t n = 0;

	(void)state;
	start();
	digest = harness_digest_without(&h, NULL);
	for (uint32_t i = 0; i < 5000; i++) {
		struct line line = {{2, 1, (uint8_t)(i >> 8), 0, 0, (uint8_t)i}, 0, 0};

		n += answered(&line, 1, "");
	}
	assert_in_range(n, 900, 1000);
	assert_counted(&h, PPPOE_drop_padi_flood, 5000 - n);
	assert_true(harness_digest_without(&h, NULL) == digest);
	stop();
}

/* Killed by: tokens taken before the service is looked at. */
static void
what_is_for_others_takes_no_tokens(void **state)
{
	(void)state;
	start();
	assert_int_equal(answered(&line_1, 100, "video"), 0);
	assert_int_equal(answered(&line_1, 100, ""), 10);
	assert_counted(&h, PPPOE_drop_padi_service, 100);
	stop();
}

/* ---- PADR -------------------------------------------------------------------------------------------------------- */

/* Section 5.4. Killed by: any tag in another place; an id of 0; a session of another line; control that does not begin, or
 * begins in front of the PADS. */
static void
a_padr_makes_a_session(void **state)
{
	struct packet pado, padr, pads, right;
	const struct pppoe_session *s;

	(void)state;
	start();
	pado = offered(&h, &line_1);
	padr = padr_for(&pado);
	put(&padr, HOST_UNIQ, "host", 4);
	put(&padr, RELAY_SESSION_ID, "relay", 5);
	say(&h, &line_1, &padr, US);
	pads = answer(&h, &line_1);
	assert_int_not_equal(id_of(&pads), 0);
	right = message(PADS, id_of(&pads));
	put(&right, SERVICE_NAME, "", 0);
	put(&right, HOST_UNIQ, "host", 4);
	put(&right, RELAY_SESSION_ID, "relay", 5);
	assert_same(&pads, &right);
	s = session(&h, id_of(&pads));
	assert_memory_equal(&s->mac, line_1.mac, 6);
	assert_int_equal(s->outer, line_1.outer);
	assert_int_equal(s->inner, line_1.inner);
	assert_true(has_begun(&h, id_of(&pads)));
	assert_counted(&h, PPPOE_padr_received, 1);
	assert_counted(&h, PPPOE_pads_sent, 1);
	assert_counted(&h, PPPOE_pads_error_sent, 0);
	leave(&h);
	stop();
}

/* Killed by: a line id that is not kept, is cut elsewhere, or has octets that no terminal should see. */
static void
line_ids_are_kept(void **state)
{
	uint8_t circuit[200];
	struct packet pado, padr, pads;
	const struct pppoe_session *s;

	(void)state;
	start();
	pado = offered(&h, &line_1);
	padr = padr_for(&pado);
	memset(circuit, 'c', sizeof(circuit));
	put_line_ids(&padr, circuit, sizeof(circuit), (const uint8_t *)"r \n\x1b[2J~\x7f\xc3\xa4!",
		     12);
	say(&h, &line_1, &padr, US);
	pads = answer(&h, &line_1);
	s = session(&h, id_of(&pads));
	assert_int_equal(strnlen(s->circuit_id, sizeof(s->circuit_id)), 63);
	assert_memory_equal(s->circuit_id, circuit, 63);
	assert_string_equal(s->remote_id, "r ..[2J~...!");
	leave(&h);
	stop();
}

/* Nothing is answered, nothing is remembered. Killed by: the cookie not judged; a verdict taken for another. */
static void
a_padr_without_our_cookie_gets_silence(void **state)
{
	struct packet pado, padr;

	(void)state;
	start();
	pado = offered(&h, &line_1);
	for (uint16_t i = 0; i < 20; i++) {
		padr = padr_for(&pado);
		padr.bytes[cookie_at(&padr) + i] ^= 1;
		refused(&h, &line_1, &padr, US, PPPOE_drop_cookie_forged);
	}
	padr = message(PADR, 0);
	put(&padr, SERVICE_NAME, "", 0);
	refused(&h, &line_1, &padr, US, PPPOE_drop_cookie_forged);
	put(&padr, AC_COOKIE, "", 0);
	refused(&h, &line_1, &padr, US, PPPOE_drop_cookie_forged);
	stop();
}

/* Killed by: MAC address, or one of the tags, that is not in the cookie. */
static void
a_cookie_is_of_one_line(void **state)
{
	static const struct line others[] = {{{2, 0, 0, 0, 0, 8}, 10, 20},
					     {{2, 0, 0, 1, 0, 7}, 10, 20},
					     {{2, 0, 0, 0, 0, 7}, 11, 20},
					     {{2, 0, 0, 0, 0, 7}, 10, 21},
					     {{2, 0, 0, 0, 0, 7}, 20, 10}};
	static const struct line own = {{2, 0, 0, 0, 0, 7}, 10, 20};
	struct packet pado, padr;

	(void)state;
	serve_tags(&config, 2);
	start();
	pado = offered(&h, &own);
	padr = padr_for(&pado);
	for (size_t i = 0; i < RTE_DIM(others); i++)
		refused(&h, &others[i], &padr, US, PPPOE_drop_cookie_forged);
	say(&h, &own, &padr, US);
	assert_int_not_equal(id_of_answer(&h, &own), 0);
	leave(&h);
	stop();
}

/* Killed by: the lifetime that is configured not asked for. A second more is given to a cookie that another clock made. */
static void
an_old_cookie_gets_silence(void **state)
{
	struct packet padr[2];

	(void)state;
	start();
	for (size_t i = 0; i < 2; i++) {
		struct packet pado = offered(&h, i == 0 ? &line_1 : &line_2);

		padr[i] = padr_for(&pado);
	}
	harness_wait(&h, 30 * HARNESS_SECOND);
	say(&h, &line_1, &padr[0], US);
	assert_int_not_equal(id_of_answer(&h, &line_1), 0);
	leave(&h);
	harness_wait(&h, 3 * HARNESS_SECOND);
	leave(&h);
	refused(&h, &line_2, &padr[1], US, PPPOE_drop_cookie_old);
	leave(&h);
	stop();
}

/* Killed by: each of the checks left out. */
static void
a_wrong_padr_gets_silence(void **state)
{
	char unique[257] = "";
	struct packet pado, padr;

	(void)state;
	start();
	pado = offered(&h, &line_1);
	padr = padr_for(&pado);
	refused(&h, &line_1, &padr, ALL, PPPOE_drop_discovery); /* to all */
	padr.bytes[3] = 1;
	refused(&h, &line_1, &padr, US, PPPOE_drop_discovery); /* a session id */
	padr = message(PADR, 0);
	put(&padr, AC_COOKIE, value(&pado, AC_COOKIE).data, 20);
	refused(&h, &line_1, &padr, US, PPPOE_drop_discovery); /* no Service-Name */
	padr = padr_for(&pado);
	put(&padr, HOST_UNIQ, unique, sizeof(unique));
	refused(&h, &line_1, &padr, US, PPPOE_drop_discovery);
	stop();
}

/* The PADS of a refusal: id 0, one error tag, what the host and relays need, and no session. */
static void
is_refused(const struct line *line, const struct packet *padr, uint16_t tag, unsigned int counter)
{
	uint64_t before = harness_counter(&h, counter),
		 errors = harness_counter(&h, PPPOE_pads_error_sent);
	uint64_t created = n_sessions(&h);
	struct packet pads;

	say(&h, line, padr, US);
	pads = answer(&h, line);
	assert_int_equal(pads.bytes[1], PADS);
	assert_int_equal(id_of(&pads), 0);
	assert_int_equal(count(&pads, SERVICE_NAME_ERROR) + count(&pads, AC_SYSTEM_ERROR) +
				 count(&pads, GENERIC_ERROR),
			 1);
	assert_int_equal(count(&pads, tag), 1);
	assert_value(&pads, HOST_UNIQ, 0, "host");
	assert_int_equal(count(&pads, SERVICE_NAME), 0);
	assert_int_equal(harness_counter(&h, counter), before + 1);
	assert_int_equal(harness_counter(&h, PPPOE_pads_error_sent), errors + 1);
	assert_int_equal(n_sessions(&h), created);
	harness_nothing_left(&h);
}

static struct packet
padr_of(const struct line *line)
{
	struct packet pado = offered(&h, line), padr = padr_for(&pado);

	put(&padr, HOST_UNIQ, "host", 4);
	return padr;
}

/* Section 5.4. Killed by: silence; another tag; an id. */
static void
a_padr_for_another_service_is_refused(void **state)
{
	struct packet pado, padr = message(PADR, 0);

	(void)state;
	start();
	pado = offered(&h, &line_1);
	put(&padr, SERVICE_NAME, "video", 5);
	put(&padr, HOST_UNIQ, "host", 4);
	put(&padr, AC_COOKIE, value(&pado, AC_COOKIE).data, 20);
	is_refused(&line_1, &padr, SERVICE_NAME_ERROR, PPPOE_drop_padr_service);
	stop();
}

/* Killed by: no limit of an address; a limit of the line, where a second VLAN gives as many again. */
static void
one_address_has_so_many_sessions(void **state)
{
	struct line elsewhere = line_1;
	struct packet padr;

	(void)state;
	serve_tags(&config, 1);
	start();
	elsewhere.outer = 100;
	for (int i = 0; i < 2; i++) {
		struct packet pads = logged_in(&h, i == 0 ? &line_1 : &elsewhere);

		speak(&h, id_of(&pads));
	}
	padr = padr_of(&line_1);
	is_refused(&line_1, &padr, AC_SYSTEM_ERROR, PPPOE_drop_padr_limit);
	padr = padr_of(&elsewhere);
	is_refused(&elsewhere, &padr, AC_SYSTEM_ERROR, PPPOE_drop_padr_limit);
	logged_in(&h, &line_2);
	leave(&h);
	stop();
}

/* Killed by: no limit of a VLAN; one that others feel. */
static void
one_vlan_has_so_many_sessions(void **state)
{
	static const struct line vlan[] = {{{2, 0, 0, 0, 0, 1}, 100, 0},
					   {{2, 0, 0, 0, 0, 2}, 100, 0},
					   {{2, 0, 0, 0, 0, 3}, 100, 0},
					   {{2, 0, 0, 0, 0, 3}, 101, 0}};
	struct packet padr;

	(void)state;
	serve_tags(&config, 1);
	config.limits.sessions_per_vlan = 2;
	start();
	logged_in(&h, &vlan[0]);
	logged_in(&h, &vlan[1]);
	padr = padr_of(&vlan[2]);
	is_refused(&vlan[2], &padr, AC_SYSTEM_ERROR, PPPOE_drop_padr_limit);
	logged_in(&h, &vlan[3]);
	leave(&h);
	stop();
}

/* Killed by: log-ins not counted; those of another line counted. */
static void
a_line_logs_in_so_often(void **state)
{
	struct packet padr;

	(void)state;
	config.limits.sessions_per_mac = 100;
	config.limits.logins_per_minute = 3;
	start();
	for (int i = 0; i < 3; i++) {
		struct packet pads = logged_in(&h, &line_1);

		speak(&h, id_of(&pads));
	}
	padr = padr_of(&line_1);
	is_refused(&line_1, &padr, AC_SYSTEM_ERROR, PPPOE_drop_padr_rate);
	logged_in(&h, &line_2);
	leave(&h);
	harness_wait(&h, 21 * HARNESS_SECOND);
	leave(&h);
	say(&h, &line_1, &padr, US);
	assert_int_not_equal(id_of_answer(&h, &line_1), 0);
	leave(&h);
	stop();
}

/* Whoever waits for its old session to end is let in then. Killed by: log-ins that are counted before the limit is looked at. */
static void
who_has_all_its_sessions_spends_no_log_ins(void **state)
{
	struct packet pads, padr, padt;

	(void)state;
	config.limits.sessions_per_mac = 1;
	config.limits.logins_per_minute = 3;
	start();
	pads = logged_in(&h, &line_1);
	speak(&h, id_of(&pads));
	padr = padr_of(&line_1);
	for (int i = 0; i < 10; i++)
		is_refused(&line_1, &padr, AC_SYSTEM_ERROR, PPPOE_drop_padr_limit);
	padt = message(PADT, id_of(&pads));
	say(&h, &line_1, &padt, US);
	leave(&h);
	say(&h, &line_1, &padr, US);
	assert_int_not_equal(id_of_answer(&h, &line_1), 0);
	leave(&h);
	stop();
}

/* Killed by: a table that is full taken for a limit, or for a session. */
static void
when_no_session_is_free_it_is_refused(void **state)
{
	struct packet padr;
	uint32_t i;

	(void)state;
	config.capacity = 64;
	config.limits.padi_per_s_all = 0;
	start();
	for (i = 0; n_sessions(&h) == i; i++) {
		struct line line = {{2, 2, 0, 0, (uint8_t)(i >> 8), (uint8_t)i}, 0, 0};

		assert_in_range(i, 0, 1000);
		padr = padr_of(&line);
		say(&h, &line, &padr, US);
		leave(&h);
	}
	assert_counted(&h, PPPOE_drop_padr_full, 1);
	padr = padr_of(&line_1);
	is_refused(&line_1, &padr, AC_SYSTEM_ERROR, PPPOE_drop_padr_full);
	stop();
}

/* ---- a PADR that comes twice --------------------------------------------------------------------------------------- */

/* The PADS was lost. Killed by: a second session; another id; control that begins twice; a log-in that is counted twice. */
static void
a_repeated_padr_gets_the_same_session(void **state)
{
	struct packet padr, pads[2];

	(void)state;
	config.limits.sessions_per_mac = 1;
	config.limits.logins_per_minute = 1;
	start();
	padr = padr_of(&line_1);
	say(&h, &line_1, &padr, US);
	pads[0] = answer(&h, &line_1);
	leave(&h);
	harness_wait(&h, HARNESS_SECOND / 2);
	leave(&h);
	say(&h, &line_1, &padr, US);
	pads[1] = answer(&h, &line_1);
	assert_same(&pads[1], &pads[0]);
	harness_nothing_left(&h);
	assert_int_equal(n_sessions(&h), 1);
	assert_counted(&h, PPPOE_padr_received, 2);
	assert_counted(&h, PPPOE_pads_sent, 2);
	stop();
}

/* Killed by: a session given again whose client has spoken; one of another line. */
static void
who_has_spoken_gets_another_session(void **state)
{
	struct line elsewhere = line_1;
	struct packet padr, pads, other;

	(void)state;
	serve_tags(&config, 1);
	config.limits.sessions_per_mac = 10;
	start();
	elsewhere.outer = 100;
	pads = logged_in(&h, &line_1);
	other = logged_in(&h, &elsewhere);
	assert_int_not_equal(id_of(&pads), id_of(&other));
	speak(&h, id_of(&pads));
	padr = padr_of(&line_1);
	say(&h, &line_1, &padr, US);
	other = answer(&h, &line_1);
	assert_int_not_equal(id_of(&other), id_of(&pads));
	assert_int_equal(n_sessions(&h), 3);
	leave(&h);
	stop();
}

/* Killed by: a session given again that is about to end. */
static void
who_is_being_ended_gets_another_session(void **state)
{
	struct packet padr, pads, other;

	(void)state;
	start();
	pads = logged_in(&h, &line_1);
	end_soon(&h, id_of(&pads));
	padr = padr_of(&line_1);
	say(&h, &line_1, &padr, US);
	other = answer(&h, &line_1);
	assert_int_not_equal(id_of(&other), id_of(&pads));
	leave(&h);
	stop();
}

/* ---- PADT ----------------------------------------------------------------------------------------------------------- */

/* Section 5.5: nothing is sent in it any more, not even PPP's own end. Killed by: a session that stays; an answer. */
static void
a_padt_ends_the_session(void **state)
{
	struct packet pads, padt;

	(void)state;
	start();
	pads = logged_in(&h, &line_1);
	padt = message(PADT, id_of(&pads));
	put(&padt, GENERIC_ERROR, "bye", 3);
	say(&h, &line_1, &padt, US);
	assert_int_equal(n_sessions(&h), 0);
	assert_counted(&h, PPPOE_padt_received, 1);
	harness_nothing_left(&h);
	refused(&h, &line_1, &padt, US, PPPOE_drop_no_session);
	stop();
}

/* Killed by: MAC address, or a tag, that is not compared. */
static void
a_padt_of_another_client_ends_nothing(void **state)
{
	static const struct line own = {{2, 0, 0, 0, 0, 7}, 10, 20};
	static const struct line others[] = {{{2, 0, 0, 0, 0, 8}, 10, 20},
					     {{2, 0, 0, 0, 1, 7}, 10, 20},
					     {{2, 0, 0, 0, 0, 7}, 11, 20},
					     {{2, 0, 0, 0, 0, 7}, 10, 21},
					     {{2, 0, 0, 0, 0, 7}, 20, 10}};
	struct packet pads, padt;

	(void)state;
	serve_tags(&config, 2);
	for (uint16_t workers = 1; workers <= 2; workers++) { /* of two, 8 is the other one's */
		config.n_workers = workers;
		start();
		pads = logged_in(&h, &own);
		padt = message(PADT, id_of(&pads));
		for (size_t i = 0; i < RTE_DIM(others); i++)
			refused(&h, &others[i], &padt, US, PPPOE_drop_padt);
		assert_int_equal(n_sessions(&h), 1);
		say(&h, &own, &padt, US);
		assert_int_equal(n_sessions(&h), 0);
		stop();
	}
}

/* Of what is over only the last word to accounting waits. Killed by: the flag not looked at. */
static void
a_padt_of_what_is_over_ends_nothing(void **state)
{
	struct packet pads, padt;

	(void)state;
	start();
	pads = logged_in(&h, &line_1);
	be_over(&h, id_of(&pads));
	padt = message(PADT, id_of(&pads));
	refused(&h, &line_1, &padt, US, PPPOE_drop_no_session);
	stop();
}

/* Killed by: an id that is not there taken for one that is; a PADT to all taken. */
static void
a_padt_of_no_session_ends_nothing(void **state)
{
	static const uint16_t ids[] = {0, 0xffff};
	struct packet pads, padt;

	(void)state;
	start();
	pads = logged_in(&h, &line_1);
	padt = message(PADT, id_of(&pads));
	refused(&h, &line_1, &padt, ALL, PPPOE_drop_discovery);
	for (size_t i = 0; i < RTE_DIM(ids); i++) {
		padt = message(PADT, ids[i]);
		refused(&h, &line_1, &padt, US, PPPOE_drop_no_session);
	}
	padt = message(PADT, (uint16_t)(id_of(&pads) ^ 1));
	refused(&h, &line_1, &padt, US, PPPOE_drop_no_session);
	assert_int_equal(n_sessions(&h), 1);
	stop();
}

/* ---- who does not act ------------------------------------------------------------------------------------------------ */

/* Killed by: slim_owns() not asked. */
static void
a_standby_answers_nobody(void **state)
{
	struct packet p = message(PADI, 0);

	(void)state;
	harness_open(&h, &config, false);
	harness_wait(&h, 0);
	put(&p, SERVICE_NAME, "", 0);
	refused(&h, &line_1, &p, ALL, PPPOE_drop_not_ready);
	p.bytes[1] = PADR;
	refused(&h, &line_1, &p, US, PPPOE_drop_not_ready);
	p.bytes[1] = PADT;
	refused(&h, &line_1, &p, US, PPPOE_drop_not_ready);
	stop();
}

/* Before the first round. Killed by: a PADO whose cookie is not made. */
static void
without_a_secret_nobody_is_answered(void **state)
{
	struct packet p = message(PADI, 0);

	(void)state;
	harness_open(&h, &config, true);
	put(&p, SERVICE_NAME, "", 0);
	refused(&h, &line_1, &p, ALL, PPPOE_drop_not_ready);
	p.bytes[1] = PADR;
	refused(&h, &line_1, &p, US, PPPOE_drop_cookie_forged);
	stop();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_padi_is_answered, set_up),
		cmocka_unit_test_setup(the_service_that_is_asked_for_is_offered_first, set_up),
		cmocka_unit_test_setup(another_service_gets_silence, set_up),
		cmocka_unit_test_setup(a_padi_for_another_concentrator_gets_silence, set_up),
		cmocka_unit_test_setup(without_services_any_is_offered, set_up),
		cmocka_unit_test_setup(a_wrong_padi_gets_silence, set_up),
		cmocka_unit_test_setup(what_lies_gets_silence, set_up),
		cmocka_unit_test_setup(other_codes_get_silence, set_up),
		cmocka_unit_test_setup(the_longest_pado_fits, set_up),
		cmocka_unit_test_setup(the_answer_goes_to_its_line, set_up),
		cmocka_unit_test_setup(the_longest_payload_is_agreed_on, set_up),
		cmocka_unit_test_setup(nobody_is_told_of_payloads_unasked, set_up),
		cmocka_unit_test_setup(a_flood_of_one_address_is_cut, set_up),
		cmocka_unit_test_setup(a_flood_of_thousands_is_cut, set_up),
		cmocka_unit_test_setup(what_is_for_others_takes_no_tokens, set_up),
		cmocka_unit_test_setup(a_padr_makes_a_session, set_up),
		cmocka_unit_test_setup(line_ids_are_kept, set_up),
		cmocka_unit_test_setup(a_padr_without_our_cookie_gets_silence, set_up),
		cmocka_unit_test_setup(a_cookie_is_of_one_line, set_up),
		cmocka_unit_test_setup(an_old_cookie_gets_silence, set_up),
		cmocka_unit_test_setup(a_wrong_padr_gets_silence, set_up),
		cmocka_unit_test_setup(a_padr_for_another_service_is_refused, set_up),
		cmocka_unit_test_setup(one_address_has_so_many_sessions, set_up),
		cmocka_unit_test_setup(one_vlan_has_so_many_sessions, set_up),
		cmocka_unit_test_setup(a_line_logs_in_so_often, set_up),
		cmocka_unit_test_setup(who_has_all_its_sessions_spends_no_log_ins, set_up),
		cmocka_unit_test_setup(when_no_session_is_free_it_is_refused, set_up),
		cmocka_unit_test_setup(a_repeated_padr_gets_the_same_session, set_up),
		cmocka_unit_test_setup(who_has_spoken_gets_another_session, set_up),
		cmocka_unit_test_setup(who_is_being_ended_gets_another_session, set_up),
		cmocka_unit_test_setup(a_padt_ends_the_session, set_up),
		cmocka_unit_test_setup(a_padt_of_another_client_ends_nothing, set_up),
		cmocka_unit_test_setup(a_padt_of_what_is_over_ends_nothing, set_up),
		cmocka_unit_test_setup(a_padt_of_no_session_ends_nothing, set_up),
		cmocka_unit_test_setup(a_standby_answers_nobody, set_up),
		cmocka_unit_test_setup(without_a_secret_nobody_is_answered, set_up),
	};

	if (!harness_start_eal())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
