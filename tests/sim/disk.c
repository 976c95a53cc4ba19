/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A host's files: those of the journals, and the mapped ones. They outlive the daemon. A disk may be
 * full (a part of what is appended gets written, then no more), may fail to sync, may tear a record
 * as the daemon dies, may not give back what was written, or lose it.
 */
#include "world.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct disk_file {
	struct host *host;
	struct sim_file *file;
	char name[64];
};

static struct sim_file *
find(struct host *host, const char *name, bool is_memory)
{
	for (uint32_t i = 0; i < SIM_MAX_FILES; i++) {
		struct sim_file *f = &host->files[i];

		if (f->in_use && f->is_memory == is_memory && strcmp(f->name, name) == 0)
			return f;
	}
	return NULL;
}

static struct sim_file *
make(struct host *host, const char *name, bool is_memory)
{
	for (uint32_t i = 0; i < SIM_MAX_FILES; i++) {
		struct sim_file *f = &host->files[i];

		if (f->in_use)
			continue;
		*f = (struct sim_file){.in_use = true, .is_memory = is_memory};
		strncpy(f->name, name, sizeof(f->name) - 1);
		return f;
	}
	violation(host->world, "the simulator has too many files");
	return NULL;
}

static void
drop(struct sim_file *f)
{
	free(f->bytes);
	*f = (struct sim_file){.in_use = false};
}

static bool
is_runtime(const char *dir)
{
	return strcmp(dir, "run") == 0;
}

/* ---- files ------------------------------------------------------------------------------------ */

static int
file_open(struct outside *outside, const char *dir, const char *name, struct disk_file **ret_file)
{
	struct host *host = (struct host *)outside;
	struct disk_file *handle;
	struct sim_file *f;

	(void)dir;
	if (!host_calls(host))
		return -EIO;
	f = find(host, name, false);
	if (f == NULL && host->world->now < host->full_until)
		return -ENOSPC;
	if (f == NULL)
		f = make(host, name, false);
	handle = calloc(1, sizeof(*handle));
	if (f == NULL || handle == NULL) {
		free(handle);
		return -ENOMEM;
	}
	handle->host = host;
	handle->file = f;
	strncpy(handle->name, name, sizeof(handle->name) - 1);
	*ret_file = handle;
	return 0;
}

static void
file_close(struct disk_file *handle)
{
	free(handle);
}

/* The file behind a handle; NULL: somebody removed it (what is written then goes nowhere). */
static struct sim_file *
file_of(const struct disk_file *handle)
{
	struct sim_file *f = handle->file;

	return f->in_use && strcmp(f->name, handle->name) == 0 ? f : NULL;
}

static void
put(struct sim_file *f, const void *bytes, size_t size)
{
	if (size == 0)
		return;
	if (f->size + size > f->room) {
		size_t room = 2 * (f->size + size);
		uint8_t *more = realloc(f->bytes, room);

		if (more == NULL)
			return;
		f->bytes = more;
		f->room = room;
	}
	memcpy(f->bytes + f->size, bytes, size);
	f->size += size;
}

static ssize_t
file_append(struct disk_file *handle, const void *bytes, size_t size)
{
	struct host *host = handle->host;
	struct sim_file *f = file_of(handle);
	size_t part = rnd(host->world, RNG_HOST, size);

	if (!host_calls(host))
		return -EIO;
	if (f == NULL)
		return (ssize_t)size;
	if (host->tear) {
		host->tear = false;
		put(f, bytes, part);
		trace(host->world, "slimd %s dies within a write", host->name);
		host_kill(host, host->tear_down_ns);
		return (ssize_t)part;
	}
	if (host->world->now < host->full_until) {
		put(f, bytes, part);
		return part > 0 ? (ssize_t)part : -ENOSPC;
	}
	put(f, bytes, size);
	return (ssize_t)size;
}

static int
file_truncate(struct disk_file *handle, uint64_t size)
{
	struct sim_file *f = file_of(handle);

	if (!host_calls(handle->host))
		return -EIO;
	if (f != NULL && size < f->size)
		f->size = size;
	return 0;
}

static int
file_sync(struct disk_file *handle)
{
	const struct host *host = handle->host;

	if (!host_calls(handle->host))
		return -EIO;
	return host->world->now < host->broken_until ? -EIO : 0;
}

