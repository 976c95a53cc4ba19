/* SPDX-License-Identifier: Apache-2.0 */
#include "sums.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log.h"

struct sums {
	uint64_t *at;
	size_t size;
	uint16_t n;
	char path[PATH_MAX]; /* "": plain memory */
};

static struct sums *
sums_new(const char *dir, uint64_t session, uint32_t table, uint32_t n_slots, uint16_t n)
{
	struct sums *sums = calloc(1, sizeof(*sums));

	if (sums == NULL)
		return NULL;
	sums->n = n;
	sums->size = (size_t)n_slots * n * sizeof(uint64_t);
	if (dir != NULL)
		snprintf(sums->path, sizeof(sums->path), "%s/session-%016" PRIx64 ".%u.sums", dir,
			 session, table);
	return sums;
}

static int
map_file(struct sums *sums, int fd)
{
	void *at = mmap(NULL, sums->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (at == MAP_FAILED)
		return -errno;
	sums->at = at;
	return 0;
}

static int
make_file(struct sums *sums)
{
	int fd, rc;

	if (sums->path[0] == '\0')
		return -ENOENT;
	fd = open(sums->path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	/* Room now, or a bus error later. */
	rc = -posix_fallocate(fd, 0, (off_t)sums->size);
	if (rc == 0)
		rc = map_file(sums, fd);
	close(fd);
	if (rc < 0)
		unlink(sums->path);
	return rc;
}

static int
make_plain(struct sums *sums)
{
	void *at =
		mmap(NULL, sums->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED)
		return -errno;
	sums->at = at;
	sums->path[0] = '\0';
	return 0;
}

int
sums_create(const char *dir, uint64_t session, uint32_t table, uint32_t n_slots, uint16_t n,
	    struct sums **ret_sums)
{
	struct sums *sums = sums_new(dir, session, table, n_slots, n);
	int rc;

	if (sums == NULL)
		return -ENOMEM;
	rc = make_file(sums);
	if (rc < 0) {
		log_session_warn(session, "sums will not survive a restart error=\"%s\"",
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

static int
open_file(struct sums *sums)
{
	struct stat st;
	int fd = open(sums->path, O_RDWR | O_CLOEXEC | O_NOFOLLOW), rc;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0)
		rc = -errno;
	else
		rc = (size_t)st.st_size == sums->size ? map_file(sums, fd) : -EBADMSG;
	close(fd);
	return rc;
}

int
sums_reopen(const char *dir, uint64_t session, uint32_t table, uint32_t n_slots, uint16_t n,
	    struct sums **ret_sums)
{
	struct sums *sums = sums_new(dir, session, table, n_slots, n);
	int rc;

	if (sums == NULL)
		return -ENOMEM;
	rc = open_file(sums);
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
	munmap(sums->at, sums->size);
	free(sums);
}

void
sums_remove(struct sums *sums)
{
	if (sums != NULL && sums->path[0] != '\0')
		unlink(sums->path);
	sums_close(sums);
}

uint64_t *
sums_of(struct sums *sums, uint32_t slot)
{
	return sums->at + (size_t)slot * sums->n;
}

static bool
is_wanted(uint64_t session, const uint64_t *sessions, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (sessions[i] == session)
			return true;
	return false;
}

void
sums_clean(const char *dir, const uint64_t *sessions, size_t n)
{
	DIR *d = dir != NULL ? opendir(dir) : NULL;
	const struct dirent *entry;

	while (d != NULL && (entry = readdir(d)) != NULL) {
		char canonical[64];
		uint64_t session;
		uint32_t table;

		if (sscanf(entry->d_name, "session-%16" SCNx64 ".%u.sums", &session, &table) != 2)
			continue;
		snprintf(canonical, sizeof(canonical), "session-%016" PRIx64 ".%u.sums", session,
			 table);
		if (strcmp(canonical, entry->d_name) == 0 && !is_wanted(session, sessions, n))
			unlinkat(dirfd(d), entry->d_name, 0);
	}
	if (d != NULL)
		closedir(d);
}
