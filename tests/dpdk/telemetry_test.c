/* SPDX-License-Identifier: Apache-2.0 */
/* The agent in DPDK's telemetry: asked over its socket, as dpdk-telemetry.py does. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include <rte_eal.h>

#include "slim.h"

struct entry {
	uint32_t id;
	uint32_t value;
};

static const struct slim_field fields[] = {
	SLIM_FIELD_KEY(struct entry, id, SLIM_U32),
	SLIM_FIELD_STATE(struct entry, value, SLIM_U32),
};

static uint32_t
acquire(void *ctx, struct slim_worker *w, uint8_t bucket, const void *key)
{
	(void)ctx, (void)w, (void)bucket, (void)key;
	return SLIM_NO_SLOT;
}

static void
removed(void *ctx, struct slim_worker *w, uint32_t slot, const void *entry)
{
	(void)ctx, (void)w, (void)slot, (void)entry;
}

static const struct slim_table_ops ops = {.acquire = acquire, .removed = removed};
static char answer[16384];
static struct slim_table *table;

/* One agent with one table. NULL: the table's name is refused. */
static struct slim_agent *
start_agent_with(const char *name, bool active, const char *table_name)
{
	const struct slim_agent_config config = {
		.name = name,
		.service = "counting",
		.kind = "test",
		.version = "1",
		.identity = "",
		.active = active,
		.n_workers = 2,
		.socket_id = SOCKET_ID_ANY,
	};
	const struct slim_table_config table_config = {
		.name = table_name,
		.capacity = 100,
		.entry_size = sizeof(struct entry),
		.n_fields = RTE_DIM(fields),
		.fields = fields,
		.ops = &ops,
	};
	struct slim_agent *agent;

	assert_int_equal(slim_agent_create(&config, &agent), 0);
	if (slim_table_create(agent, &table_config, &table) < 0) {
		slim_agent_destroy(agent);
		return NULL;
	}
	assert_int_equal(slim_agent_start(agent), 0);
	return agent;
}

static struct slim_agent *
start_agent(const char *name, bool active)
{
	struct slim_agent *agent = start_agent_with(name, active, "entry");

	assert_non_null(agent);
	return agent;
}

static const char *
ask(const char *command)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);
	ssize_t n;

	snprintf(address.sun_path, sizeof(address.sun_path), "%.80s/dpdk_telemetry.v2",
		 rte_eal_get_runtime_dir());
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_true(recv(fd, answer, sizeof(answer), 0) > 0); /* who answers here */
	assert_true(send(fd, command, strlen(command), 0) > 0);
	n = recv(fd, answer, sizeof(answer) - 1, 0);
	assert_true(n > 0);
	answer[n] = '\0';
	close(fd);
	return answer;
}

static void
expect(const char *part)
{
	if (strstr(answer, part) == NULL)
		fail_msg("%s is not in %s", part, answer);
}

/* Killed by: one worker's numbers in place of all, a slot that is freed and still counted. */
static void
an_agent_is_shown(void **state)
{
	struct slim_agent *agent = start_agent("one", true);

	(void)state;
	for (uint32_t i = 0; i < 5; i++) {
		struct slim_worker *w = slim_agent_worker(agent, (uint16_t)(i % 2));

		slim_slot_begin(w, table, i);
		slim_slot_end(w, table, i, (uint8_t)(i % 2));
	}
	slim_slot_free(slim_agent_worker(agent, 0), table, 0);
	ask("/slim/agent");
	expect("\"instance\":\"one\"");
	expect("\"service\":\"counting\"");
	expect("\"mode\":\"pass\"");
	expect("\"workers\":2");
	expect("\"entry/capacity\":100");
	expect("\"entry/used\":4");
	expect("\"entry/writes\":6");
	expect("\"hold_overflow\":0");
	slim_agent_destroy(agent);
}

/* Killed by: an agent that is shown when it is gone. */
static void
agents_are_told_apart(void **state)
{
	struct slim_agent *one = start_agent("one", true), *two = start_agent("two", false);

	(void)state;
	ask("/slim/list");
	expect("\"one\"");
	expect("\"two\"");
	ask("/slim/agent,two");
	expect("\"mode\":\"closed\"");
	ask("/slim/agent");
	expect("null");
	ask("/slim/agent,three");
	expect("null");
	slim_agent_destroy(two);
	ask("/slim/agent");
	expect("\"instance\":\"one\"");
	slim_agent_destroy(one);
	ask("/slim/list");
	expect("[]");
}

static bool
table_is_shown(const char *name)
{
	struct slim_agent *agent = start_agent_with("one", true, name);
	char key[64];

	if (agent == NULL)
		return false;
	ask("/slim/agent,one");
	for (int i = 0; i < 3; i++) {
		static const char *const what[] = {"capacity", "used", "writes"};

		snprintf(key, sizeof(key), "\"%s/%s\":", name, what[i]);
		expect(key);
	}
	slim_agent_destroy(agent);
	return true;
}

/* DPDK takes not every character in a key, and says so to nobody who does not ask. Killed by: a rule
 * of table names that lets one through. */
static void
no_table_vanishes(void **state)
{
	unsigned int n_shown = 0;

	(void)state;
	for (int c = 1; c < 256; c++) {
		const char name[] = {'t', (char)c, 'x', '\0'};

		n_shown += table_is_shown(name);
	}
	assert_int_equal(n_shown, 26 + 26 + 10 + 1);
	assert_true(table_is_shown("exactly_31_characters_in_a_name"));
}

static bool
start_eal(void)
{
	static char words[][32] = {"telemetry-test",
				   "--no-huge",
				   "--no-pci",
				   "--log-level=error",
				   "-m",
				   "64",
				   "--lcores=0@0",
				   "--file-prefix=slim-telemetry"};
	static char folder[] = "/tmp/slim-telemetry-XXXXXX";
	static char *argv[RTE_DIM(words)];

	if (mkdtemp(folder) == NULL || setenv("RUNTIME_DIRECTORY", folder, 1) != 0)
		return false;
	for (size_t i = 0; i < RTE_DIM(words); i++)
		argv[i] = words[i];
	return rte_eal_init(RTE_DIM(words), argv) >= 0;
}

static int
remove_folder(void **state)
{
	char command[128];

	(void)state;
	rte_eal_cleanup();
	snprintf(command, sizeof(command), "rm -rf '%s'", getenv("RUNTIME_DIRECTORY"));
	return system(command); /* NOLINT: a folder of mkdtemp() */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_agent_is_shown),
		cmocka_unit_test(agents_are_told_apart),
		cmocka_unit_test(no_table_vanishes),
	};

	if (!start_eal())
		return 1;
	return cmocka_run_group_tests(tests, NULL, remove_folder);
}
