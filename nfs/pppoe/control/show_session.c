/* SPDX-License-Identifier: Apache-2.0 */
/* See show_session.h. */
#include "show_session.h"

#include <arpa/inet.h>
#include <string.h>

#include "automaton.h"
#include "prefix.h"

#define SECOND_NS UINT64_C(1000000000)
#define TEXT_MAX 64u

_Static_assert(PPPOE_USER_SIZE <= TEXT_MAX && PPPOE_LINE_SIZE <= TEXT_MAX, "each text has room");

const char *
pppoe_show_end(uint8_t end)
{
	static const char *const words[] = {
		[PPPOE_END_NONE] = "none",
		[PPPOE_END_USER_REQUEST] = "user-request",
		[PPPOE_END_LOST_CARRIER] = "lost-carrier",
		[PPPOE_END_IDLE] = "idle-timeout",
		[PPPOE_END_TIMEOUT] = "session-timeout",
		[PPPOE_END_ADMIN] = "admin-reset",
		[PPPOE_END_NAS_ERROR] = "nas-error",
		[PPPOE_END_AUTH] = "user-error",
	};

	return end < sizeof(words) / sizeof(words[0]) && words[end] != NULL ? words[end]
									    : "unknown";
}

/* ---- addresses --------------------------------------------------------------------------------------------- */

void
pppoe_show_addresses(struct nf_reply *reply, const struct pppoe_config *config, rte_be32_t ipv4,
		     uint32_t prefix)
{
	char text[INET6_ADDRSTRLEN];
	uint8_t address[16];

	if (ipv4 != 0)
		nf_reply_text(reply, "address", "%s",
			      inet_ntop(AF_INET, &ipv4, text, sizeof(text)));
	if (prefix == PPPOE_NO_PREFIX)
		return;
	pppoe_prefix_put(&config->ipv6_pool, prefix, address);
	nf_reply_text(reply, "prefix", "%s/64", inet_ntop(AF_INET6, address, text, sizeof(text)));
}

void
pppoe_show_line(struct nf_reply *reply, const struct rte_ether_addr *mac, uint16_t outer,
		uint16_t inner)
{
	const uint8_t *a = mac->addr_bytes;

	nf_reply_text(reply, "mac", "%02x:%02x:%02x:%02x:%02x:%02x", a[0], a[1], a[2], a[3], a[4],
		      a[5]);
	if (outer != 0)
		nf_reply_number(reply, "outer", outer);
	if (inner != 0)
		nf_reply_number(reply, "inner", inner);
}

/* ---- sessions ---------------------------------------------------------------------------------------------- */

/* `size` octets, of which the last is a NUL if nothing is wrong with them. */
static void
show_text(struct nf_reply *reply, const char *key, const char *text, size_t size)
{
	char shown[TEXT_MAX];
	size_t i;

	for (i = 0; i < size - 1 && text[i] != '\0'; i++)
		shown[i] = text[i] >= ' ' && text[i] <= '~' ? text[i] : '?';
	shown[i] = '\0';
	if (i != 0)
		nf_reply_text(reply, key, "%s", shown);
}

static void
show_states(struct nf_reply *reply, const struct pppoe_session *session)
{
	static const char *const auth[] = {
		[PPPOE_AUTH_NONE] = "none",     [PPPOE_AUTH_WAITING] = "waiting",
		[PPPOE_AUTH_ASKING] = "asking", [PPPOE_AUTH_DELAYED] = "delayed",
		[PPPOE_AUTH_GOOD] = "good",     [PPPOE_AUTH_BAD] = "bad",
	};
	const struct {
		const char *key;
		uint8_t state;
	} machines[] = {
		{"lcp", session->lcp.state},
		{"ipcp", session->ipcp.state},
		{"ipv6cp", session->ipv6cp.state},
	};

	for (size_t i = 0; i < RTE_DIM(machines); i++)
		if (machines[i].state < PPP_N_STATES)
			nf_reply_text(reply, machines[i].key, "%s",
				      ppp_state_name(machines[i].state));
	if (session->auth.state < RTE_DIM(auth))
		nf_reply_text(reply, "auth", "%s", auth[session->auth.state]);
	if (session->end != PPPOE_END_NONE)
		nf_reply_text(reply, "ending", "%s", pppoe_show_end(session->end));
}

void
pppoe_show_session(struct nf_reply *reply, const struct pppoe_config *config,
		   const struct pppoe_session *session, uint64_t now_ns)
{
	nf_reply_begin(reply);
	nf_reply_number(reply, "id", session->session_id);
	pppoe_show_line(reply, &session->mac, session->outer, session->inner);
	show_text(reply, "user", session->user, sizeof(session->user));
	pppoe_show_addresses(reply, config, session->ipv4, session->prefix);
	show_states(reply, session);
	nf_reply_number(reply, "mtu", session->peer_mru);
	nf_reply_number(reply, "age_s",
			now_ns > session->created ? (now_ns - session->created) / SECOND_NS : 0);
	nf_reply_number(reply, "packets_up", session->packets_up);
	nf_reply_number(reply, "bytes_up", session->bytes_up);
	nf_reply_number(reply, "packets_down", session->packets_down);
	nf_reply_number(reply, "bytes_down", session->bytes_down);
	show_text(reply, "circuit_id", session->circuit_id, sizeof(session->circuit_id));
	show_text(reply, "remote_id", session->remote_id, sizeof(session->remote_id));
	nf_reply_end(reply);
}
