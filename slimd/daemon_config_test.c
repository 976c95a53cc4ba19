/* SPDX-License-Identifier: Apache-2.0 */
/* Configuration files, good and bad; what is wrong is named with file and line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon_config.h"

static const char start[] = "host: a\n"
			    "agent_socket: /run/slim/agent.sock\n"
			    "state_dir: /var/lib/slim\n";
static const char grpc[] = "grpc:\n"
			   "  unix: /run/slim/slimd.sock\n";

struct fixture {
	char path[64];
	char error[CONFIG_ERROR_SIZE];
	struct daemon_config *config;
};

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	int fd;

	strcpy(f->path, "/tmp/slim-config-test-XXXXXX");
	fd = mkstemp(f->path);
	assert_true(fd >= 0);
	close(fd);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	daemon_config_free(f->config);
	unlink(f->path);
	free(f);
	return 0;
}

static int
load(struct fixture *f, const char *a, const char *b, const char *c)
{
	FILE *file = fopen(f->path, "w");

	fprintf(file, "%s%s%s", a, b, c);
	fclose(file);
	daemon_config_free(f->config);
	f->config = NULL;
	return daemon_config_load(f->path, &f->config, f->error);
}

static const struct daemon_config *
load_good(struct fixture *f, const char *more)
{
	assert_int_equal(load(f, start, grpc, more), 0);
	if (f->config == NULL)
		abort(); /* the assertion above has ended the test */
	return f->config;
}

/* The text after the file's name. */
static void
expect_error(struct fixture *f, const char *text)
{
	size_t n = strlen(f->path);

	assert_null(f->config);
	assert_memory_equal(f->error, f->path, n);
	assert_string_equal(f->error + n, text);
}

static void
small_file_is_enough(void **state)
{
	struct fixture *f = *state;
	const struct daemon_config *config = load_good(f, "");

	assert_string_equal(config->host, "a");
	assert_string_equal(config->grpc.unix_path, "/run/slim/slimd.sock");
	assert_null(config->peer);
	assert_null(config->steering);
	assert_int_equal(config->n_peers, 0);
	assert_int_equal(config->level, LOG_LEVEL_INFO);
}

static void
whole_file_is_understood(void **state)
{
	struct fixture *f = *state;
	const struct daemon_config *config = load_good(
		f, "log_level: debug\n"
		   "peer:\n  listen: \"[::1]:7441\"\n  plaintext: true\n  compression: lz4\n"
		   "peers:\n- {name: b, address: \"192.0.2.2:7441\"}\n- name: c\n"
		   "steering:\n  address: unix:/run/slim/ofctld.sock\n"
		   "defaults: {max_hold_us: 500, timeout_s: 30, max_bandwidth: 1000, "
		   "source_gone_s: 9}\n"
		   "metrics: 127.0.0.1:9742\n");

	assert_int_equal(config->level, LOG_LEVEL_DEBUG);
	assert_true(config->peer->plaintext);
	assert_true(config->compress);
	assert_int_equal(config->n_peers, 2);
	assert_string_equal(config->peers[0].address, "192.0.2.2:7441");
	assert_null(config->peers[1].address);
	assert_false(config->steering_none);
	assert_int_equal(config->defaults.max_hold_us, 500);
	assert_int_equal(config->defaults.source_gone_s, 9);
	assert_string_equal(config->metrics, "127.0.0.1:9742");
}

static void
steering_may_be_none(void **state)
{
	struct fixture *f = *state;
	const struct daemon_config *config = load_good(f, "steering: {address: none}\n");

	assert_true(config->steering_none);
}

static void
unknown_key_is_named_with_its_line(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(load(f, start, grpc, "\n# a remark\nperrs: []\n"), -EINVAL);
	expect_error(f, ":8: unknown key \"perrs\"");
	assert_int_equal(load(f, start, grpc, "peers:\n  - name: b\n    adress: c:1\n"), -EINVAL);
	expect_error(f, ":8: unknown key \"adress\"");
	assert_int_equal(load(f, start, grpc, "steering: {addr: none}\n"), -EINVAL);
	expect_error(f, ":6: unknown key \"addr\"");
	/* A key of that name further up belongs there. */
	assert_int_equal(load(f, start, grpc, "peers:\n  - name: b\nname: c\n"), -EINVAL);
	expect_error(f, ":8: unknown key \"name\"");
}

