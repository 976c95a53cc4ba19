/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The seam between slimd and the world: all that the driver, its journals, the peer streams and
 * the client of the controller want of an operating system or a network goes through one
 * struct outside. slimd has the real one (outside_create() in real.h); the simulator of
 * tests/sim has its own, where disks tear, links cut and daemons die between two calls. So both
 * run the same code above it.
 *
 * The seam is cut low. Below it are bytes, names and numbers; what a record, a frame or a call
 * means stands above. Time is no part of it: it is read by clock.h alone, which a simulator
 * replaces as a whole (one clock_gettime for slimd and for agents).
 *
 * Rules for every implementation:
 *   - All calls come from one thread, that of the loop, and none blocks but disk (which may
 *     take as long as a disk takes).
 *   - Nothing is called back from within a call down. Callbacks come from the loop.
 *   - Errors are negative errno values.
 *   - Pointers that are handed up (disk_file, link, timer) belong to the implementation and end
 *     with the call that closes them.
 */
#ifndef SLIMD_OUTSIDE_OUTSIDE_H
#define SLIMD_OUTSIDE_OUTSIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <protobuf-c/protobuf-c.h>

#include "rpc.h"

struct outside;

/* ---- disk: small files that only grow ---------------------------------------------------- */

struct disk_file;

struct disk_ops {
	/* Opens a file for appending; it is made when it is not there. */
	int (*open)(struct outside *outside, const char *dir, const char *name,
		    struct disk_file **ret_file);
	void (*close)(struct disk_file *file);

	/* Bytes that were written: all, or a part of them when the disk is full or fails
	 * half-way; or an error. A power failure may leave any part of what was not synced. */
	ssize_t (*append)(struct disk_file *file, const void *bytes, size_t size);
	int (*truncate)(struct disk_file *file, uint64_t size);
	int (*sync)(struct disk_file *file);        /* what was appended is on the disk */
	int (*sync_folder)(struct disk_file *file); /* its name is on the disk */

	/* All bytes of a regular file, to be freed; -EFBIG above `max`. */
	int (*read)(struct outside *outside, const char *dir, const char *name, size_t max,
		    uint8_t **ret_bytes, size_t *ret_size);
	int (*remove)(struct outside *outside, const char *dir, const char *name);

	/* Calls `fn` for every name in the folder, in any order, until it returns false. */
	int (*list)(struct outside *outside, const char *dir,
		    bool (*fn)(void *ctx, const char *name), void *ctx);
};

/* ---- memory: named, mapped, outlives the daemon but not the host --------------------------- */

/* Names are files of a folder on tmpfs: disk's list and remove work on them. */
struct memory_ops {
	/* `size` zero bytes. All room is taken here: writing to them never fails. */
	int (*make)(struct outside *outside, const char *dir, const char *name, size_t size,
		    void **ret_at);
	/* As a daemon before this one left them. -ENOENT; -EBADMSG: another size. */
	int (*open)(struct outside *outside, const char *dir, const char *name, size_t size,
		    void **ret_at);
	void (*close)(struct outside *outside, void *at, size_t size);
};

/* ---- timers ------------------------------------------------------------------------------------- */

struct timer;

struct timer_ops {
	/* NULL: no memory. */
	struct timer *(*create)(struct outside *outside, void (*fn)(void *ctx), void *ctx);
	/* Calls `fn` once after `ns`, from the loop; 0: at the loop's next turn. A timer that is set
	 * again forgets when it was set to before. */
	void (*set)(struct timer *timer, uint64_t ns);
	void (*destroy)(struct timer *timer); /* NULL is allowed */
};

/* ---- links: streams of bytes to other hosts ------------------------------------------------------ */

struct link;

struct link_events {
	/* Both sides are there and, if so configured, have shown their certificates. */
	void (*on_open)(void *owner);
	/* More bytes have arrived. */
	void (*on_bytes)(void *owner);
	/* The other side has gone, or never was there. The link must still be closed. */
	void (*on_closed)(void *owner, bool is_refused, const char *why);
};

struct link_ops {
	/* Begins to connect to "host:port"; on_open or on_closed follows. */
	int (*dial)(struct outside *outside, const char *address, const struct link_events *events,
		    void *owner, struct link **ret_link);
	/* Whoever dials us is handed to `on_accept`, which must adopt() or close() it at once.
	 * Logs why when it fails. One address an outside. */
	int (*listen)(struct outside *outside, const char *address,
		      void (*on_accept)(void *ctx, struct link *link), void *ctx);
	void (*unlisten)(struct outside *outside);
	void (*adopt)(struct link *link, const struct link_events *events, void *owner);

	/* No event comes any more, nothing is sent any more. */
	void (*stop)(struct link *link);
	void (*close)(struct link *link);

	/* Out: room for `size` bytes at the end of the queue (NULL: no memory), then send them. */
	uint8_t *(*reserve)(struct link *link, size_t size);
	void (*send)(struct link *link, size_t size);
	size_t (*queued)(const struct link *link); /* not taken by the transport yet */
	size_t (*below)(
		const struct link *link); /* taken, and not acknowledged by the other host */

	/* In: how much has arrived; its first `size` bytes in one piece; throw them away. While
	 * much is waiting, nothing more is read. */
	size_t (*arrived)(const struct link *link);
	const uint8_t *(*peek)(struct link *link, size_t size);
	void (*drop)(struct link *link, size_t size);

	/* Does the other side's certificate name this host? True for all without certificates. */
	bool (*names)(const struct link *link, const char *host);
	int (*socket)(const struct link *link); /* for poll(2); -1: none */
};

/* ---- controller: calls of slim-ofctld's service slim.v1.Steering ------------------------------ */

struct controller_start {
	const char *method;              /* "Prepare" */
	const ProtobufCMessage *request; /* gone after the call */
	uint64_t timeout_ns;
	/* The end, once. `reply`: when status->code is RPC_OK, else NULL. */
	void (*on_done)(void *ctx, const struct rpc_status *status, const ProtobufCMessage *reply);
	void *ctx;
};

struct controller_ops {
	/* Calls that were started one after the other may arrive in any order. */
	int (*start)(struct outside *outside, const struct controller_start *start);
	/* Drops what is under way: no on_done comes any more. What was sent goes on. */
	void (*hang_up)(struct outside *outside);
};

/* ---- the seam --------------------------------------------------------------------------------- */

struct outside {
	const struct disk_ops *disk;
	const struct memory_ops *memory;
	const struct timer_ops *timer;
	const struct link_ops *link;                 /* NULL: no links */
	const struct controller_ops *controller;     /* NULL: there is none */
	uint64_t (*random)(struct outside *outside); /* never 0, never foreseen */
};

#endif
