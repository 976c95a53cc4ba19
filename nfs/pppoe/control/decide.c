/* SPDX-License-Identifier: Apache-2.0 */
/* Who decides about log-ins; see decide.h. Main thread. */
#include "decide.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "auth.h"
#include "orders.h"
#include "radius_request.h"
#include "secrets.h"

#define QUESTIONS_A_ROUND 64u /* of a worker */
#define ANSWERS_A_ROUND 256u  /* of RADIUS */

/* An answer on its way into a mailbox. */
struct kept {
	bool waits;
	uint16_t worker;
	struct pppoe_answer answer;
};

struct pppoe_decide {
	struct pppoe_radius *radius;         /* NULL: not configured */
	struct pppoe_disconnect *disconnect; /* likewise */
	struct pppoe_secrets_file *secrets;  /* likewise */
	struct nf_mailbox *mailboxes[SLIM_MAX_WORKERS];
	struct kept of_worker[SLIM_MAX_WORKERS]; /* what was decided at once */
	struct kept of_radius;
};

/* ---- open and close ------------------------------------------------------------------------------------------------ */

static int
open_radius(struct pppoe_decide *d, const struct pppoe_config *config)
{
	const struct pppoe_radius_config *radius = &config->radius;
	int error = 0;

	if (radius->n_auth + radius->n_accounting != 0)
		error = pppoe_radius_open(radius, &d->radius);
	if (error != 0) {
		fprintf(stderr, "RADIUS: %s\n", strerror(-error));
		return error;
	}
	if (radius->listen != 0)
		error = pppoe_disconnect_open(radius, config->n_workers, &d->disconnect);
	if (error != 0)
		fprintf(stderr, "RADIUS disconnect: %s\n", strerror(-error));
	return error;
}

int
pppoe_decide_open(struct pppoe *pppoe)
{
	pppoe->decide = calloc(1, sizeof(*pppoe->decide));
	return pppoe->decide == NULL ? -ENOMEM : open_radius(pppoe->decide, &pppoe->config);
}

int
pppoe_decide_files(struct pppoe *pppoe)
{
	const struct pppoe_config *config = &pppoe->config;
	struct pppoe_secrets_file *secrets;
	char reason[256];
	int error;

	if (config->secrets_file[0] == '\0')
		return 0;
	error = pppoe_secrets_load(config->secrets_file, config->ac_name, &secrets, reason);
	if (error != 0) {
		fprintf(stderr, "%s\n", reason);
		return error;
	}
	pppoe_secrets_free(pppoe->decide->secrets);
	pppoe->decide->secrets = secrets;
	return 0;
}

void
pppoe_decide_join(struct pppoe *pppoe, const struct nf_worker *worker)
{
	pppoe->decide->mailboxes[worker->index] = worker->mailbox;
}

void
pppoe_decide_close(struct pppoe *pppoe)
{
	struct pppoe_decide *d = pppoe->decide;
	uint32_t n_lost;

	if (d == NULL)
		return;
	n_lost = pppoe_radius_close(d->radius);
	if (n_lost != 0)
		fprintf(stderr, "RADIUS: %u accounting records were not taken\n", n_lost);
	pppoe_disconnect_close(d->disconnect);
	pppoe_secrets_free(d->secrets);
	free(d);
	pppoe->decide = NULL;
}

/* ---- answers ------------------------------------------------------------------------------------------------------ */

/* False: the mailbox is full. */
static bool
give(struct pppoe_decide *d, struct kept *kept)
{
	struct nf_job job = {.sender = NF_SENDER_NF, .kind = PPPOE_ORDER_ANSWER};

	memcpy(job.args, &kept->answer, sizeof(kept->answer));
	kept->waits = !nf_mailbox_put(d->mailboxes[kept->worker], &job);
	return !kept->waits;
}

static uint32_t
take_answers(struct pppoe_decide *d)
{
	struct kept *kept = &d->of_radius;
	uint32_t n = 0;

	if (kept->waits && !give(d, kept))
		return 0;
	while (n < ANSWERS_A_ROUND && pppoe_radius_take(d->radius, &kept->answer, &kept->worker)) {
		n++;
		if (!give(d, kept))
			break;
	}
	return n;
}

