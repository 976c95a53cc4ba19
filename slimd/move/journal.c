/* SPDX-License-Identifier: Apache-2.0 */
#include "journal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#define MAGIC 0x524a4c53u /* "SLJR" */

struct record_head {
	uint32_t magic;
	uint32_t kind;
	uint32_t size;
	uint32_t check; /* of kind, size and bytes */
};

struct journal {
	struct outside *outside;
	struct disk_file *file;
	const char *dir; /* the caller's */
	bool listed;     /* the directory entry is on the disk */
	char name[40];
};

static void
name_file(char name[40], uint64_t session)
{
	snprintf(name, 40, "session-%016" PRIx64 ".journal", session);
}

static uint32_t
checksum(uint32_t kind, const void *bytes, size_t size)
{
	return XXH32(bytes, size, kind * 31u + (uint32_t)size);
}

int
journal_open(struct outside *outside, const char *dir, uint64_t session,
	     struct journal **ret_journal)
{
	struct journal *journal = calloc(1, sizeof(*journal));
	int rc;

	if (journal == NULL)
		return -ENOMEM;
	journal->outside = outside;
	journal->dir = dir;
	name_file(journal->name, session);
	rc = outside->disk->open(outside, dir, journal->name, &journal->file);
	if (rc < 0) {
		free(journal);
		return rc;
	}
	*ret_journal = journal;
	return 0;
}

void
journal_close(struct journal *journal)
{
	if (journal == NULL)
		return;
	journal->outside->disk->close(journal->file);
	free(journal);
}

void
journal_remove(struct journal *journal)
{
	if (journal == NULL)
		return;
	/* A file that comes back after a power failure is read as what it says: a session that
	 * is over at the peer, which answers so. */
	journal->outside->disk->remove(journal->outside, journal->dir, journal->name);
	journal_close(journal);
}

static int
make_durable(struct journal *journal)
{
	const struct disk_ops *disk = journal->outside->disk;
	int rc = disk->sync(journal->file);

	if (rc == 0 && !journal->listed)
		rc = disk->sync_folder(journal->file);
	if (rc == 0)
		journal->listed = true;
	return rc;
}

int
journal_write(struct journal *journal, enum journal_kind kind, const void *bytes, size_t size,
	      bool durable)
{
	struct record_head head = {.magic = MAGIC, .kind = kind, .size = (uint32_t)size};
	uint8_t *record;
	ssize_t n;

	if (size > JOURNAL_MAX_RECORD)
		return -EMSGSIZE;
	record = malloc(sizeof(head) + size);
	if (record == NULL)
		return -ENOMEM;
	head.check = checksum(head.kind, bytes, size);
	memcpy(record, &head, sizeof(head));
	memcpy(record + sizeof(head), bytes, size);
	n = journal->outside->disk->append(journal->file, record, sizeof(head) + size);
	free(record);
	if (n != (ssize_t)(sizeof(head) + size))
		return n < 0 ? (int)n : -ENOSPC;
	return durable ? make_durable(journal) : 0;
}

void
journal_parse(const void *bytes, size_t size, journal_record_fn *fn, void *ctx)
{
	const uint8_t *at = bytes;

	while (size >= sizeof(struct record_head)) {
		struct record_head head;

		memcpy(&head, at, sizeof(head));
		at += sizeof(head);
		size -= sizeof(head);
		if (head.magic != MAGIC || head.size > JOURNAL_MAX_RECORD || head.size > size ||
		    head.check != checksum(head.kind, at, head.size))
			return;
		fn(ctx, (enum journal_kind)head.kind, at, head.size);
		at += head.size;
		size -= head.size;
	}
}

int
journal_read(struct outside *outside, const char *dir, uint64_t session, journal_record_fn *fn,
	     void *ctx)
{
	char name[40];
	uint8_t *bytes = NULL;
	size_t size = 0;
	int rc;

	name_file(name, session);
	rc = outside->disk->read(outside, dir, name, JOURNAL_MAX_FILE, &bytes, &size);
	if (rc < 0)
		return rc;
	journal_parse(bytes, size, fn, ctx);
	free(bytes);
	return 0;
}

struct listing {
	uint64_t *sessions;
	size_t n, max;
};

static bool
take_name(void *ctx, const char *name)
{
	struct listing *listing = ctx;
	char expected[40];
	uint64_t session;

	if (sscanf(name, "session-%16" SCNx64 ".journal", &session) != 1)
		return true;
	name_file(expected, session);
	if (strcmp(expected, name) == 0)
		listing->sessions[listing->n++] = session;
	return listing->n < listing->max;
}

int
journal_list(struct outside *outside, const char *dir, uint64_t *ret_sessions, size_t max)
{
	struct listing listing = {.sessions = ret_sessions, .max = max};
	int rc = outside->disk->list(outside, dir, take_name, &listing);

	return rc < 0 ? rc : (int)listing.n;
}
