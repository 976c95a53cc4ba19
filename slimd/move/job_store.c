/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Jobs that have ended, one file each in the state directory: what GetJob gives, behind a sum.
 * The name has the time of their beginning first, so the oldest come first when names are sorted.
 *
 * The files outlive the daemon, not a failing power supply: nothing waits for the disk here. One
 * that is torn is dropped with a word in the log.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <xxhash.h>

#include "job.h"
#include "log.h"
#include "outside.h"

#define MAX_FILE (64u << 10)
#define NAME_SIZE 48u
#define MAGIC UINT64_C(0x31626f6a6d696c73) /* "slimjob1" */

struct head {
	uint64_t magic;
	uint64_t sum;
};

static void
name_file(char name[NAME_SIZE], const struct job *job)
{
	snprintf(name, NAME_SIZE, "job-%016" PRIx64 "-%s.ended", job->started_unix_ns, job->id);
}

/* ---- which files are there -------------------------------------------------------------- */

struct names {
	size_t n;
	char list[2 * JOB_KEEP][NAME_SIZE];
};

static bool
take_name(void *ctx, const char *name)
{
	struct names *names = ctx;
	size_t length = strlen(name);

	if (length == strlen("job-0123456789abcdef-0123456789abcdef.ended") &&
	    strncmp(name, "job-", 4) == 0 && strcmp(name + length - 6, ".ended") == 0)
		memcpy(names->list[names->n++], name, length + 1);
	return names->n < 2 * JOB_KEEP;
}

static int
compare_names(const void *a, const void *b)
{
	return strcmp(a, b);
}

static struct names *
list_names(struct outside *outside, const char *dir)
{
	struct names *names = calloc(1, sizeof(*names));

	if (names == NULL)
		return NULL;
	outside->disk->list(outside, dir, take_name, names);
	qsort(names->list, names->n, sizeof(names->list[0]), compare_names);
	return names;
}

static void
drop_oldest(struct outside *outside, const char *dir)
{
	struct names *names = list_names(outside, dir);

	for (size_t i = 0; names != NULL && i + JOB_KEEP < names->n; i++)
		outside->disk->remove(outside, dir, names->list[i]);
	free(names);
}

/* ---- out ----------------------------------------------------------------------------------- */

static int
write_file(struct outside *outside, const char *dir, const char *name, const void *bytes,
	   size_t size)
{
	struct disk_file *file;
	ssize_t n;
	int rc = outside->disk->open(outside, dir, name, &file);

	if (rc < 0)
		return rc;
	rc = outside->disk->truncate(file, 0);
	n = rc == 0 ? outside->disk->append(file, bytes, size) : rc;
	outside->disk->close(file);
	return n == (ssize_t)size ? 0 : n < 0 ? (int)n : -ENOSPC;
}

void
job_keep(struct outside *outside, const char *dir, const struct job *job)
{
	struct job_message *message;
	char name[NAME_SIZE];
	struct head head;
	uint8_t *bytes;
	size_t size;
	int rc = -ENOMEM;

	if (dir == NULL)
		return;
	message = malloc(sizeof(*message));
	bytes = malloc(MAX_FILE);
	if (message != NULL && bytes != NULL) {
		job_to_message(job, job->ended_ns, message);
		size = slim__v1__job__get_packed_size(&message->job);
		rc = size <= MAX_FILE - sizeof(head) ? 0 : -EMSGSIZE;
	}
	if (rc == 0) {
		slim__v1__job__pack(&message->job, bytes + sizeof(head));
		head = (struct head){.magic = MAGIC,
				     .sum = XXH3_64bits(bytes + sizeof(head), size)};
		memcpy(bytes, &head, sizeof(head));
		name_file(name, job);
		rc = write_file(outside, dir, name, bytes, sizeof(head) + size);
	}
	free(bytes);
	free(message);
	if (rc < 0)
		log_error("job not kept id=%s error=\"%s\"", job->id, strerror(-rc));
	drop_oldest(outside, dir);
}

/* ---- in ------------------------------------------------------------------------------------- */

static int
read_file(struct outside *outside, const char *dir, const char *name, Slim__V1__Job **ret_message)
{
	uint8_t *bytes;
	struct head head;
	size_t size;
	int rc = outside->disk->read(outside, dir, name, MAX_FILE, &bytes, &size);

	if (rc < 0)
		return rc;
	rc = -EBADMSG;
	if (size >= sizeof(head)) {
		memcpy(&head, bytes, sizeof(head));
		size -= sizeof(head);
		if (head.magic == MAGIC && head.sum == XXH3_64bits(bytes + sizeof(head), size))
			*ret_message = slim__v1__job__unpack(NULL, size, bytes + sizeof(head));
		else
			*ret_message = NULL;
		rc = *ret_message != NULL ? 0 : -EBADMSG;
	}
	free(bytes);
	return rc;
}

void
job_recall(struct outside *outside, const char *dir, struct job_list *list)
{
	struct names *names = dir != NULL ? list_names(outside, dir) : NULL;

	for (size_t i = 0; names != NULL && i < names->n; i++) {
		Slim__V1__Job *message = NULL;
		int rc = read_file(outside, dir, names->list[i], &message);

		/* One that was still under way has a journal, which knows better. */
		if (rc == 0 && job_find(list, message->id) == NULL)
			rc = job_from_message(list, message);
		if (rc < 0)
			log_warn("job not read file=%s error=\"%s\"", names->list[i],
				 strerror(-rc));
		if (message != NULL)
			slim__v1__job__free_unpacked(message, NULL);
	}
	free(names);
}
