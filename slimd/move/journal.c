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
	bool torn;       /* something is behind the last whole record */
	uint64_t size;   /* up to the end of the last whole record */
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

/* An empty file is a journal, and one whose first record was cut short. */
static bool
is_journal(const uint8_t *bytes, size_t size)
{
	const uint32_t magic = MAGIC;

	return memcmp(bytes, &magic, size < sizeof(magic) ? size : sizeof(magic)) == 0;
}

static void
skip_record(void *ctx, enum journal_kind kind, const void *bytes, size_t size)
{
	(void)ctx;
	(void)kind;
	(void)bytes;
	(void)size;
}

/* How far the file that is there is whole. */
static int
measure(struct journal *journal)
{
	uint8_t *bytes = NULL;
	size_t size = 0;
	int rc = journal->outside->disk->read(journal->outside, journal->dir, journal->name,
					      JOURNAL_MAX_FILE, &bytes, &size);

	if (rc == -ENOENT)
		return 0;
	if (rc < 0)
		return rc;
	journal->size = journal_parse(bytes, size, skip_record, NULL);
	journal->torn = journal->size < size;
	if (journal->size == 0 && !is_journal(bytes, size))
		rc = -EBADMSG;
	free(bytes);
	return rc;
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
	rc = measure(journal);
	if (rc == 0)
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
journal_remove(struct journal *journal, uint32_t over)
{
	int rc;

	if (journal == NULL)
		return;
	/* A file that comes back after a power failure is read as what it says: a session that
	 * is over at the peer, and not in its NF's memory any more. */
	rc = journal->outside->disk->remove(journal->outside, journal->dir, journal->name);
	if (rc < 0 && rc != -ENOENT)
		journal_write(journal, JOURNAL_STAGE, &over, sizeof(over), true);
	journal_close(journal);
}

/* What is behind the last whole record goes before anything follows it. */
static int
cut_off(struct journal *journal)
{
	int rc;

	if (!journal->torn)
		return 0;
	rc = journal->outside->disk->truncate(journal->file, journal->size);
	journal->torn = rc < 0;
	return rc;
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

/* All of it, durable if wanted, or none. */
static int
append(struct journal *journal, const uint8_t *record, size_t size, bool durable)
{
	int rc = cut_off(journal);
	ssize_t n;

	if (rc < 0)
		return rc;
	n = journal->outside->disk->append(journal->file, record, size);
	if (n != (ssize_t)size)
		rc = n < 0 ? (int)n : -ENOSPC;
	if (rc == 0 && durable)
		rc = make_durable(journal);
	if (rc == 0) {
		journal->size += size;
		return 0;
	}
	journal->torn = true;
	cut_off(journal);
	return rc;
}

int
journal_write(struct journal *journal, enum journal_kind kind, const void *bytes, size_t size,
	      bool durable)
{
	struct record_head head = {.magic = MAGIC, .kind = kind, .size = (uint32_t)size};
	uint8_t *record;
	int rc;

	if (size > JOURNAL_MAX_RECORD)
		return -EMSGSIZE;
	record = malloc(sizeof(head) + size);
	if (record == NULL)
		return -ENOMEM;
	head.check = checksum(head.kind, bytes, size);
	memcpy(record, &head, sizeof(head));
	memcpy(record + sizeof(head), bytes, size);
	rc = append(journal, record, sizeof(head) + size, durable);
	free(record);
	return rc;
}

/* Size of the whole record at this place; 0: there is none. */
static size_t
record_at(const uint8_t *at, size_t size, struct record_head *ret)
{
	if (size < sizeof(*ret))
		return 0;
	memcpy(ret, at, sizeof(*ret));
	if (ret->magic != MAGIC || ret->size > JOURNAL_MAX_RECORD ||
	    ret->size > size - sizeof(*ret) ||
	    ret->check != checksum(ret->kind, at + sizeof(*ret), ret->size))
		return 0;
	return sizeof(*ret) + ret->size;
}

size_t
journal_parse(const void *bytes, size_t size, journal_record_fn *fn, void *ctx)
{
	const uint8_t *all = bytes;
	size_t at = 0, end = 0;

	while (at < size) {
		struct record_head head;
		size_t n = record_at(all + at, size - at, &head);

		if (n == 0) {
			at++;
			continue;
		}
		fn(ctx, (enum journal_kind)head.kind, all + at + sizeof(head), head.size);
		at += n;
		end = at;
	}
	return end;
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
	if (journal_parse(bytes, size, fn, ctx) == 0 && !is_journal(bytes, size))
		rc = -EBADMSG;
	free(bytes);
	return rc;
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
