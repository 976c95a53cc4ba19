/* SPDX-License-Identifier: Apache-2.0 */
#include "stray.h"

#include <stdlib.h>

#include "gate.h"
#include "log.h"

struct stray {
	TAILQ_ENTRY(stray) link;
	struct nf *nf; /* held */
	struct gate gate;
};

void
stray_list_init(struct stray_list *list)
{
	TAILQ_INIT(list);
}

static void
stray_free(struct stray_list *list, struct stray *stray)
{
	TAILQ_REMOVE(list, stray, link);
	stray->nf->session = 0;
	nf_release(stray->nf);
	free(stray);
}

void
stray_list_fini(struct stray_list *list)
{
	while (!TAILQ_EMPTY(list))
		stray_free(list, TAILQ_FIRST(list));
}

void
stray_check(struct stray_list *list, struct nf *nf)
{
	struct gate_command command = {.mode = SLIM_GATE_CLOSED};
	struct slim_shm_command left;
	struct stray *stray;

	gate_commanded(nf, &left);
	if (nf->session != 0 || left.mode != SLIM_GATE_RECEIVE)
		return;
	stray = calloc(1, sizeof(*stray));
	if (stray == NULL) {
		log_error("gate left in receive, no memory nf=%s", nf->name);
		return;
	}
	log_warn("gate left in receive by an import, closed nf=%s", nf->name);
	nf_hold(nf);
	nf->session = left.session;
	stray->nf = nf;
	gate_init(&stray->gate, nf);
	gate_command(&stray->gate, &command);
	TAILQ_INSERT_TAIL(list, stray, link);
}

bool
stray_poll(struct stray_list *list)
{
	struct stray *stray, *next;

	for (stray = TAILQ_FIRST(list); stray != NULL; stray = next) {
		next = TAILQ_NEXT(stray, link);
		if (!stray->nf->up || gate_poll(&stray->gate))
			stray_free(list, stray);
	}
	return !TAILQ_EMPTY(list);
}
