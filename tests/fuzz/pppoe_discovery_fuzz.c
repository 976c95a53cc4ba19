/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PPPoE discovery packets: the input begins with the PPPoE head. Every text that is found lies in the packet, and a packet
 * that is whole is taken apart and put together again: what we send back to a client is what it sent.
 */
#include <stdlib.h>
#include <string.h>

#include "discovery_packet.h"
#include "target.h"

static void
must_be(bool is_true)
{
	if (!is_true)
		abort();
}

static void
must_be_inside(const struct pppoe_text *text, const struct pppoe_packet *packet)
{
	if (text->data == NULL)
		must_be(text->size == 0);
	else
		must_be(text->data >= packet->payload &&
			text->data + text->size <= packet->payload + packet->size);
}

static void
must_be_same(const struct pppoe_text *a, const struct pppoe_text *b)
{
	must_be((a->data == NULL) == (b->data == NULL) && a->size == b->size);
	must_be(a->size == 0 || memcmp(a->data, b->data, a->size) == 0);
}

/* A line id as a client's program would have it; shorter if it was long, or has a zero in it. */
static void
put_line(struct pppoe_writer *w, const struct pppoe_packet *packet)
{
	char ids[2][PPPOE_LINE_ID_SIZE] = {"", ""};
	const struct pppoe_text *texts[2] = {&packet->circuit_id, &packet->remote_id};

	for (int i = 0; i < 2; i++)
		if (texts[i]->size != 0)
			memcpy(ids[i], texts[i]->data,
			       texts[i]->size < PPPOE_LINE_ID_SIZE ? texts[i]->size
								   : PPPOE_LINE_ID_SIZE - 1);
	pppoe_put_line(w, ids[0], ids[1]);
}

static void
put_together(const struct pppoe_packet *packet, size_t room)
{
	uint8_t *bytes = malloc(room != 0 ? room : 1);
	struct pppoe_packet again;
	struct pppoe_writer w;
	uint16_t size;

	must_be(bytes != NULL);
	pppoe_begin(&w, bytes, (uint16_t)room, PPPOE_PADO, packet->session_id);
	if (packet->has_service)
		pppoe_put_tag(&w, PPPOE_TAG_SERVICE_NAME, packet->service.data,
			      packet->service.size);
	pppoe_copy_tags(&w, packet);
	if (packet->circuit_id.data != NULL)
		put_line(&w, packet);
	size = pppoe_end(&w);
	if (size != 0) {
		must_be(size <= room);
		must_be(pppoe_parse_discovery(bytes, size, &again) == PPPOE_PARSED_OK);
		must_be(again.session_id == packet->session_id && again.size == size - PPPOE_HEAD);
		must_be_same(&again.service, &packet->service);
		must_be_same(&again.host_uniq, &packet->host_uniq);
		must_be_same(&again.relay_session_id, &packet->relay_session_id);
	}
	free(bytes);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pppoe_packet head, packet;
	enum pppoe_parsed parsed;

	if (size > UINT16_MAX)
		return 0;
	parsed = pppoe_parse_discovery(data, (uint32_t)size, &packet);
	if (parsed == PPPOE_PARSED_TAG || parsed == PPPOE_PARSED_OK) {
		must_be(pppoe_parse_head(data, (uint32_t)size, &head) == PPPOE_PARSED_OK);
		must_be(head.code == packet.code && head.size == packet.size &&
			packet.size <= size - PPPOE_HEAD);
		must_be_inside(&packet.service, &packet);
		must_be_inside(&packet.ac_name, &packet);
		must_be_inside(&packet.host_uniq, &packet);
		must_be_inside(&packet.cookie, &packet);
		must_be_inside(&packet.relay_session_id, &packet);
		must_be_inside(&packet.circuit_id, &packet);
		must_be_inside(&packet.remote_id, &packet);
	} else {
		must_be(pppoe_parse_head(data, (uint32_t)size, &head) == parsed);
	}
	if (parsed == PPPOE_PARSED_OK) {
		put_together(&packet, 1500);
		put_together(&packet, size); /* often too little */
	}
	return 0;
}
