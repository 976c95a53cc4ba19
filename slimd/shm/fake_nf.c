/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_nf.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "clock.h"
#include "slim_command.h"
#include "slot.h"

#define HASHES_PER_SLOT 4u /* so that most hashes are those of no key */
#define PAGE 4096u
#define SLOT_SIZE (sizeof(struct slim_slot_head) + sizeof(struct fake_entry))

static size_t
round_up(size_t size, size_t unit)
{
	return (size + unit - 1) / unit * unit;
}

/* ---- layout --------------------------------------------------------------------------- */

static int
open_for_reading(int fd)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, O_RDONLY | O_CLOEXEC);
}

static void *
make_zone(struct fake_nf *nf, int zone, size_t size)
{
	void *at;

	nf->sizes[zone] = round_up(size, PAGE);
	nf->fds[zone] = memfd_create("fake", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	assert_true(nf->fds[zone] >= 0);
	assert_int_equal(ftruncate(nf->fds[zone], (off_t)nf->sizes[zone]), 0);
	at = mmap(NULL, nf->sizes[zone], PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE,
		  nf->fds[zone], 0);
	assert_true(at != MAP_FAILED);
	if (zone == SLIM_ZONE_CONTROL)
		assert_int_equal(fcntl(nf->fds[zone], F_ADD_SEALS, F_SEAL_SHRINK), 0);
	nf->passed[zone] = zone == SLIM_ZONE_CONTROL ? fcntl(nf->fds[zone], F_DUPFD_CLOEXEC, 0)
						     : open_for_reading(nf->fds[zone]);
	assert_true(nf->passed[zone] >= 0);
	return at;
}

static void
describe_table(struct fake_nf *nf, size_t dirty_at, size_t rings_at, size_t stride,
	       uint32_t ring_size)
{
	static const struct slim_shm_field fields[] = {
		{"key", SLIM_U64, SLIM_KEY, SLIM_STATE, 0, offsetof(struct fake_entry, key), 8},
		{"value", SLIM_U64, SLIM_VALUE, SLIM_STATE, 0, offsetof(struct fake_entry, value),
		 8},
		{"time", SLIM_TIME, SLIM_VALUE, SLIM_STATE, 0, offsetof(struct fake_entry, time),
		 8},
		{"packets", SLIM_COUNTER, SLIM_VALUE, SLIM_LAZY, SLIM_MERGE_SUM,
		 offsetof(struct fake_entry, packets), 8},
	};
	struct slim_shm_table *table = &nf->info->tables[0];

	strcpy(table->name, "entries");
	table->capacity = nf->capacity;
	table->source_slots = 2 * nf->capacity;
	table->slot_size = SLOT_SIZE;
	table->key_size = 8;
	table->n_fields = 4;
	table->zone = SLIM_ZONE_SLAB;
	table->dirty_offset = dirty_at;
	table->ring_offset = rings_at;
	table->ring_stride = stride;
	table->ring_size = ring_size;
	memcpy(table->fields, fields, sizeof(fields));
}

static uint64_t n_created;

static void
describe_nf(struct fake_nf *nf, const char *name, bool active, uint32_t n_ports, size_t install_at)
{
	struct slim_shm_info *info = nf->info;

	info->magic = SLIM_SHM_MAGIC;
	info->version = SLIM_SHM_VERSION;
	info->size = sizeof(*info);
	strcpy(info->name, name);
	strcpy(info->service, "fake");
	strcpy(info->kind, "fake-nf");
	strcpy(info->nf_version, "1");
	strcpy(info->identity, "same");
	info->pid = (uint32_t)getpid();
	info->instance = ++n_created;
	info->n_workers = nf->n_workers;
	info->n_tables = 1;
	info->n_ports = n_ports;
	info->hold_capacity = 100;
	info->active_at_start = active;
	info->control_size = nf->sizes[SLIM_ZONE_CONTROL];
	info->install_offset = install_at;
	for (uint32_t b = 0; b < SLIM_N_BUCKETS; b++)
		info->bucket_worker[b] = (uint8_t)(b % nf->n_workers);
	for (uint32_t p = 0; p < n_ports; p++) {
		info->ports[p].name[0] = 'p';
		info->ports[p].name[1] = (char)('0' + p);
		info->ports[p].n_rx_queues = nf->n_workers;
	}
	for (uint32_t w = 0; w < nf->n_workers; w++) {
		atomic_store(&info->workers[w].mode, active ? SLIM_GATE_PASS : SLIM_GATE_CLOSED);
		atomic_store(&info->workers[w].heartbeat_ns, clock_now_ns());
	}
}

struct fake_nf *
fake_nf_create(const char *name, bool active, uint32_t n_workers, uint32_t n_ports,
	       uint32_t capacity)
{
	struct fake_nf *nf = calloc(1, sizeof(*nf));
	uint32_t ring_size = 1;
	size_t install_at, dirty_at, rings_at, stride;

	assert_non_null(nf);
	while (ring_size < capacity)
		ring_size *= 2;
	install_at = round_up(sizeof(struct slim_shm_control), SLIM_CACHE_LINE);
	dirty_at = install_at + n_workers * sizeof(struct slim_shm_install);
	rings_at = round_up(dirty_at + capacity, SLIM_CACHE_LINE);
	stride = round_up(sizeof(struct slim_shm_ring) + ring_size * sizeof(uint32_t),
			  SLIM_CACHE_LINE);
	nf->capacity = capacity;
	nf->n_workers = n_workers;
	nf->socket = -1;
	nf->info = make_zone(nf, SLIM_ZONE_INFO, sizeof(*nf->info));
	nf->control = make_zone(nf, SLIM_ZONE_CONTROL, rings_at + n_workers * stride);
	nf->slab = make_zone(nf, SLIM_ZONE_SLAB, capacity * SLOT_SIZE);
	nf->local_of = calloc(2 * (size_t)capacity, sizeof(*nf->local_of));
	assert_non_null(nf->local_of);
	nf->hash_bits = 1;
	while ((UINT64_C(1) << nf->hash_bits) < (uint64_t)capacity * HASHES_PER_SLOT)
		nf->hash_bits++;
	nf->n_keys = calloc((size_t)1 << nf->hash_bits, sizeof(*nf->n_keys));
	assert_non_null(nf->n_keys);
	nf->high = capacity;
	nf->control->magic = SLIM_SHM_MAGIC;
	nf->control->instance = n_created + 1;
	describe_nf(nf, name, active, n_ports, install_at);
	describe_table(nf, dirty_at, rings_at, stride, ring_size);
	return nf;
}

void
fake_nf_destroy(struct fake_nf *nf)
{
	void *zones[FAKE_ZONES];

	if (nf == NULL)
		return;
	zones[SLIM_ZONE_INFO] = nf->info;
	zones[SLIM_ZONE_CONTROL] = nf->control;
	zones[SLIM_ZONE_SLAB] = nf->slab;
	fake_nf_hang_up(nf);
	for (int z = 0; z < FAKE_ZONES; z++) {
		munmap(zones[z], nf->sizes[z]);
		close(nf->fds[z]);
		close(nf->passed[z]);
	}
	free(nf->local_of);
	free(nf->n_keys);
	free(nf);
}

/* ---- registration ------------------------------------------------------------------------- */

void
fake_nf_fill_hello(const struct fake_nf *nf, struct slim_reg_hello *hello)
{
	memset(hello, 0, sizeof(*hello));
	hello->magic = SLIM_REG_MAGIC;
	hello->version = SLIM_SHM_VERSION;
	hello->n_zones = hello->n_ranges = hello->n_fds = FAKE_ZONES;
	hello->instance = nf->info->instance;
	for (uint32_t z = 0; z < FAKE_ZONES; z++)
		hello->ranges[z] =
			(struct slim_reg_range){.fd = z, .zone = z, .size = nf->sizes[z]};
}

int
fake_nf_hello(struct fake_nf *nf, const char *socket_path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct slim_reg_hello hello;
	char control[CMSG_SPACE(sizeof(nf->fds))] = {0};
	struct iovec iov = {.iov_base = &hello, .iov_len = sizeof(hello)};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = control,
			     .msg_controllen = sizeof(control)};
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

	fake_nf_fill_hello(nf, &hello);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(nf->fds));
	memcpy(CMSG_DATA(c), nf->passed, sizeof(nf->passed));
	strcpy(address.sun_path, socket_path);
	nf->socket = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	assert_true(nf->socket >= 0);
	if (connect(nf->socket, (struct sockaddr *)&address, sizeof(address)) < 0)
		return -1;
	return sendmsg(nf->socket, &msg, MSG_NOSIGNAL) == (ssize_t)sizeof(hello) ? 0 : -1;
}

