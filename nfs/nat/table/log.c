/* SPDX-License-Identifier: Apache-2.0 */
/* The log; see log.h. nat_log_put() is the worker's, all else the main thread's. */
#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <rte_malloc.h>
#include <rte_ring_elem.h>

#include "protocol.h"

#define SECOND_NS UINT64_C(1000000000)
#define BATCH 64u
#define MAX_LINE 192u
#define ADDRESS_FORMAT "%u.%u.%u.%u"
/* Host order. */
#define ADDRESS(a) (a) >> 24, (a) >> 16 & 0xff, (a) >> 8 & 0xff, (a)&0xff

_Static_assert(sizeof(struct nat_log_record) == 24, "a ring's element is of whole words");

static const char *const event_names[NAT_LOG_N_EVENTS] = {
	[NAT_LOG_BLOCK_ALLOCATED] = "block-allocated",
	[NAT_LOG_BLOCK_RELEASED] = "block-released",
	[NAT_LOG_MAPPING_CREATED] = "mapping-created",
	[NAT_LOG_MAPPING_REMOVED] = "mapping-removed",
};

/* ---- worker -------------------------------------------------------------------------- */

void
nat_log_put(struct nat_log_ring *ring, const struct nat_log_record *record)
{
	struct nat_log_record stamped = *record;

	if (ring == NULL || !ring->is_logged[record->event])
		return;
	stamped.ns = *ring->now_ns;
	if (rte_ring_sp_enqueue_elem(ring->records, &stamped, sizeof(stamped)) != 0)
		ring->n_lost++;
}

/* ---- set-up -------------------------------------------------------------------------- */

int
nat_log_init(struct nat_log *log, const struct nat_config *config)
{
	const struct nat_log_config *c = &config->log;
	ssize_t size = rte_ring_get_memsize_elem(sizeof(struct nat_log_record), NAT_LOG_RING);

	if (c->file[0] == '\0')
		return 0;
	snprintf(log->path, sizeof(log->path), "%s", c->file);
	snprintf(log->instance, sizeof(log->instance), "%s", config->instance);
	log->fd = -1;
	log->second = -1;
	log->n_workers = config->n_workers;
	for (uint16_t w = 0; w < log->n_workers; w++) {
		struct nat_log_ring *ring = &log->rings[w];

		ring->records = rte_malloc("nat_log", (size_t)size, RTE_CACHE_LINE_SIZE);
		if (ring->records == NULL)
			return -ENOMEM;
		rte_ring_init(ring->records, "nat_log", NAT_LOG_RING,
			      RING_F_SP_ENQ | RING_F_SC_DEQ);
		ring->is_logged[NAT_LOG_BLOCK_ALLOCATED] = c->blocks;
		ring->is_logged[NAT_LOG_BLOCK_RELEASED] = c->blocks;
		ring->is_logged[NAT_LOG_MAPPING_CREATED] = c->sessions;
		ring->is_logged[NAT_LOG_MAPPING_REMOVED] = c->sessions;
	}
	return 0;
}

void
nat_log_fini(struct nat_log *log)
{
	for (uint16_t w = 0; w < log->n_workers; w++)
		rte_free(log->rings[w].records);
	if (log->n_workers != 0 && log->fd >= 0)
		close(log->fd);
	log->n_workers = 0;
}

/* A line that was cut off is completed in its own file, not at the beginning of the next one. */
static bool
is_same_file(int a, int b)
{
	struct stat one, other;

	return fstat(a, &one) == 0 && fstat(b, &other) == 0 && one.st_dev == other.st_dev &&
	       one.st_ino == other.st_ino;
}

int
nat_log_open(struct nat_log *log)
{
	int fd, error;

	if (log->n_workers == 0)
		return 0;
	/* A pipe must not stop the main loop: without a reader it does not open, and when full it takes nothing. */
	fd = open(log->path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK,
		  0640);
	error = -errno;
	if (fd < 0) {
		fprintf(stderr, "log: %s: %s\n", log->path, strerror(-error));
		return error;
	}
	if (log->fd >= 0) {
		log->is_torn &= is_same_file(log->fd, fd);
		close(log->fd);
	}
	log->fd = fd;
	log->has_failed = false;
	return 0;
}