/* ---- questions ---------------------------------------------------------------------------------------------------- */

static bool
is_right(const struct pppoe_ask *ask, const struct pppoe_credential *c)
{
	uint8_t digest[CHAP_MD5_SIZE];
	bool right;

	if (ask->kind == PPPOE_ASK_PAP)
		return ppp_same_secret(ask->secret, ask->secret_size, c->secret, c->secret_size);
	right = chap_md5(ask->identifier, c->secret, c->secret_size, ask->challenge,
			 sizeof(ask->challenge), digest) &&
		ppp_same_secret(ask->secret, ask->secret_size, digest, sizeof(digest));
	OPENSSL_cleanse(digest, sizeof(digest));
	return right;
}

static void
decide_by_file(const struct pppoe_decide *d, const struct pppoe_ask *ask,
	       struct pppoe_answer *answer)
{
	const struct pppoe_credential *c = pppoe_secrets_find(d->secrets, ask->user);

	if (c == NULL || !is_right(ask, c)) {
		answer->verdict = PPPOE_BAD;
		return;
	}
	answer->verdict = PPPOE_GOOD;
	answer->ipv4 = c->address;
}

/* True: the answer is there at once. */
static bool
decide_login(struct pppoe_decide *d, const struct pppoe_config *config, const struct pppoe_ask *ask,
	     struct pppoe_answer *answer)
{
	pppoe_answer_begin(ask, answer);
	if (d->secrets != NULL)
		decide_by_file(d, ask, answer);
	else if (config->radius.n_auth != 0)
		return !pppoe_radius_ask(d->radius, ask);
	return true;
}

static uint32_t
take_questions(struct pppoe *pppoe, uint16_t worker)
{
	struct pppoe_decide *d = pppoe->decide;
	struct kept *kept = &d->of_worker[worker];
	struct pppoe_ask ask;
	uint32_t n = 0;

	if (kept->waits && !give(d, kept))
		return 0;
	while (n < QUESTIONS_A_ROUND && pppoe_ask_take(pppoe->asks[worker], &ask)) {
		n++;
		if (!pppoe_ask_is_login(&ask)) {
			if (d->radius != NULL)
				pppoe_radius_account(d->radius, &ask);
			continue;
		}
		kept->worker = worker;
		if (decide_login(d, &pppoe->config, &ask, &kept->answer) && !give(d, kept))
			break;
	}
	OPENSSL_cleanse(&ask, sizeof(ask));
	return n;
}

/* ---- the main loop -------------------------------------------------------------------------------------------------- */

uint32_t
pppoe_decide_round(struct pppoe *pppoe)
{
	struct pppoe_decide *d = pppoe->decide;
	uint32_t n = 0;

	for (uint16_t w = 0; w < pppoe->config.n_workers; w++)
		n += take_questions(pppoe, w);
	if (d->radius != NULL)
		n += take_answers(d);
	if (d->disconnect != NULL)
		n += pppoe_disconnect_round(d->disconnect, d->mailboxes);
	return n;
}

void
pppoe_decide_job_done(struct pppoe *pppoe, uint16_t worker, const struct nf_job *job)
{
	(void)worker;
	if (job->kind == PPPOE_ORDER_END && pppoe->decide->disconnect != NULL)
		pppoe_disconnect_done(pppoe->decide->disconnect, job);
}

/* ---- counters ------------------------------------------------------------------------------------------------------ */

const struct nf_counter_name *
pppoe_decide_counter_name(unsigned int counter)
{
	return counter < PPPOE_RADIUS_N_COUNTERS
		       ? &pppoe_radius_counter_names[counter]
		       : &pppoe_disconnect_counter_names[counter - PPPOE_RADIUS_N_COUNTERS];
}

uint64_t
pppoe_decide_count(const struct pppoe *pppoe, unsigned int counter)
{
	const struct pppoe_decide *d = pppoe->decide;

	if (counter < PPPOE_RADIUS_N_COUNTERS)
		return d->radius != NULL ? pppoe_radius_count(d->radius, counter) : 0;
	counter -= PPPOE_RADIUS_N_COUNTERS;
	return d->disconnect != NULL ? pppoe_disconnect_count(d->disconnect, counter) : 0;
}
