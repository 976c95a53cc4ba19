// SPDX-License-Identifier: Apache-2.0
//
// An NF in C++, as small as it can be: what slim.h offers compiles, links and works from there.
#include <cerrno>
#include <cstdio>

#include <rte_eal.h>

#include <slim.h>

namespace
{

struct Entry {
	uint32_t id;
	uint32_t value;
	uint64_t packets;
};

const slim_field fields[] = {
	SLIM_FIELD_KEY(Entry, id, SLIM_U32),
	SLIM_FIELD_STATE(Entry, value, SLIM_U32),
	SLIM_FIELD_LAZY(Entry, packets, SLIM_COUNTER, SLIM_MERGE_SUM),
};

uint32_t
acquire(void *, slim_worker *, uint8_t, const void *key)
{
	return *static_cast<const uint32_t *>(key);
}

void
removed(void *, slim_worker *, uint32_t, const void *)
{
}

int n_failed;

void
check(bool good, const char *what)
{
	static int n;

	std::printf("%s %d - %s\n", good ? "ok" : "not ok", ++n, what);
	n_failed += !good;
}

// Addresses lead to the linkable copies of what is inline.
uint32_t (*const poll_by_address)(slim_worker *) = slim_worker_poll;

void
serve(slim_agent *agent, slim_table *table)
{
	slim_worker *w = slim_agent_worker(agent, 0);

	check(poll_by_address(w) == SLIM_POLL_SERVES, "a poll by address");
	check(slim_worker_poll(w) == SLIM_POLL_SERVES, "a poll");
	auto *e = static_cast<Entry *>(slim_slot_begin(w, table, 7));
	e->id = 7;
	e->value = 4711;
	slim_slot_end(w, table, 7, 0);
	e = static_cast<Entry *>(slim_slot(table, 7));
	e->packets++;
	check(e->value == 4711 && e->packets == 1, "a slot");
	check(slim_owns(w, 0), "it owns its bucket");
	slim_slot_free(w, table, 7);
	slim_commit(w, true);
	check(slim_agent_poll(agent) == 0, "registered nowhere");
}

void
live()
{
	slim_table_ops ops = {};
	slim_agent_config config = {};
	slim_table_config table_config = {};
	slim_agent *agent = nullptr;
	slim_table *table = nullptr;

	ops.acquire = acquire;
	ops.removed = removed;
	config.name = "cpp";
	config.service = "test";
	config.kind = "skeleton";
	config.version = "1";
	config.identity = "";
	config.active = true;
	config.n_workers = 1;
	config.socket_id = SOCKET_ID_ANY;
	table_config.name = "entries";
	table_config.capacity = 16;
	table_config.entry_size = sizeof(Entry);
	table_config.n_fields = RTE_DIM(fields);
	table_config.fields = fields;
	table_config.ops = &ops;
	check(slim_agent_create_abi(slim_abi_inline() + 1, &config, &agent) == -EPROTONOSUPPORT,
	      "another slim.h is refused");
	check(slim_agent_create(&config, &agent) == 0, "create");
	check(slim_table_create(agent, &table_config, &table) == 0, "a table");
	check(slim_agent_start(agent) == 0, "start");
	serve(agent, table);
	slim_agent_destroy(agent);
}

} // namespace

int
main()
{
	char words[][24] = {"cpp",     "--no-huge",  "-m", "64", "--no-pci", "--no-shconf",
			    "--no-telemetry", "--log-level=4", "--lcores=0@0"};
	char *argv[RTE_DIM(words) + 1] = {};

	for (size_t i = 0; i < RTE_DIM(words); i++)
		argv[i] = words[i];
	if (rte_eal_init(RTE_DIM(words), argv) < 0)
		return 1;
	live();
	std::printf("1..%d\n", 9);
	return n_failed != 0;
}