static void
missing_and_wrong_values_are_named(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(load(f, "", grpc, ""), -EINVAL);
	assert_non_null(strstr(f->error, "missing key \"host\""));
	assert_int_equal(load(f, start, grpc, "defaults:\n  timeout_s: soon\n"), -EINVAL);
	expect_error(f, ":7: timeout_s: Invalid uint64_t value: 'soon'");
	assert_int_equal(load(f, start, grpc, "host: b\n"), -EINVAL);
	assert_non_null(strstr(f->error, "already seen: host"));
}

static void
broken_files_are_refused(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(load(f, start, grpc, "peers:\n\t- x\n"), -EINVAL);
	assert_non_null(strstr(f->error, ":7: "));
	assert_int_equal(load(f, "", "", ""), -EINVAL);
	assert_non_null(strstr(f->error, "the file is empty"));
	assert_int_equal(load(f, "host: &x a\nstate_dir: *x\n", "", ""), -EINVAL);
	expect_error(f, ":2: aliases are not allowed");
	assert_int_equal(load(f, start, grpc, "---\nhost: b\n"), -EINVAL);
	expect_error(f, ":6: more than one document");
	assert_int_equal(daemon_config_load("/nonexistent/x.yaml", &f->config, f->error), -ENOENT);
	assert_string_equal(f->error, "/nonexistent/x.yaml: No such file or directory");
}

static void
what_contradicts_itself_is_refused(void **state)
{
	static const struct {
		const char *text, *error;
	} cases[] = {
		{"peers: [{name: b}]\n", ": \"peers\" needs \"peer\""},
		{"peer: {listen: \"x:1\"}\n", ": peer: needs \"tls\" (or \"plaintext: true\")"},
		{"peer: {plaintext: maybe}\n", ":6: plaintext: Invalid ENUM value: maybe"},
		{"peer: {listen: \"1\", plaintext: true}\n",
		 ": peer.listen: \"1\" is not host:port"},
		{"peer: {listen: \"::1:7\", plaintext: true}\n",
		 ": peer.listen: \"::1:7\" needs the form [address]:port for IPv6"},
		{"peer: {plaintext: true}\npeers: [{name: a}]\n", ": peers: \"a\" is this host"},
		{"peer: {plaintext: true, compression: gzip}\n",
		 ": peer.compression: \"gzip\" is not none or lz4"},
		{"peer: {plaintext: true}\npeers: [{name: b}, {name: b}]\n",
		 ": peers: \"b\" stands there twice"},
		{"steering: {address: \"h:99999\"}\n",
		 ": steering.address: \"h:99999\" has no valid port"},
		{"steering: {address: \"h:9\"}\n",
		 ": steering: an address of this kind needs \"tls\""},
		{"steering: {address: \"h:9\", tls: {ca: /nonexistent/ca, cert: c, key: k}}\n",
		 ": steering.tls: /nonexistent/ca: No such file or directory"},
		{"log_level: loud\n", ": log_level: \"loud\" is not error, warn, info or debug"},
		{"defaults: {timeout_s: 86401}\n", ": defaults: timeout_s is above one day"},
	};
	struct fixture *f = *state;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(load(f, start, grpc, cases[i].text), -EINVAL);
		expect_error(f, cases[i].error);
	}
	assert_int_equal(load(f, start, "grpc: {tcp: \"127.0.0.1:1\"}\n", ""), -EINVAL);
	expect_error(f, ": grpc: \"tcp\" needs \"tls\"");
	assert_int_equal(load(f, start, "grpc: {}\n", ""), -EINVAL);
	expect_error(f, ": grpc: needs \"unix\", \"tcp\" or both");
}

#define config_test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		config_test(small_file_is_enough),
		config_test(whole_file_is_understood),
		config_test(steering_may_be_none),
		config_test(unknown_key_is_named_with_its_line),
		config_test(missing_and_wrong_values_are_named),
		config_test(broken_files_are_refused),
		config_test(what_contradicts_itself_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
