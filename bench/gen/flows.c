/* SPDX-License-Identifier: Apache-2.0 */
/* Open flows; see flows.h. */
#include <errno.h>
#include <stdlib.h>

#include "flows.h"

#define FIRST_PORT 1024u
#define N_PORTS (65536u - FIRST_PORT)
#define REMOTE_PORT 7000u
#define N_REMOTE_PORTS 100u

struct waiting {
	uint32_t slot;
	uint64_t ready_ns;
};

struct flows {
	struct flows_config config;
	uint32_t per_subscriber; /* slots that share an inside address */
	uint32_t n_lives;        /* different ports of one slot */
	uint32_t n_open;
	uint32_t *open;          /* slots, the first n_open in use */
	uint32_t *lives;         /* of each slot, 0: never opened */
	bool *is_open;           /* each slot */
	struct waiting *waiting; /* ring of n_slots: closed slots in the order of closing */
	uint32_t head, n_waiting;
	uint64_t random;
};

static bool
config_is_good(const struct flows_config *c)
{
	return c->n_slots > 0 && c->n_fixed <= c->n_slots && c->n_subscribers > 0 &&
	       c->n_remotes > 0 && (c->n_slots - 1u) / c->n_subscribers < N_PORTS;
}

int
flows_create(const struct flows_config *config, struct flows **ret_flows)
{
	struct flows *f;

	if (!config_is_good(config))
		return -EINVAL;
	f = calloc(1, sizeof(*f));
	if (f == NULL)
		return -ENOMEM;
	f->config = *config;
	f->per_subscriber = (config->n_slots - 1u) / config->n_subscribers + 1u;
	f->n_lives = N_PORTS / f->per_subscriber;
	f->random = config->seed * 2u + 1u;
	f->open = calloc(config->n_slots, sizeof(*f->open));
	f->lives = calloc(config->n_slots, sizeof(*f->lives));
	f->is_open = calloc(config->n_slots, sizeof(*f->is_open));
	f->waiting = calloc(config->n_slots, sizeof(*f->waiting));
	if (f->open == NULL || f->lives == NULL || f->is_open == NULL || f->waiting == NULL) {
		flows_destroy(f);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < config->n_slots; i++)
		f->waiting[f->n_waiting++].slot = i;
	*ret_flows = f;
	return 0;
}

void
flows_destroy(struct flows *f)
{
	if (f == NULL)
		return;
	free(f->open);
	free(f->lives);
	free(f->is_open);
	free(f->waiting);
	free(f);
}

bool
flows_open(struct flows *f, uint64_t now_ns, uint32_t *ret_slot)
{
	const struct waiting *w = &f->waiting[f->head];

	if (f->n_waiting == 0 || w->ready_ns > now_ns)
		return false;
	f->head = (f->head + 1u) % f->config.n_slots;
	f->n_waiting--;
	f->lives[w->slot]++;
	f->is_open[w->slot] = true;
	if (w->slot >= f->config.n_fixed)
		f->open[f->n_open++] = w->slot;
	*ret_slot = w->slot;
	return true;
}

/* xorshift64 (Marsaglia 2003): any even spread does. */
static uint32_t
random_below(struct flows *f, uint32_t n)
{
	f->random ^= f->random << 13;
	f->random ^= f->random >> 7;
	f->random ^= f->random << 17;
	return (uint32_t)((f->random >> 32) * n >> 32);
}

bool
flows_close(struct flows *f, uint64_t now_ns, uint32_t *ret_slot)
{
	uint32_t i, tail;

	if (f->n_open == 0)
		return false;
	i = random_below(f, f->n_open);
	*ret_slot = f->open[i];
	f->open[i] = f->open[--f->n_open];
	f->is_open[*ret_slot] = false;
	tail = (f->head + f->n_waiting++) % f->config.n_slots;
	f->waiting[tail] = (struct waiting){*ret_slot, now_ns + f->config.guard_ns};
	return true;
}

bool
flows_is_open(const struct flows *f, uint32_t slot)
{
	return f->is_open[slot];
}

ledger_endpoint
flows_inside(const struct flows *f, uint32_t slot)
{
	uint32_t n = f->config.n_subscribers;
	uint32_t life = (f->lives[slot] - 1u) % f->n_lives;
	uint32_t port = FIRST_PORT + life * f->per_subscriber + slot / n;

	return LEDGER_ENDPOINT(f->config.subscriber_base + slot % n, port);
}

ledger_endpoint
flows_remote(const struct flows *f, uint32_t slot)
{
	uint32_t n = f->config.n_remotes;

	return LEDGER_ENDPOINT(f->config.remote_base + slot % n,
			       REMOTE_PORT + slot / n % N_REMOTE_PORTS);
}

uint32_t
flows_n_open(const struct flows *f)
{
	return f->n_open;
}

uint32_t
flows_open_at(const struct flows *f, uint32_t i)
{
	return f->open[i];
}