void
fake_nf_hang_up(struct fake_nf *nf)
{
	if (nf->socket >= 0)
		close(nf->socket);
	nf->socket = -1;
}

/* ---- slots ----------------------------------------------------------------------------------- */

static struct slim_slot_head *
head_of(const struct fake_nf *nf, uint32_t slot)
{
	return (struct slim_slot_head *)(void *)(nf->slab + (size_t)slot * SLOT_SIZE);
}

const struct fake_entry *
fake_slot(const struct fake_nf *nf, uint32_t slot)
{
	return (const struct fake_entry *)(const void *)(head_of(nf, slot) + 1);
}

bool
fake_slot_used(const struct fake_nf *nf, uint32_t slot)
{
	return head_of(nf, slot)->used != 0;
}

static void
note_change(struct fake_nf *nf, uint32_t worker, uint32_t slot)
{
	_Atomic uint64_t *writes = &nf->info->workers[worker].writes[0];

	atomic_store_explicit(writes, atomic_load_explicit(writes, memory_order_relaxed) + 1,
			      memory_order_release);
	if ((nf->workers[worker].track & 1u) == 0)
		return;
	if (nf->workers[worker].n_pending == SLIM_PENDING_SLOTS)
		fake_commit(nf, worker);
	nf->workers[worker].pending[nf->workers[worker].n_pending++] = slot;
}

