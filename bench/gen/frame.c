/* SPDX-License-Identifier: Apache-2.0 */
/* Frames as bytes; see frame.h. RFC 826 (ARP), RFC 791 (IPv4), RFC 768 (UDP), RFC 1071 (sums). */
#include <string.h>
#include <xxhash.h>

#include "bytes.h"
#include "frame.h"

#define HEADERS_SIZE (BYTES_ETHER + BYTES_IP + BYTES_UDP)
#define PAYLOAD_SIZE 48u
#define HASH_OFFSET 40u
#define ETHERTYPE_ARP 0x0806u
#define PAYLOAD_MAGIC 0x4e474c53u /* "SLGN" */

_Static_assert(FRAME_MIN_SIZE == HEADERS_SIZE + PAYLOAD_SIZE, "no room for the payload");

static uint64_t
get_le(const uint8_t *p, unsigned size)
{
	uint64_t v = 0;

	for (unsigned i = 0; i < size; i++)
		v |= (uint64_t)p[i] << (8u * i);
	return v;
}

static void
put_le(uint8_t *p, uint64_t v, unsigned size)
{
	for (unsigned i = 0; i < size; i++)
		p[i] = (uint8_t)(v >> (8u * i));
}

/* ---- checksum of UDP -------------------------------------------------------------- */

/* Over pseudo header, UDP header and data; 0 if the checksum inside is right. */
static uint16_t
udp_sum(const uint8_t *ip, const uint8_t *udp, size_t udp_size)
{
	uint32_t sum = bytes_sum_add(BYTES_PROTOCOL_UDP + (uint32_t)udp_size, ip + 12, 8);

	return bytes_sum_fold(bytes_sum_add(sum, udp, udp_size));
}

/* ---- payload ------------------------------------------------------------------------ */

static uint64_t
payload_hash(const uint8_t *payload, size_t size)
{
	XXH64_hash_t seed = XXH3_64bits(payload, HASH_OFFSET);

	return XXH3_64bits_withSeed(payload + PAYLOAD_SIZE, size - PAYLOAD_SIZE, seed);
}

static void
payload_write(uint8_t *p, size_t size, const struct frame_payload *payload)
{
	put_le(p, PAYLOAD_MAGIC, 4);
	put_le(p + 4, payload->ticket.flow, 4);
	put_le(p + 8, payload->ticket.life, 4);
	put_le(p + 12, payload->ticket.seq, 4);
	put_le(p + 16, payload->ticket.window, 2);
	p[18] = payload->ticket.direction;
	p[19] = payload->kind;
	put_le(p + 20, 0, 4);
	put_le(p + 24, payload->sent_ns, 8);
	put_le(p + 32, payload->echo_ns, 8);
	for (size_t i = PAYLOAD_SIZE; i < size; i++)
		p[i] = (uint8_t)(i * 167u + payload->ticket.seq * 31u + payload->ticket.flow);
	put_le(p + HASH_OFFSET, payload_hash(p, size), 8);
}

bool
frame_payload_parse(const uint8_t *p, size_t size, struct frame_payload *ret_payload)
{
	if (size < PAYLOAD_SIZE || get_le(p, 4) != PAYLOAD_MAGIC ||
	    get_le(p + HASH_OFFSET, 8) != payload_hash(p, size))
		return false;
	*ret_payload = (struct frame_payload){
		.ticket = {.flow = (uint32_t)get_le(p + 4, 4),
			   .life = (uint32_t)get_le(p + 8, 4),
			   .seq = (uint32_t)get_le(p + 12, 4),
			   .window = (uint16_t)get_le(p + 16, 2),
			   .direction = p[18]},
		.kind = p[19],
		.sent_ns = get_le(p + 24, 8),
		.echo_ns = get_le(p + 32, 8),
	};
	return true;
}

/* ---- reading ---------------------------------------------------------------------------- */

static void
parse_arp(struct frame_view *v, const uint8_t *arp, size_t size)
{
	static const uint8_t ethernet_ip[] = {0, 1, 8, 0, 6, 4};
	uint16_t operation;

	if (size < 28 || memcmp(arp, ethernet_ip, sizeof(ethernet_ip)) != 0)
		return;
	operation = bytes_get_be16(arp + 6);
	memcpy(v->src_mac, arp + 8, FRAME_MAC_SIZE);
	v->src_ip = bytes_get_be32(arp + 14);
	v->dst_ip = bytes_get_be32(arp + 24);
	if (operation == 1)
		v->kind = FRAME_ARP_REQUEST;
	else if (operation == 2)
		v->kind = FRAME_ARP_REPLY;
}

