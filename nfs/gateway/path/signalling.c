/* SPDX-License-Identifier: Apache-2.0 */
/* GTP-U signalling; see signalling.h. */
#include "signalling.h"

#include "counters.h"
#include "own.h"
#include "tunnel.h"

#define OUTER_IP_SIZE (GATEWAY_OUTER_SIZE - sizeof(struct rte_ether_hdr))

/* A buffer for a message; NULL: counted. */
static struct rte_mbuf *
new_message(struct gateway_worker *w, uint8_t **ret_message)
{
	void *packet;
	struct rte_mbuf *m =
		nf_own_frame(w->nf, (uint16_t)(OUTER_IP_SIZE + GTPU_MAX_MESSAGE), &packet);

	if (m != NULL)
		*ret_message = (uint8_t *)packet + OUTER_IP_SIZE;
	return m;
}

static void
send_message(struct gateway_worker *w, struct rte_mbuf *m, uint16_t size,
	     const struct gateway_outer *outer, unsigned int counter)
{
	rte_pktmbuf_trim(m, (uint16_t)(GTPU_MAX_MESSAGE - size));
	gateway_send_tunnel(w, m, outer, size, counter);
}

/* False, and the message is dropped: who sent it is no host that can be told. */
static bool
may_answer(struct gateway_worker *w, struct gateway_packet *p, struct gateway_outer *ret_outer)
{
	enum nf_refusal refusal = gateway_outer_to(w, p->peer, ret_outer);

	if (likely(refusal == NF_ALLOWED))
		return true;
	nf_drop(w->nf, p->m, gateway_refusal_drops[refusal]);
	return false;
}

/* The response goes to the port from which was asked (section 4.4.2.2). */
static void
answer_gtpu_echo(struct gateway_worker *w, struct gateway_packet *p)
{
	struct gateway_outer outer;
	struct rte_mbuf *m;
	uint8_t *message;

	if (!may_answer(w, p, &outer))
		return;
	m = new_message(w, &message);
	if (m != NULL) {
		uint16_t size = gtpu_put_echo_response(message, p->gtpu.sequence,
						       w->gateway->config.recovery);

		outer.port = p->peer_port;
		send_message(w, m, size, &outer, GATEWAY_gtpu_echo_answered);
	}
	rte_pktmbuf_free(p->m);
}

static void
tell_extension_headers(struct gateway_worker *w, struct gateway_packet *p)
{
	struct gateway_outer outer;
	struct rte_mbuf *m;
	uint8_t *message;

	if (!may_answer(w, p, &outer))
		return;
	m = nf_own_may_tell(&w->told, w->nf->now_ns) ? new_message(w, &message) : NULL;
	if (m != NULL) {
		uint16_t size = gtpu_put_supported_extension_headers(message, p->gtpu.sequence);

		send_message(w, m, size, &outer, GATEWAY_extension_headers_sent);
	}
	nf_drop(w->nf, p->m, GATEWAY_drop_gtpu_extension);
}

void
gateway_signalling_take(struct gateway_worker *w, struct gateway_packet *p)
{
	unsigned int counter = GATEWAY_drop_gtpu_type;

	if (p->gtpu.type == GTPU_G_PDU &&
	    gateway_session_by_teid(w->sessions, p->gtpu.teid) == NF_NO_SLOT) {
		gateway_signalling_no_tunnel(w, p);
		return;
	}
	if (p->kind == GATEWAY_KIND_FAULTY) {
		nf_drop(w->nf, p->m, p->drop);
		return;
	}
	if (p->kind == GATEWAY_KIND_UNKNOWN_EXTENSION) {
		tell_extension_headers(w, p);
		return;
	}
	switch (p->gtpu.type) {
	case GTPU_ECHO_REQUEST:
		answer_gtpu_echo(w, p);
		return;
	case GTPU_END_MARKER:
		counter = GATEWAY_end_marker_received;
		break;
	case GTPU_ECHO_RESPONSE:
	case GTPU_SUPPORTED_EXTENSION_HEADERS:
	case GTPU_TUNNEL_STATUS:
		counter = GATEWAY_gtpu_other_received;
		break;
	}
	nf_drop(w->nf, p->m, counter);
}

static void
tell_no_tunnel(struct gateway_worker *w, const struct gateway_packet *p,
	       const struct gateway_outer *outer)
{
	rte_be32_t here = w->gateway->config.sides[GATEWAY_ACCESS].address;
	uint8_t *message;
	struct rte_mbuf *m =
		nf_own_may_tell(&w->told, w->nf->now_ns) ? new_message(w, &message) : NULL;
	uint16_t size;

	if (m == NULL)
		return;
	size = gtpu_put_error_indication(message, p->gtpu.teid, (const uint8_t *)&here);
	send_message(w, m, size, outer, GATEWAY_error_indication_sent);
}

/* TEID 0 is nobody's, and nobody is told so (section 7.3.1). */
__attribute__((noinline)) void
gateway_signalling_no_tunnel(struct gateway_worker *w, struct gateway_packet *p)
{
	struct gateway_outer outer;

	if (p->gtpu.teid != 0) {
		if (!may_answer(w, p, &outer))
			return;
		tell_no_tunnel(w, p, &outer);
	}
	nf_drop(w->nf, p->m, GATEWAY_drop_no_tunnel);
}

void
gateway_signalling_end_marker(struct gateway_worker *w, struct gateway_cell cell)
{
	struct gateway_outer outer;
	struct rte_mbuf *m;
	uint8_t *message;

	if (gateway_outer_to(w, cell.address, &outer) != NF_ALLOWED)
		return;
	m = new_message(w, &message);
	if (m != NULL)
		send_message(w, m, gtpu_put_end_marker(message, cell.teid), &outer,
			     GATEWAY_end_marker_sent);
}