static int
file_read(struct outside *outside, const char *dir, const char *name, size_t max,
	  uint8_t **ret_bytes, size_t *ret_size)
{
	struct host *host = (struct host *)outside;
	const struct sim_file *f;
	uint8_t *bytes;

	if (!host_calls(host))
		return -EIO;
	f = find(host, name, is_runtime(dir));
	if (f == NULL)
		return -ENOENT;
	if (host->unreadable > 0) {
		host->unreadable--;
		return -EIO;
	}
	if (f->size > max)
		return -EFBIG;
	bytes = malloc(f->size + 1);
	if (bytes == NULL)
		return -ENOMEM;
	memcpy(bytes, f->bytes != NULL ? f->bytes : (const uint8_t *)"", f->size);
	*ret_bytes = bytes;
	*ret_size = f->size;
	return 0;
}

static int
file_remove(struct outside *outside, const char *dir, const char *name)
{
	struct host *host = (struct host *)outside;
	struct sim_file *f;

	if (!host_calls(host))
		return -EIO;
	f = find(host, name, is_runtime(dir));
	if (f == NULL)
		return -ENOENT;
	/* A mapping outlives its name: the bytes go when the world ends. */
	if (f->is_memory)
		f->name[0] = '\0';
	else
		drop(f);
	return 0;
}

static int
file_list(struct outside *outside, const char *dir, bool (*fn)(void *ctx, const char *name),
	  void *ctx)
{
	struct host *host = (struct host *)outside;
	char names[SIM_MAX_FILES][64];
	uint32_t n = 0;

	if (!host_calls(host))
		return -EIO;
	for (uint32_t i = 0; i < SIM_MAX_FILES; i++) {
		const struct sim_file *f = &host->files[i];

		if (f->in_use && f->is_memory == is_runtime(dir) && f->name[0] != '\0')
			memcpy(names[n++], f->name, sizeof(f->name));
	}
	for (uint32_t i = 0; i < n && fn(ctx, names[i]); i++)
		;
	return 0;
}

const struct disk_ops sim_disk = {
	.open = file_open,
	.close = file_close,
	.append = file_append,
	.truncate = file_truncate,
	.sync = file_sync,
	.sync_folder = file_sync,
	.read = file_read,
	.remove = file_remove,
	.list = file_list,
};

/* ---- mapped files -------------------------------------------------------------------------------- */

static int
memory_make(struct outside *outside, const char *dir, const char *name, size_t size, void **ret_at)
{
	struct host *host = (struct host *)outside;
	struct sim_file *f;

	(void)dir;
	if (!host_calls(host))
		return -EIO;
	if (host->world->now < host->full_until)
		return -ENOSPC;
	f = find(host, name, true);
	if (f == NULL)
		f = make(host, name, true);
	if (f == NULL)
		return -ENOMEM;
	free(f->bytes);
	f->bytes = calloc(1, size);
	f->size = f->room = size;
	*ret_at = f->bytes;
	return 0;
}

static int
memory_open(struct outside *outside, const char *dir, const char *name, size_t size, void **ret_at)
{
	struct host *host = (struct host *)outside;
	struct sim_file *f;

	(void)dir;
	if (!host_calls(host))
		return -EIO;
	f = find(host, name, true);
	if (f == NULL)
		return -ENOENT;
	if (f->size != size)
		return -EBADMSG;
	*ret_at = f->bytes;
	return 0;
}

static void
memory_close(struct outside *outside, void *at, size_t size)
{
	struct host *host = (struct host *)outside;

	(void)size;
	/* Unlinked, and now unmapped. */
	for (uint32_t i = 0; i < SIM_MAX_FILES; i++)
		if (host->files[i].in_use && host->files[i].bytes == at &&
		    host->files[i].name[0] == '\0')
			drop(&host->files[i]);
}

const struct memory_ops sim_memory = {
	.make = memory_make,
	.open = memory_open,
	.close = memory_close,
};

void
disk_forget(struct host *host, bool memory)
{
	for (uint32_t i = 0; i < SIM_MAX_FILES; i++) {
		struct sim_file *f = &host->files[i];

		if (!f->in_use || f->is_memory != memory)
			continue;
		if (memory) /* somebody may have mapped it */
			f->name[0] = '\0';
		else
			drop(f);
	}
}

void
disk_end(struct host *host)
{
	for (uint32_t i = 0; i < SIM_MAX_FILES; i++)
		if (host->files[i].in_use)
			drop(&host->files[i]);
}