struct nat_log_ring *
nat_log_ring(struct nat_log *log, uint16_t worker, const uint64_t *now_ns)
{
	if (log->n_workers == 0)
		return NULL;
	log->rings[worker].now_ns = now_ns;
	return &log->rings[worker];
}

/* ---- lines --------------------------------------------------------------------------- */

/* A formatted second serves all records of it. */
static void
set_date(struct nat_log *log, int64_t second)
{
	time_t t = second;
	struct tm tm;

	if (second == log->second)
		return;
	log->second = second;
	gmtime_r(&t, &tm);
	strftime(log->date, sizeof(log->date), "%Y-%m-%dT%H:%M:%S", &tm);
}

static void
append(struct nat_log *log, const struct nat_log_record *r, uint64_t utc_ns)
{
	uint32_t inside = rte_be_to_cpu_32(r->inside_address);
	uint32_t outside = rte_be_to_cpu_32(r->outside_address);
	uint32_t ms = (uint32_t)(utc_ns % SECOND_NS / 1000000);
	char *line = log->buffer + log->used;
	int n;

	set_date(log, (int64_t)(utc_ns / SECOND_NS));
	if (r->event <= NAT_LOG_BLOCK_RELEASED)
		n = snprintf(line, MAX_LINE,
			     "%s.%03uZ %s %s " ADDRESS_FORMAT " " ADDRESS_FORMAT " %u-%u\n",
			     log->date, ms, log->instance, event_names[r->event], ADDRESS(inside),
			     ADDRESS(outside), r->first, r->last);
	else
		n = snprintf(line, MAX_LINE,
			     "%s.%03uZ %s %s %s " ADDRESS_FORMAT ":%u " ADDRESS_FORMAT ":%u\n",
			     log->date, ms, log->instance, event_names[r->event],
			     nat_protocol_name(r->protocol), ADDRESS(inside), r->inside_port,
			     ADDRESS(outside), r->first);
	log->used += (size_t)n;
}

/* ---- writing ------------------------------------------------------------------------- */

/* The file took the buffer only up to `at`. */
static void
fail(struct nat_log *log, struct nat_log_ring *ring, size_t at, int error)
{
	uint64_t n_lines = 0;

	/* What ends a torn line is no line of its own. */
	for (size_t i = at == 0 && log->is_torn ? 1 : at; i < log->used; i++)
		n_lines += log->buffer[i] == '\n';
	atomic_fetch_add_explicit(&ring->n_unwritten, n_lines, memory_order_relaxed);
	if (at > 0)
		log->is_torn = log->buffer[at - 1] != '\n';
	if (log->has_failed)
		return;
	log->has_failed = true;
	fprintf(stderr, "log: %s: %s; more of it is only counted\n", log->path, strerror(error));
}

static void
flush(struct nat_log *log, struct nat_log_ring *ring)
{
	size_t at = 0;

	while (at < log->used) {
		ssize_t n = write(log->fd, log->buffer + at, log->used - at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			fail(log, ring, at, errno);
			log->used = 0;
			return;
		}
		at += (size_t)n;
	}
	log->is_torn = false;
	log->used = 0;
}

/* Takes a batch of a worker; returns how many. */
static uint32_t
write_batch(struct nat_log *log, struct nat_log_ring *ring, uint64_t now_ns, uint64_t utc_ns)
{
	struct nat_log_record records[BATCH];
	uint32_t n = rte_ring_sc_dequeue_burst_elem(ring->records, records, sizeof(records[0]),
						    BATCH, NULL);

	if (n != 0 && log->used == 0 && log->is_torn)
		log->buffer[log->used++] = '\n';
	for (uint32_t i = 0; i < n; i++)
		append(log, &records[i], utc_ns - (now_ns - records[i].ns));
	if (log->used + BATCH * MAX_LINE > sizeof(log->buffer))
		flush(log, ring);
	return n;
}

uint32_t
nat_log_write(struct nat_log *log, uint64_t now_ns, uint64_t utc_ns)
{
	uint32_t n_taken = 0;

	for (uint16_t w = 0; w < log->n_workers; w++) {
		struct nat_log_ring *ring = &log->rings[w];

		for (uint32_t i = 0; i < NAT_LOG_ROUND / BATCH; i++) {
			uint32_t n = write_batch(log, ring, now_ns, utc_ns);

			if (n == 0)
				break;
			n_taken += n;
		}
		flush(log, ring);
	}
	return n_taken;
}
