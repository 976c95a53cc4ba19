/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hosts around a harness: they answer ARP as hosts do. Only a request is a question, and only one for an
 * address that a host can have; what an NF asks for besides is its fault, and the harness's test fails.
 */
#ifndef NF_QUESTION_TEST_H
#define NF_QUESTION_TEST_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "side.h"

enum harness_question {
	HARNESS_NO_QUESTION,    /* the frame goes to whoever looks at it */
	HARNESS_QUESTION,       /* a host answers */
	HARNESS_SILENCE,        /* to a MAC address that nobody has */
	HARNESS_ANNOUNCEMENT,   /* or a question for the NF itself, which looks the same */
	HARNESS_WRONG_QUESTION, /* no NF may ask this */
};

/* What an NF answers for besides the addresses of its sides; host order. */
struct harness_own {
	uint32_t first, last; /* both 0: nothing */
};

static inline uint32_t
harness_octets(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* The MAC address of the host with this address. */
static inline void
harness_host_mac(uint8_t mac[6], uint32_t address)
{
	mac[0] = 2;
	mac[1] = 0xaa;
	for (int i = 0; i < 4; i++)
		mac[2 + i] = (uint8_t)(address >> (24 - 8 * i));
}

static inline bool
harness_is_host(uint32_t address, const struct nf_side *sides, uint8_t n_sides, uint8_t side,
		struct harness_own own)
{
	uint32_t mask = sides[side].prefix.mask, rest = address & ~mask;

	for (uint8_t s = 0; s < n_sides; s++)
		if (rte_be_to_cpu_32(sides[s].address) == address)
			return false;
	if (own.first != 0 && address >= own.first && address <= own.last)
		return false;
	return (address & mask) == sides[side].prefix.address &&
	       (mask >= 0xfffffffe || (rest != 0 && rest != ~mask));
}

/* Of a frame that an NF sent on a side, without a tag. */
static inline enum harness_question
harness_question(const uint8_t *frame, const struct nf_side *sides, uint8_t n_sides, uint8_t side,
		 struct harness_own own)
{
	uint32_t sender, target;
	uint8_t mac[6];

	if (memcmp(frame + 12, "\x08\x06\x00\x01\x08\x00\x06\x04\x00\x01", 10) != 0)
		return HARNESS_NO_QUESTION;
	sender = harness_octets(frame + 28);
	target = harness_octets(frame + 38);
	if (sender == target)
		return HARNESS_ANNOUNCEMENT;
	if (sender != rte_be_to_cpu_32(sides[side].address) ||
	    memcmp(frame + 22, &sides[side].mac, 6) != 0 ||
	    !harness_is_host(target, sides, n_sides, side, own))
		return HARNESS_WRONG_QUESTION;
	harness_host_mac(mac, target);
	return (frame[0] & 1) || memcmp(frame, mac, 6) == 0 ? HARNESS_QUESTION : HARNESS_SILENCE;
}

/* Turns a question into the answer of the host that was asked. */
static inline void
harness_answer(uint8_t *frame)
{
	uint8_t *sender = frame + 22, *target = frame + 32;
	uint8_t host[10];

	harness_host_mac(host, harness_octets(frame + 38));
	memcpy(host + 6, frame + 38, 4);
	frame[21] = 2;
	memcpy(target, sender, sizeof(host));
	memcpy(sender, host, sizeof(host));
	memcpy(frame, target, 6);
	memcpy(frame + 6, sender, 6);
}

#endif