static uint32_t *
keys_like(const struct fake_nf *nf, uint64_t key)
{
	return &nf->n_keys[key * UINT64_C(0x9e3779b97f4a7c15) >> (64u - nf->hash_bits)];
}

static void
write_slot(struct fake_nf *nf, uint32_t worker, uint32_t slot, bool used, uint8_t bucket,
	   const struct fake_entry *entry)
{
	struct slim_slot_head *head = head_of(nf, slot);
	uint64_t *to = (uint64_t *)(void *)(head + 1);
	uint32_t seq = atomic_load_explicit(&head->seq, memory_order_relaxed);
	_Atomic uint32_t *n = &nf->info->workers[worker].used[0];

	if (head->used != 0)
		(*keys_like(nf, fake_slot(nf, slot)->key))--;
	if (used)
		(*keys_like(nf, entry->key))++;
	else if (slot >= nf->high)
		nf->high = slot + 1;
	atomic_store_explicit(&head->seq, seq + 1, memory_order_relaxed);
	atomic_thread_fence(memory_order_release); /* P7 */
	if (used != (head->used != 0))
		atomic_store_explicit(
			n, atomic_load_explicit(n, memory_order_relaxed) + (used ? 1u : UINT32_MAX),
			memory_order_relaxed);
	__atomic_store_n(&head->used, used, __ATOMIC_RELAXED);
	__atomic_store_n(&head->bucket, bucket, __ATOMIC_RELAXED);
	for (size_t i = 0; i < sizeof(*entry) / 8; i++) {
		uint64_t word;

		memcpy(&word, (const uint8_t *)entry + i * 8, 8);
		__atomic_store_n(&to[i], word, __ATOMIC_RELAXED);
	}
	atomic_store_explicit(&head->seq, seq + 2, memory_order_release);
	note_change(nf, worker, slot);
}

void
fake_slot_put(struct fake_nf *nf, uint32_t slot, uint8_t bucket, const struct fake_entry *entry)
{
	write_slot(nf, bucket % nf->n_workers, slot, true, bucket, entry);
}

void
fake_slot_free(struct fake_nf *nf, uint32_t worker, uint32_t slot)
{
	struct fake_entry empty = {0};

	write_slot(nf, worker, slot, false, 0, &empty);
}

