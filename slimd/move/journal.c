/* SPDX-License-Identifier: Apache-2.0 */
#include "journal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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
	int fd;
	int dir_fd;
	bool listed; /* the directory entry is on the disk */
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
journal_open(const char *dir, uint64_t session, struct journal **ret_journal)
{
	struct journal *journal = calloc(1, sizeof(*journal));
	int rc;

	if (journal == NULL)
		return -ENOMEM;
	journal->fd = -1;
	name_file(journal->name, session);
	journal->dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (journal->dir_fd >= 0)
		journal->fd = openat(journal->dir_fd, journal->name,
				     O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (journal->fd < 0) {
		rc = -errno;
		journal_close(journal);
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
	if (journal->fd >= 0)
		close(journal->fd);
	if (journal->dir_fd >= 0)
		close(journal->dir_fd);
	free(journal);
}

void
journal_remove(struct journal *journal)
{
	if (journal == NULL)
		return;
	/* A file that comes back after a power failure is read as what it says: a session that
	 * is over at the peer, which answers so. */
	unlinkat(journal->dir_fd, journal->name, 0);
	journal_close(journal);
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
	n = write(journal->fd, record, sizeof(head) + size);
	free(record);
	if (n != (ssize_t)(sizeof(head) + size))
		return n < 0 ? -errno : -ENOSPC;
	if (!durable)
		return 0;
	if (fdatasync(journal->fd) < 0)
		return -errno;
	if (!journal->listed && fsync(journal->dir_fd) < 0)
		return -errno;
	journal->listed = true;
	return 0;
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

static int
read_file(int fd, uint8_t **ret_bytes, size_t *ret_size)
{
	struct stat st;
	uint8_t *bytes;
	ssize_t n;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || st.st_size > JOURNAL_MAX_FILE)
		return -EFBIG;
	bytes = malloc((size_t)st.st_size + 1);
	if (bytes == NULL)
		return -ENOMEM;
	n = pread(fd, bytes, (size_t)st.st_size, 0);
	if (n < 0) {
		free(bytes);
		return -errno;
	}
	*ret_bytes = bytes;
	*ret_size = (size_t)n;
	return 0;
}

int
journal_read(const char *dir, uint64_t session, journal_record_fn *fn, void *ctx)
{
	char path[PATH_MAX], name[40];
	uint8_t *bytes = NULL;
	size_t size = 0;
	int fd, rc;

	name_file(name, session);
	if (snprintf(path, sizeof(path), "%s/%s", dir, name) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return -errno;
	rc = read_file(fd, &bytes, &size);
	close(fd);
	if (rc < 0)
		return rc;
	journal_parse(bytes, size, fn, ctx);
	free(bytes);
	return 0;
}

int
journal_list(const char *dir, uint64_t *ret_sessions, size_t max)
{
	DIR *handle = opendir(dir);
	struct dirent *entry;
	size_t n = 0;

	if (handle == NULL)
		return -errno;
	while (n < max && (entry = readdir(handle)) != NULL) {
		char expected[40];
		uint64_t session;

		if (sscanf(entry->d_name, "session-%16" SCNx64 ".journal", &session) != 1)
			continue;
		name_file(expected, session);
		if (strcmp(expected, entry->d_name) == 0)
			ret_sessions[n++] = session;
	}
	closedir(handle);
	return (int)n;
}
