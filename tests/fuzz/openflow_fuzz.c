/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzes every decoder of the OpenFlow codec. Built in two ways:
 *
 *	scripts/fuzz	a libFuzzer target
 *	otherwise	a unit test: replays the corpus
 *			(OPENFLOW_CORPUS) and mutations of it
 *
 * What is checked besides memory: a decoder that accepts a rule gives back the same bytes' meaning
 * when the rule is encoded and decoded again, and no cursor runs past its end.
 */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "openflow.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_flow_mod(const struct of_flow_mod *mod)
{
	static uint8_t memory[OF_SEND_MAX];
	struct of_flow_mod again;
	struct of_writer w;

	of_writer_init(&w, memory, sizeof(memory));
	of_encode_flow_mod(&w, 1, mod);
	assert(of_write_done(&w) > 0);
	assert(of_decode_flow_mod(memory, of_write_done(&w), &again) == 0);
	assert(again.cookie == mod->cookie && again.priority == mod->priority);
	assert(again.match.fields == mod->match.fields && again.actions.n == mod->actions.n);
	assert(memcmp(again.actions.list, mod->actions.list,
		      mod->actions.n * sizeof(mod->actions.list[0])) == 0);
}

/* The packet is the end of the message, and comes back from what is made of it. */
static void
check_packet_in(const struct of_packet_in *in, const uint8_t *message, size_t size)
{
	static uint8_t memory[2 * OF_MESSAGE_MAX];
	struct of_packet_in again;
	struct of_writer w;

	assert(in->size <= size && in->data + in->size == message + size);
	of_writer_init(&w, memory, sizeof(memory));
	of_encode_packet_in(&w, 1, in);
	assert(of_decode_packet_in(memory, of_write_done(&w), &again) == 0);
	assert(again.in_port == in->in_port && again.cookie == in->cookie);
	assert(again.size == in->size && memcmp(again.data, in->data, in->size) == 0);
}

static void
walk_multipart(const struct of_multipart_reply *reply)
{
	struct of_port_stats stats;
	struct of_flow flow;
	struct of_update update;
	struct of_port port;
	const uint8_t *body;
	size_t size;

	for (body = reply->body, size = reply->size; of_next_flow(&body, &size, &flow) > 0;)
		assert(size <= reply->size && flow.actions.n <= OF_MAX_ACTIONS);
	for (body = reply->body, size = reply->size; of_next_port(&body, &size, &port) > 0;)
		assert(memchr(port.name, '\0', sizeof(port.name)) != NULL);
	for (body = reply->body, size = reply->size; of_next_update(&body, &size, &update) > 0;)
		assert(size <= reply->size && update.event <= OF_UPDATE_RESUMED);
	for (body = reply->body, size = reply->size; of_next_port_stats(&body, &size, &stats) > 0;)
		assert(size <= reply->size);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct of_header header;
	struct of_error error;
	struct of_features features;
	struct of_port port;
	enum of_port_reason reason;
	struct of_bundle_control control;
	struct of_multipart_reply reply;
	struct of_flow_mod mod;
	struct of_packet_out out;
	struct of_packet_in in;
	uint64_t cookie, mask;
	uint32_t bundle, monitor;
	uint16_t flags;
	uint8_t table;
	bool speaks, packets;

	if (of_decode_header(data, size, &header) < 0)
		return 0;
	of_decode_hello(data, size, &speaks);
	if (of_decode_error(data, size, &error) == 0)
		assert(error.size <= size);
	of_decode_features(data, size, &features);
	of_decode_port_status(data, size, &reason, &port);
	of_decode_bundle_control(data, size, &control);
	of_decode_flow_stats_request(data, size, &cookie, &mask);
	if (of_decode_multipart(data, size, &reply) == 0)
		walk_multipart(&reply);
	if (of_decode_flow_mod(data, size, &mod) == 0)
		check_flow_mod(&mod);
	if (of_decode_bundle_add(data, size, &bundle, &flags, &mod) == 0)
		check_flow_mod(&mod);
	of_decode_flow_monitor_request(data, size, &monitor, &table);
	if (of_decode_packet_out(data, size, &out) == 0)
		assert(out.size <= size && out.actions.n <= OF_MAX_ACTIONS);
	if (of_decode_packet_in(data, size, &in) == 0)
		check_packet_in(&in, data, size);
	of_decode_set_async(data, size, &packets);
	return 0;
}

#ifndef FUZZ_LIBFUZZER

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define MAX_FILES 64
#define MAX_SIZE 4096u
#define MUTATIONS 4000u

static struct {
	uint8_t data[MAX_SIZE];
	size_t size;
} files[MAX_FILES];
static unsigned n_files;

/* In memory of exactly that size, so that a sanitizer sees every byte too many. */
static void
run_one(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size ? size : 1);

	assert_non_null(copy);
	memcpy(copy, data, size);
	LLVMFuzzerTestOneInput(copy, size);
	free(copy);
}

static void
read_file(const char *path)
{
	FILE *f = fopen(path, "re");

	if (!f || n_files == MAX_FILES) {
		fail_msg("%s cannot be read", path);
		return;
	}
	files[n_files].size = fread(files[n_files].data, 1, MAX_SIZE, f);
	n_files++;
	fclose(f);
}

static void
corpus_is_replayed(void **state)
{
	const char *folder = getenv("OPENFLOW_CORPUS");
	const struct dirent *entry;
	DIR *dir;

	(void)state;
	dir = folder ? opendir(folder) : NULL;
	if (!dir) {
		fail_msg("no corpus");
		return;
	}
	while ((entry = readdir(dir)) != NULL) {
		char path[4096];

		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		read_file(path);
	}
	closedir(dir);
	assert_true(n_files >= 10);
	for (unsigned i = 0; i < n_files; i++)
		run_one(files[i].data, files[i].size);
}

static uint64_t seed = 88172645463325252u;

static uint32_t
dice(uint32_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 16) % n;
}

/* One to four changes: a byte, a 16-bit length, a cut, and mostly a header that fits again. */
static size_t
mutate(uint8_t *data, size_t size)
{
	for (uint32_t i = 1 + dice(4); i > 0; i--) {
		switch (dice(4)) {
		case 0:
			data[dice((uint32_t)size)] = (uint8_t)dice(256);
			break;
		case 1:
			data[dice((uint32_t)size)] ^= (uint8_t)(1u << dice(8));
			break;
		case 2:
			data[dice((uint32_t)size) & ~1u] = 0;
			break;
		default:
			size = OF_HEADER_SIZE + dice((uint32_t)(size - OF_HEADER_SIZE + 1));
			break;
		}
	}
	if (dice(8) != 0 && size >= OF_HEADER_SIZE) {
		data[2] = (uint8_t)(size >> 8);
		data[3] = (uint8_t)size;
	}
	return size;
}

static void
mutations_do_no_harm(void **state)
{
	uint8_t data[MAX_SIZE];

	(void)state;
	print_message("# seed %llu\n", (unsigned long long)seed);
	for (unsigned i = 0; i < n_files; i++) {
		for (unsigned n = 0; n < MUTATIONS && files[i].size >= OF_HEADER_SIZE; n++) {
			memcpy(data, files[i].data, files[i].size);
			run_one(data, mutate(data, files[i].size));
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(corpus_is_replayed),
		cmocka_unit_test(mutations_do_no_harm),
	};

	return cmocka_run_group_tests_name("openflow fuzz", tests, NULL, NULL);
}

#endif
