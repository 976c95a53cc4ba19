/* SPDX-License-Identifier: Apache-2.0 */
#include "wanted.h"

#include <errno.h>
#include <string.h>

#include "log.h"
#include "store.h"

static int
save(struct wanted *w)
{
	char text[STEERING_TEXT_SIZE];
	size_t size = steering_save(w->topology, &w->file, text);
	int result;

	if (!w->state_dir)
		return 0;
	result = store_write(w->state_dir, text, size);
	if (result < 0 && !w->behind)
		log_error("state file not written, trying again dir=%s: %s", w->state_dir,
			  strerror(-result));
	else if (result == 0 && w->behind)
		log_info("state file written again dir=%s", w->state_dir);
	w->behind = result < 0;
	return result;
}

static int
read_file(struct wanted *w, unsigned *ret_skipped)
{
	char text[STEERING_TEXT_SIZE];
	int result = store_read(w->state_dir, text, sizeof(text));

	if (result == 0 && steering_load(w->topology, text, &w->now, ret_skipped) < 0)
		result = -EINVAL;
	return result;
}

void
wanted_load(struct wanted *w, const struct topology *topology, const char *state_dir)
{
	unsigned skipped = 0;
	int result;

	*w = (struct wanted){.topology = topology, .state_dir = state_dir};
	steering_init(&w->now);
	result = state_dir ? read_file(w, &skipped) : 0;
	if (result == -ENOENT)
		log_info("no state file, the rules on the switches will tell dir=%s", state_dir);
	else if (result < 0)
		log_error("state file not usable, the rules on the switches will tell dir=%s: %s",
			  state_dir, strerror(-result));
	if (skipped)
		log_warn("state file names what the topology does not have n=%u", skipped);
	w->file = w->now;
}

int
wanted_write(struct wanted *w, unsigned service, const struct steering_service *next)
{
	struct steering_service before = w->file.services[service];
	int result;

	w->file.services[service] = *next;
	result = save(w);
	if (result < 0) {
		w->file.services[service] = before;
		save(w); /* the new file may be in its place already */
	}
	return result;
}

static bool
is_same(const struct steering_service *a, const struct steering_service *b)
{
	const struct steering_session *x = &a->session, *y = &b->session;

	return a->known == b->known && a->serving == b->serving && x->stage == y->stage &&
	       x->id == y->id && x->tag == y->tag && x->source == y->source &&
	       x->target == y->target && memcmp(x->vids, y->vids, sizeof(x->vids)) == 0;
}

void
wanted_enter(struct wanted *w, unsigned service, const struct steering_service *next)
{
	bool written = is_same(&w->file.services[service], next);

	w->now.services[service] = w->file.services[service] = *next;
	if (!written)
		save(w);
}

void
wanted_revert(struct wanted *w, unsigned service)
{
	w->file.services[service] = w->now.services[service];
	save(w);
}

void
wanted_catch_up(struct wanted *w)
{
	if (w->behind)
		save(w);
}
