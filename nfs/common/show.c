/* SPDX-License-Identifier: Apache-2.0 */
/* Counters, neighbours, entries; see show.h. Main thread. */
#include "show.h"

#include <arpa/inet.h>

#include "slot.h"

/* A worker writes a slot in some nanoseconds; who meets it at that many of them meets it always. */
#define READ_TRIES 64u

const struct nf_counter_name *
nf_counter_name(const struct nf_running *running, unsigned int counter)
{
	return counter < NF_N_COUNTERS ? &nf_counter_names[counter]
				       : &running->counters[counter - NF_N_COUNTERS];
}

uint64_t
nf_counter_sum(const struct nf_running *running, unsigned int counter)
{
	uint64_t sum = 0;

	for (uint16_t w = 0; w < running->n_workers; w++)
		sum += __atomic_load_n(&running->workers[w].counters[counter], __ATOMIC_RELAXED);
	return sum;
}

bool
nf_entry_read(const struct slim_table *table, uint32_t slot, void *ret_entry, uint32_t size)
{
	const uint8_t *payload = slim_slot(table, slot);
	struct slot_state state;

	for (uint32_t i = 0; i < READ_TRIES; i++)
		if (slot_read(payload - sizeof(struct slim_slot_head), size, ret_entry, &state))
			return state.used;
	return false;
}

bool
nf_show_counters(struct nf_request *r, struct nf_reply *reply)
{
	const struct nf_running *running = r->running;

	for (; r->job.cursor < running->n_counters; r->job.cursor++) {
		if (!nf_reply_has_room(reply))
			return false;
		nf_reply_begin(reply);
		nf_reply_text(reply, "counter", "%s",
			      nf_counter_name(running, r->job.cursor)->name);
		nf_reply_number(reply, "value", nf_counter_sum(running, r->job.cursor));
		nf_reply_text(reply, "text", "%s", nf_counter_name(running, r->job.cursor)->text);
		nf_reply_end(reply);
	}
	return true;
}

static void
write_neighbour(struct nf_reply *reply, const struct nf_neighbour *n, const char *side,
		uint64_t now_ns)
{
	const uint8_t *mac = n->mac.addr_bytes;
	char address[INET_ADDRSTRLEN];

	inet_ntop(AF_INET, &n->address, address, sizeof(address));
	nf_reply_begin(reply);
	nf_reply_text(reply, "side", "%s", side);
	nf_reply_text(reply, "address", "%s", address);
	nf_reply_text(reply, "mac", "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3],
		      mac[4], mac[5]);
	nf_reply_number(reply, "confirmed_s",
			now_ns > n->confirmed ? (now_ns - n->confirmed) / 1000000000 : 0);
	nf_reply_end(reply);
}

bool
nf_show_neighbours(struct nf_request *r, struct nf_reply *reply,
		   const struct nf_neighbour_table *table)
{
	uint32_t n_slots = table->shares.capacity;
	uint32_t end = RTE_MIN(n_slots, r->job.cursor + NF_SLOTS_A_STEP);
	struct nf_neighbour neighbour;

	for (; r->job.cursor < end; r->job.cursor++) {
		if (!nf_reply_has_room(reply))
			return false;
		if (nf_entry_read(table->shares.table, r->job.cursor, &neighbour,
				  sizeof(neighbour)) &&
		    neighbour.side < table->config.n_sides)
			write_neighbour(reply, &neighbour, table->config.sides[neighbour.side].name,
					r->now_ns);
	}
	return end == n_slots;
}