static void
parse_udp(struct frame_view *v, const uint8_t *ip, const uint8_t *udp, size_t room, bool verified)
{
	size_t size = room >= BYTES_UDP ? bytes_get_be16(udp + 4) : 0;

	v->kind = FRAME_BROKEN;
	if (size < BYTES_UDP || size > room)
		return;
	v->src_port = bytes_get_be16(udp);
	v->dst_port = bytes_get_be16(udp + 2);
	v->checksum_missing = bytes_get_be16(udp + 6) == 0;
	v->payload = udp + BYTES_UDP;
	v->payload_size = size - BYTES_UDP;
	if (verified || v->checksum_missing || udp_sum(ip, udp, size) == 0)
		v->kind = FRAME_UDP;
}

static void
parse_ip(struct frame_view *v, const uint8_t *ip, size_t size, bool verified)
{
	size_t header, total;

	v->kind = FRAME_BROKEN;
	if (size < BYTES_IP || ip[0] >> 4 != 4)
		return;
	header = (ip[0] & 15u) * 4u;
	total = bytes_get_be16(ip + 2);
	v->src_ip = bytes_get_be32(ip + 12);
	v->dst_ip = bytes_get_be32(ip + 16);
	if (header < BYTES_IP || header > total || total > size ||
	    bytes_sum_fold(bytes_sum_add(0, ip, header)) != 0)
		return;
	v->kind = FRAME_OTHER;
	if (ip[9] != BYTES_PROTOCOL_UDP)
		return;
	if ((bytes_get_be16(ip + 6) & 0x3fffu) != 0) /* a fragment */
		v->kind = FRAME_BROKEN;
	else
		parse_udp(v, ip, ip + header, total - header, verified);
}

struct frame_view
frame_parse_packet(const uint8_t *packet, size_t size)
{
	struct frame_view v = {.kind = FRAME_OTHER};

	parse_ip(&v, packet, size, false);
	return v;
}

struct frame_view
frame_parse(const uint8_t *frame, size_t size, bool verified)
{
	struct frame_view v = {.kind = FRAME_OTHER};
	uint16_t ethertype;

	if (size < BYTES_ETHER)
		return v;
	memcpy(v.dst_mac, frame, FRAME_MAC_SIZE);
	memcpy(v.src_mac, frame + FRAME_MAC_SIZE, FRAME_MAC_SIZE);
	ethertype = bytes_get_be16(frame + 12);
	if (ethertype == ETHERTYPE_ARP)
		parse_arp(&v, frame + BYTES_ETHER, size - BYTES_ETHER);
	else if (ethertype == BYTES_ETHERTYPE_IP)
		parse_ip(&v, frame + BYTES_ETHER, size - BYTES_ETHER, verified);
	return v;
}

/* ---- writing ------------------------------------------------------------------------------ */

static void
write_ether(uint8_t *frame, const struct frame_addresses *a, uint16_t ethertype)
{
	memcpy(frame, a->dst_mac, FRAME_MAC_SIZE);
	memcpy(frame + FRAME_MAC_SIZE, a->src_mac, FRAME_MAC_SIZE);
	bytes_put_be16(frame + 12, ethertype);
}

void
frame_write_udp(uint8_t *frame, size_t size, const struct frame_addresses *a,
		const struct frame_payload *payload)
{
	uint8_t *ip = frame + BYTES_ETHER, *udp = ip + BYTES_IP;
	size_t udp_size = size - BYTES_ETHER - BYTES_IP;
	uint16_t sum;

	write_ether(frame, a, BYTES_ETHERTYPE_IP);
	bytes_put_ip(ip, size - BYTES_ETHER, a->src_ip, a->dst_ip);
	bytes_put_be16(udp, a->src_port);
	bytes_put_be16(udp + 2, a->dst_port);
	bytes_put_be16(udp + 4, (uint16_t)udp_size);
	bytes_put_be16(udp + 6, 0);
	payload_write(udp + BYTES_UDP, udp_size - BYTES_UDP, payload);
	sum = udp_sum(ip, udp, udp_size);
	bytes_put_be16(udp + 6, sum == 0 ? 0xffff : sum);
}

void
frame_write_arp(uint8_t *frame, enum frame_kind kind, const struct frame_addresses *addresses)
{
	struct frame_addresses a = *addresses;
	uint8_t *arp = frame + BYTES_ETHER;
	bool request = kind == FRAME_ARP_REQUEST;

	if (request)
		memset(a.dst_mac, 0xff, FRAME_MAC_SIZE);
	memset(frame, 0, FRAME_ARP_SIZE);
	write_ether(frame, &a, ETHERTYPE_ARP);
	bytes_put_be16(arp, 1);
	bytes_put_be16(arp + 2, BYTES_ETHERTYPE_IP);
	arp[4] = FRAME_MAC_SIZE;
	arp[5] = 4;
	bytes_put_be16(arp + 6, request ? 1 : 2);
	memcpy(arp + 8, a.src_mac, FRAME_MAC_SIZE);
	bytes_put_be32(arp + 14, a.src_ip);
	if (!request)
		memcpy(arp + 18, a.dst_mac, FRAME_MAC_SIZE);
	bytes_put_be32(arp + 24, a.dst_ip);
}