static void
ring_put(struct fake_nf *nf, uint32_t worker, uint32_t slot)
{
	const struct slim_shm_table *table = &nf->info->tables[0];
	struct slim_shm_ring *ring =
		(struct slim_shm_ring *)(void *)((uint8_t *)nf->control + table->ring_offset +
						 worker * table->ring_stride);
	uint32_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);

	__atomic_store_n(&ring->slots[tail & (table->ring_size - 1)], slot, __ATOMIC_RELAXED);
	atomic_store_explicit(&ring->tail, tail + 1, memory_order_release); /* P3 */
}

void
fake_commit(struct fake_nf *nf, uint32_t worker)
{
	_Atomic uint8_t *dirty =
		(_Atomic uint8_t *)((uint8_t *)nf->control + nf->info->tables[0].dirty_offset);

	if (nf->workers[worker].n_pending == 0)
		return;
	atomic_thread_fence(memory_order_seq_cst); /* P8 */
	for (uint32_t i = 0; i < nf->workers[worker].n_pending && !nf->no_fence; i++) {
		uint32_t slot = nf->workers[worker].pending[i];

		if (atomic_load_explicit(&dirty[slot], memory_order_acquire) != 0)
			continue;
		atomic_store_explicit(&dirty[slot], 1, memory_order_relaxed);
		ring_put(nf, worker, slot);
	}
	nf->workers[worker].n_pending = 0;
}

const struct fake_entry *
fake_nf_find(const struct fake_nf *nf, uint64_t key)
{
	for (uint32_t s = 0; s < nf->capacity; s++)
		if (fake_slot_used(nf, s) && fake_slot(nf, s)->key == key)
			return fake_slot(nf, s);
	return NULL;
}

uint32_t
fake_nf_used(const struct fake_nf *nf)
{
	uint32_t n = 0;

	for (uint32_t s = 0; s < nf->capacity; s++)
		n += fake_slot_used(nf, s);
	return n;
}

/* ---- installs -------------------------------------------------------------------------------------- */

/* From the end: source and target slots must not be alike by chance. */
static uint32_t
take(struct fake_nf *nf)
{
	for (uint32_t s = nf->high; s > 0; s--) {
		if (fake_slot_used(nf, s - 1))
			continue;
		nf->high = s - 1;
		return s - 1;
	}
	return UINT32_MAX;
}

static uint32_t
find_or_take(struct fake_nf *nf, uint64_t key)
{
	for (uint32_t s = 0; *keys_like(nf, key) > 0 && s < nf->capacity; s++)
		if (fake_slot_used(nf, s) && fake_slot(nf, s)->key == key)
			return s;
	return take(nf);
}

static void
remove_source(struct fake_nf *nf, uint32_t worker, uint32_t source)
{
	uint32_t local = nf->local_of[source];

	nf->local_of[source] = 0;
	if (local == 0)
		return;
	for (uint32_t s = 0; s < 2 * nf->capacity; s++)
		if (nf->local_of[s] == local)
			return; /* another source slot has taken it over */
	fake_slot_free(nf, worker, local - 1);
}

static void
apply(struct fake_nf *nf, uint32_t worker, const struct slim_install_record *record,
      const struct fake_entry *row)
{
	uint32_t local = nf->local_of[record->source_slot];
	struct fake_entry entry;

	if (record->op == SLIM_INSTALL_DEL) {
		remove_source(nf, worker, record->source_slot);
		return;
	}
	memcpy(&entry, row, sizeof(entry));
	if (record->op == SLIM_INSTALL_MERGE) {
		if (local != 0 && fake_slot(nf, local - 1)->key == entry.key)
			((struct fake_entry *)(uintptr_t)fake_slot(nf, local - 1))->packets +=
				entry.packets;
		return;
	}
	if (local != 0 && fake_slot(nf, local - 1)->key != entry.key)
		remove_source(nf, worker, record->source_slot);
	local = find_or_take(nf, entry.key);
	if (local == UINT32_MAX) {
		atomic_store(&nf->info->workers[worker].install_error, 28 /* ENOSPC */);
		return;
	}
	if (nf->corrupt_value)
		entry.value++;
	nf->corrupt_value = false;
	nf->local_of[record->source_slot] = local + 1;
	fake_slot_put(nf, local, record->bucket, &entry);
}

