/* SPDX-License-Identifier: Apache-2.0 */
/* The other end; see peer_test.h. */
#include "peer_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void
write_down(void *ctx, uint16_t protocol, uint8_t code, uint8_t identifier, const uint8_t *data,
	   uint16_t size)
{
	struct peer *p = ctx;
	size_t used = strlen(p->sent);

	assert_int_equal(protocol, p->ops->protocol);
	used += (size_t)snprintf(p->sent + used, sizeof(p->sent) - used, "%u %u ", code,
				 identifier);
	for (uint16_t i = 0; i < size; i++)
		used += (size_t)snprintf(p->sent + used, sizeof(p->sent) - used, "%02x", data[i]);
	assert_true(used + 2 < sizeof(p->sent));
	strcpy(p->sent + used, "\n");
	p->last_size = size;
}

static struct ppp_run
run_of(struct peer *p)
{
	return (struct ppp_run){
		.ops = p->ops,
		.settings = &p->settings,
		.machine = &p->machine,
		.timer = &p->timer,
		.self = p->ops == &lcp_ops    ? (void *)&p->lcp
			: p->ops == &ipcp_ops ? (void *)&p->ipcp
					      : (void *)&p->ipv6cp,
		.now_ns = p->now_ns,
		.peer_mru = p->peer_mru,
		.send = write_down,
		.ctx = p,
	};
}

void
peer_init(struct peer *p, const struct ppp_ops *ops)
{
	memset(p, 0, sizeof(*p));
	p->settings = (struct ppp_settings){3 * SECOND, 10, 2, 5};
	p->ops = ops;
	p->now_ns = 1000 * SECOND;
	p->peer_mru = 1492;
	p->lcp = (struct lcp){.terms = &p->terms, .mtu = 1492, .random = 0x11223344};
	lcp_begin(&p->lcp);
	p->lcp.random = 0x55667788;
	p->ipcp = (struct ipcp){rte_cpu_to_be_32(0x0a000001), rte_cpu_to_be_32(0x0a000507), {0, 0}};
	p->ipv6cp = (struct ipv6cp){p->interface_id, {{2, 0xaa, 0xbb, 0xcc, 0xdd, 0xee}}};
}

uint16_t
peer_event(struct peer *p, enum ppp_event event)
{
	struct ppp_run run = run_of(p);

	return ppp_machine_event(&run, event);
}

uint16_t
peer_timeout(struct peer *p)
{
	struct ppp_run run;

	assert_true(p->timer > p->now_ns);
	p->now_ns = p->timer;
	run = run_of(p);
	return ppp_machine_timeout(&run);
}

void
peer_echo(struct peer *p)
{
	struct ppp_run run = run_of(p);

	lcp_send_echo(&run);
}

static uint8_t *
read_packet(uint8_t code, uint8_t identifier, const char *digits, struct ppp_control *ret)
{
	size_t size = 4;
	uint8_t bytes[2048], *packet;
	unsigned int octet;

	for (; *digits != '\0'; digits++)
		if (*digits != ' ') {
			assert_int_equal(sscanf(digits, "%2x", &octet), 1);
			bytes[size++] = (uint8_t)octet;
			digits++;
		}
	bytes[0] = code;
	bytes[1] = identifier;
	bytes[2] = (uint8_t)(size >> 8);
	bytes[3] = (uint8_t)size;
	packet = malloc(size); /* of its very size: who reads behind it is found */
	assert_non_null(packet);
	memcpy(packet, bytes, size);
	assert_true(ppp_control_parse(packet, (uint32_t)size, ret));
	return packet;
}

uint16_t
peer_give(struct peer *p, uint8_t code, uint8_t identifier, const char *digits)
{
	struct ppp_run run = run_of(p);
	struct ppp_control c;
	uint8_t *packet = read_packet(code, identifier, digits, &c);
	uint16_t happened;

	assert_int_equal(ppp_machine_check(&run, &c), PPP_FINE);
	happened = ppp_machine_take(&run, &c);
	free(packet);
	return happened;
}

void
peer_refused(struct peer *p, enum ppp_check why, uint8_t code, uint8_t identifier,
	     const char *digits)
{
	static struct peer before;
	struct ppp_run run = run_of(p);
	struct ppp_control c;
	uint8_t *packet = read_packet(code, identifier, digits, &c);

	memcpy(&before, p, sizeof(before));
	assert_int_equal(ppp_machine_check(&run, &c), why);
	assert_memory_equal(&before, p, sizeof(before));
	free(packet);
}

void
peer_sent(struct peer *p, const char *lines)
{
	assert_string_equal(p->sent, lines);
	p->sent[0] = '\0';
}

void
peer_start(struct peer *p)
{
	assert_int_equal(peer_event(p, PPP_OPEN), PPP_TLS);
	assert_int_equal(peer_event(p, PPP_UP), 0);
	assert_int_equal(p->machine.state, PPP_REQ_SENT);
}

/* Our request, as it was sent last. */
static void
acknowledge(struct peer *p)
{
	const char *at = strstr(p->sent, "1 ");
	char digits[256];

	for (const char *next = at; next != NULL; next = strstr(next + 1, "\n1 "))
		at = next;
	assert_non_null(at);
	assert_int_equal(sscanf(at + (*at == '\n') + 2, "%*u %255[0-9a-f]", digits), 1);
	peer_give(p, PPP_CONFIGURE_ACK, p->machine.identifier, digits);
}

static const char *
good_request(const struct peer *p)
{
	return p->ops == &lcp_ops    ? "0506 01020304"
	       : p->ops == &ipcp_ops ? "0306 0a000507"
				     : "010a 02aabbfffeccddee";
}

void
peer_bring(struct peer *p, enum ppp_state state)
{
	bool opens = state == PPP_OPENED || state == PPP_STOPPING;

	if (state == PPP_INITIAL)
		return;
	if (state == PPP_CLOSED)
		peer_event(p, PPP_UP);
	if (state == PPP_STARTING)
		peer_event(p, PPP_OPEN);
	if (state >= PPP_STOPPED && state != PPP_CLOSED)
		peer_start(p);
	if (state == PPP_ACK_RCVD || opens)
		acknowledge(p);
	if (state == PPP_ACK_SENT || opens)
		peer_give(p, PPP_CONFIGURE_REQUEST, 77, good_request(p));
	if (state == PPP_STOPPING)
		peer_give(p, PPP_TERMINATE_REQUEST, 78, "");
	if (state == PPP_CLOSING)
		peer_event(p, PPP_CLOSE);
	while (state == PPP_STOPPED && p->machine.state != PPP_STOPPED)
		peer_timeout(p);
	assert_int_equal(p->machine.state, state);
	p->sent[0] = '\0';
}
