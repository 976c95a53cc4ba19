/* SPDX-License-Identifier: Apache-2.0 */
#include "sums.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"

struct sums {
	struct outside *outside;
	void *at;
	size_t size;
	uint16_t n;
	const char *dir; /* the caller's; NULL: plain memory */
	char name[64];
};

static void
name_file(char name[64], uint64_t session, uint32_t table)
{
	snprintf(name, 64, "session-%016" PRIx64 ".%u.sums", session, table);
}

static struct sums *
sums_new(const struct sums_place *place, uint32_t n_slots, uint16_t n)
{
	struct sums *sums = calloc(1, sizeof(*sums));

	if (sums == NULL)
		return NULL;
	sums->outside = place->outside;
	sums->dir = place->dir;
	sums->n = n;
	sums->size = (size_t)n_slots * n * sizeof(uint64_t);
	name_file(sums->name, place->session, place->table);
	return sums;
}

static int
make_plain(struct sums *sums)
{
	sums->dir = NULL;
	sums->at = calloc(1, sums->size);
	return sums->at != NULL ? 0 : -ENOMEM;
}

int
sums_create(const struct sums_place *place, uint32_t n_slots, uint16_t n, struct sums **ret_sums)
{
	struct sums *sums = sums_new(place, n_slots, n);
	int rc = -ENOENT;

	if (sums == NULL)
		return -ENOMEM;
	if (sums->dir != NULL)
		rc = place->outside->memory->make(place->outside, sums->dir, sums->name, sums->size,
						  &sums->at);
	if (rc < 0) {
		log_session_warn(place->session, "sums will not survive a restart error=\"%s\"",
				 strerror(-rc));
		rc = make_plain(sums);
	}
	if (rc < 0) {
		free(sums);
		return rc;
	}
	*ret_sums = sums;
	return 0;
}

int
sums_reopen(const struct sums_place *place, uint32_t n_slots, uint16_t n, struct sums **ret_sums)
{
	struct sums *sums = sums_new(place, n_slots, n);
	int rc = -ENOENT;

	if (sums == NULL)
		return -ENOMEM;
	if (sums->dir != NULL)
		rc = place->outside->memory->open(place->outside, sums->dir, sums->name, sums->size,
						  &sums->at);
	if (rc < 0) {
		free(sums);
		return rc;
	}
	*ret_sums = sums;
	return 0;
}

void
sums_close(struct sums *sums)
{
	if (sums == NULL)
		return;
	if (sums->dir != NULL)
		sums->outside->memory->close(sums->outside, sums->at, sums->size);
	else
		free(sums->at);
	free(sums);
}

void
sums_remove(struct sums *sums)
{
	if (sums != NULL && sums->dir != NULL)
		sums->outside->disk->remove(sums->outside, sums->dir, sums->name);
	sums_close(sums);
}

uint64_t *
sums_of(struct sums *sums, uint32_t slot)
{
	return (uint64_t *)sums->at + (size_t)slot * sums->n;
}

static bool
is_wanted(uint64_t session, const uint64_t *sessions, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (sessions[i] == session)
			return true;
	return false;
}

struct cleaning {
	struct outside *outside;
	const char *dir;
	const uint64_t *sessions;
	size_t n;
};

static bool
clean_name(void *ctx, const char *name)
{
	const struct cleaning *cleaning = ctx;
	char canonical[64];
	uint64_t session;
	uint32_t table;

	if (sscanf(name, "session-%16" SCNx64 ".%u.sums", &session, &table) != 2)
		return true;
	name_file(canonical, session, table);
	if (strcmp(canonical, name) == 0 && !is_wanted(session, cleaning->sessions, cleaning->n))
		cleaning->outside->disk->remove(cleaning->outside, cleaning->dir, name);
	return true;
}

void
sums_clean(struct outside *outside, const char *dir, const uint64_t *sessions, size_t n)
{
	struct cleaning cleaning = {outside, dir, sessions, n};

	if (dir != NULL)
		outside->disk->list(outside, dir, clean_name, &cleaning);
}