static void
poll_install(struct fake_nf *nf, uint32_t worker)
{
	struct slim_shm_install *ring =
		(struct slim_shm_install *)(void *)((uint8_t *)nf->control +
						    nf->info->install_offset) +
		worker;
	uint64_t tail = atomic_load_explicit(&ring->tail, memory_order_acquire); /* P5 */
	uint64_t *at = &nf->workers[worker].installed;

	if (*at == tail)
		return;
	while (*at != tail) {
		struct slim_install_record record;
		const uint8_t *bytes = ring->data + (*at & (SLIM_INSTALL_RING_SIZE - 1));
		size_t left = SLIM_INSTALL_RING_SIZE - (*at & (SLIM_INSTALL_RING_SIZE - 1));

		memset(&record, 0, sizeof(record));
		memcpy(&record, bytes, left < sizeof(record) ? 8 : sizeof(record));
		if (record.op != SLIM_INSTALL_PAD)
			apply(nf, worker, &record, (const void *)(bytes + sizeof(record)));
		*at += record.size;
	}
	fake_commit(nf, worker);
	atomic_store_explicit(&nf->info->workers[worker].installed_bytes, *at,
			      memory_order_release); /* P6 */
}

/* ---- gate -------------------------------------------------------------------------------------------- */

static void
wipe(struct fake_nf *nf, uint32_t worker)
{
	for (uint32_t s = 0; s < nf->capacity; s++)
		if (fake_slot_used(nf, s) && head_of(nf, s)->bucket % nf->n_workers == worker)
			fake_slot_free(nf, worker, s);
}

static void
take_command(struct fake_nf *nf, uint32_t worker, uint32_t epoch,
	     const struct slim_shm_command *command)
{
	struct slim_shm_worker *status = &nf->info->workers[worker];

	fake_commit(nf, worker);
	nf->workers[worker].epoch = epoch;
	nf->workers[worker].track = command->track;
	if (command->mode == SLIM_GATE_RECEIVE) {
		nf->workers[worker].installed = atomic_load(
			&((struct slim_shm_install *)(void *)((uint8_t *)nf->control +
							      nf->info->install_offset))[worker]
				 .tail);
		atomic_store(&status->installed_bytes, nf->workers[worker].installed);
		atomic_store(&status->install_error, 0);
		for (uint32_t s = worker; s < 2 * nf->capacity; s += nf->n_workers)
			nf->local_of[s] = 0;
	}
	if (command->mode == SLIM_GATE_HOLD)
		atomic_store(&status->stopped_ns, clock_now_ns());
	if (command->wipe)
		wipe(nf, worker);
	for (uint32_t p = 0; p < nf->info->n_ports; p++) {
		atomic_store(&nf->info->ports[p].probed, command->watch && command->is_source);
		atomic_store(&nf->info->ports[p].marks, command->mode == SLIM_GATE_RECEIVE
								? (1u << command->peer_workers) - 1u
								: 0u);
	}
	atomic_store(&status->mode, command->mode);
	atomic_store_explicit(&status->ack_epoch, epoch, memory_order_release); /* P2 */
}

struct slim_shm_command
fake_nf_command(const struct fake_nf *nf)
{
	struct slim_shm_command command = {0};

	slim_command_read(&nf->control->gate, &command);
	return command;
}

void
fake_nf_poll(struct fake_nf *nf, uint32_t worker)
{
	struct slim_shm_command command;
	uint32_t epoch = slim_command_read(&nf->control->gate, &command);
	uint32_t mode;

	if (nf->still)
		return;
	atomic_store(&nf->info->workers[worker].heartbeat_ns, clock_now_ns());
	if (epoch != 0 && epoch != nf->workers[worker].epoch && !nf->stuck)
		take_command(nf, worker, epoch, &command);
	mode = atomic_load(&nf->info->workers[worker].mode);
	if (mode == SLIM_GATE_RECEIVE || mode == SLIM_GATE_SERVE || mode == SLIM_GATE_PASS)
		poll_install(nf, worker);
	for (uint32_t p = 0; p < nf->info->n_ports && mode == SLIM_GATE_SERVE; p++)
		atomic_store(&nf->info->ports[p].rounds_done,
			     atomic_load(&nf->control->gate.round_request));
	fake_commit(nf, worker);
}
