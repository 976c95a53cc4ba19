/* SPDX-License-Identifier: Apache-2.0 */
#include "test_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_SIZE 64
#define FDS_OF_A_WALK 16
#define TRIES 100 /* another program may take ours for a dead one's before it has its lock */

static char folder[PATH_SIZE];
static int folder_fd = -1; /* has the lock */

static int
remove_entry(const char *path, const struct stat *status, int type, struct FTW *where)
{
	(void)status;
	(void)type;
	(void)where;
	return remove(path);
}

static void
remove_tree(const char *path)
{
	nftw(path, remove_entry, FDS_OF_A_WALK, FTW_DEPTH | FTW_PHYS);
}

/* A descriptor with the lock; -1: its program lives, or it is gone. */
static int
lock(const char *path)
{
	struct stat ours, there;
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -1;
	if (flock(fd, LOCK_EX | LOCK_NB) == 0 && fstat(fd, &ours) == 0 && stat(path, &there) == 0 &&
	    ours.st_ino == there.st_ino)
		return fd;
	close(fd);
	return -1;
}

static void
remove_dead(const char *pattern)
{
	glob_t found;

	if (glob(pattern, 0, NULL, &found) != 0)
		return;
	for (size_t i = 0; i < found.gl_pathc; i++) {
		int fd = lock(found.gl_pathv[i]);

		if (fd < 0)
			continue;
		remove_tree(found.gl_pathv[i]);
		close(fd);
	}
	globfree(&found);
}

int
test_folder_begin(const char *parent, const char *name)
{
	char pattern[PATH_SIZE];

	if (snprintf(pattern, sizeof(pattern), "%s/slim-test-%s-??????", parent, name) >= PATH_SIZE)
		return -ENAMETOOLONG;
	remove_dead(pattern);
	for (int i = 0; i < TRIES; i++) {
		strcpy(folder, pattern);
		memset(strchr(folder, '?'), 'X', strlen("??????"));
		if (mkdtemp(folder) == NULL)
			return -errno;
		folder_fd = lock(folder);
		if (folder_fd >= 0)
			return 0;
	}
	return -EBUSY;
}

void
test_folder_end(void)
{
	remove_tree(folder);
	close(folder_fd);
	folder_fd = -1;
}

const char *
test_folder_path(void)
{
	return folder;
}

int
test_folder_make(char *path, size_t size)
{
	if ((size_t)snprintf(path, size, "%s/XXXXXX", folder) >= size)
		return -ENAMETOOLONG;
	return mkdtemp(path) != NULL ? 0 : -errno;
}
