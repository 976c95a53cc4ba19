/* SPDX-License-Identifier: Apache-2.0 */
/* What every NF's file has, with three sides: what is taken, and what is refused with which line. Each case changes one
 * line of a good file. Killed by: leaving out the check that it names. */
#include "settings.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

enum { LEFT, MIDDLE, RIGHT, N_SIDES };

struct file {
	struct nf_yaml_settings frame;
	uint32_t *own;
};

struct config {
	union {
		struct nf_settings frame;
		struct {
			NF_SETTINGS
		};
	};
	uint32_t own;
};

static const cyaml_schema_field_t fields[] = {
	NF_YAML_SETTINGS(struct file, frame),
	NF_YAML_SIDE("left", struct file, frame, LEFT),
	NF_YAML_SIDE("middle", struct file, frame, MIDDLE),
	NF_YAML_SIDE("right", struct file, frame, RIGHT),
	NF_YAML_NUMBER("own", struct file, own),
	CYAML_FIELD_END,
};
static const cyaml_schema_value_t schema = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct file, fields),
};

static int
convert(const struct nf_conversion *c, const void *data, void *ret_config)
{
	static const char *const sides[N_SIDES] = {"left", "middle", "right"};
	const struct nf_settings_kind kind = {.sides = sides, .n_sides = N_SIDES, .capacity = 5000};
	const struct file *file = data;
	struct config config = {0};
	int error = nf_take_settings(c, &kind, &file->frame, &config.frame);

	if (error == 0)
		error = nf_take_number(c, "own", file->own, 3, 1, 9, &config.own);
	if (error == 0)
		*(struct config *)ret_config = config;
	return error;
}

static const struct nf_config_reader reader = {.schema = &schema, .convert = convert};

static const char *const good[] = {
	/*  1 */ "instance: a",
	/*  2 */ "service: all",
	/*  3 */ "left: {name: l, port: 0, address: 10.1.0.1/16, mac: 02:00:00:00:01:01}",
	/*  4 */ "middle:",
	/*  5 */ "  name: m",
	/*  6 */ "  port: 1",
	/*  7 */ "  address: 10.2.0.1/16",
	/*  8 */ "  mac: 02:00:00:00:02:01",
	/*  9 */ "  routes:",
	/* 10 */ "    - prefix: 10.9.0.0/16",
	/* 11 */ "      via: 10.2.0.2",
	/* 12 */ "right: {name: r, port: 2, address: 10.3.0.1/16, mac: 02:00:00:00:03:01, vlan: 7}",
	/* 13 */ "workers: 2",
	/* 14 */ "idle: {spin: 9, sleep_us: 8}",
};

#define N_LINES (sizeof(good) / sizeof(good[0]))

/* The good file with one line (from 1) replaced; 0: none. */
static size_t
write_with(unsigned int line, const char *text, char *file, size_t size)
{
	size_t at = 0;

	for (unsigned int i = 0; i < N_LINES; i++)
		at += (size_t)snprintf(file + at, size - at, "%s\n",
				       i + 1 == line ? text : good[i]);
	return at;
}

static int
parse_with(unsigned int line, const char *text, struct config *config, char *error)
{
	char file[4096];
	size_t size = write_with(line, text, file, sizeof(file));

	return nf_config_parse(&reader, "x.yaml", file, size, config, error);
}

static void
refused(unsigned int line, const char *text, const char *place, const char *reason)
{
	char error[NF_CONFIG_ERROR_SIZE] = "", expected[NF_CONFIG_ERROR_SIZE];
	struct config config = {.own = 77};

	assert_int_equal(parse_with(line, text, &config, error), -EINVAL);
	assert_int_equal(config.own, 77); /* untouched */
	snprintf(expected, sizeof(expected), "x.yaml:%u: %s: %s", line, place, reason);
	assert_string_equal(error, expected);
}

static void
all_is_taken(void **state)
{
	char error[NF_CONFIG_ERROR_SIZE] = "";
	struct config c;

	(void)state;
	assert_int_equal(parse_with(0, "", &c, error), 0);
	assert_string_equal(c.instance, "a");
	assert_string_equal(c.service, "all");
	assert_string_equal(c.agent_socket, "");
	assert_string_equal(c.control_socket, "");
	assert_int_equal(c.n_sides, N_SIDES);
	assert_string_equal(c.sides[RIGHT].name, "r");
	assert_int_equal(c.sides[RIGHT].port_id, 2);
	assert_int_equal(c.sides[RIGHT].address, RTE_BE32(0x0a030001));
	assert_int_equal(c.sides[RIGHT].prefix.address, 0x0a030000);
	assert_int_equal(c.sides[RIGHT].vlan, 7);
	assert_int_equal(c.sides[LEFT].vlan, 0);
	assert_int_equal(c.sides[LEFT].mtu, 1500);
	assert_int_equal(c.routes.n, 1);
	assert_int_equal(c.routes.routes[0].side, MIDDLE);
	assert_int_equal(c.routes.routes[0].via, RTE_BE32(0x0a020002));
	assert_int_equal(c.n_workers, 2);
	assert_int_equal(c.spin, 9);
	assert_int_equal(c.sleep_ns, 8000);
}

static void
what_is_missing_has_a_default(void **state)
{
	char error[NF_CONFIG_ERROR_SIZE] = "";
	struct config c;

	(void)state;
	assert_int_equal(parse_with(14, "", &c, error), 0);
	assert_int_equal(c.capacity, 5000);
	assert_int_equal(c.neighbours, 4096);
	assert_int_equal(c.hold_capacity, SLIM_HOLD_CAPACITY_DEFAULT);
	assert_int_equal(c.spin, 64);
	assert_int_equal(c.sleep_ns, 20000);
	assert_int_equal(c.own, 3);
	assert_int_equal(c.sides[MIDDLE].mtu, NF_MTU_DEFAULT);
	assert_int_equal(parse_with(6, "  port: 1\n  mtu: 9000", &c, error), 0);
	assert_int_equal(c.sides[MIDDLE].mtu, 9000);
	assert_int_equal(parse_with(13, "agent_socket: /a\ncontrol_socket: /c", &c, error), 0);
	assert_int_equal(c.n_workers, 1);
	assert_string_equal(c.agent_socket, "/a");
	assert_string_equal(c.control_socket, "/c");
}

static void
bad_values_are_refused_with_their_line(void **state)
{
	char socket[160];

	(void)state;
	refused(1, "instance: a-name-that-is-much-longer-than-31-characters", "instance",
		"longer than 31 characters");
	refused(2, "service: a-name-that-is-much-longer-than-31-characters", "service",
		"longer than 31 characters");
	snprintf(socket, sizeof(socket), "agent_socket: /%0107d", 1);
	refused(13, socket, "agent_socket", "longer than 107 characters");
	snprintf(socket, sizeof(socket), "control_socket: /%0107d", 1);
	refused(13, socket, "control_socket", "longer than 107 characters");
	refused(7, "  address: 10.2.0.1", "middle.address", "'10.2.0.1' is not ADDRESS/BITS");
	refused(8, "  mac: 03:00:00:00:02:01", "middle.mac",
		"'03:00:00:00:02:01' is not a unicast MAC address");
	refused(10, "    - prefix: 10.9.0.1/16", "middle.routes.0.prefix",
		"'10.9.0.1/16' has bits below its mask");
	refused(11, "      via: 10.3.0.2", "middle.routes.0.via",
		"'10.3.0.2' is not a neighbour on that side");
	refused(13, "workers: 17", "workers", "17 is not in 1..16");
	refused(13, "capacity: 9", "capacity", "9 is not in 1024..67108864");
	refused(13, "neighbours: 9", "neighbours", "9 is not in 64..1048576");
	refused(13, "hold_capacity: 9", "hold_capacity", "9 is not in 64..1048576");
	refused(14, "idle: {sleep_us: 10001}", "idle.sleep_us", "10001 is not in 0..10000");
	refused(13, "own: 10", "own", "10 is not in 1..9");
}

/* Each with each. */
static void
sides_are_apart(void **state)
{
	(void)state;
	refused(6, "  port: 0", "middle.port", "is the left port");
	refused(5, "  name: l", "middle.name", "is the left port's name");
	refused(12, "right: {name: r, port: 0, address: 10.3.0.1/16, mac: 02:00:00:00:03:01}",
		"right.port", "is the left port");
	refused(12, "right: {name: m, port: 2, address: 10.3.0.1/16, mac: 02:00:00:00:03:01}",
		"right.name", "is the middle port's name");
}

static uint64_t
fingerprint_with(unsigned int line, const char *text)
{
	char error[NF_CONFIG_ERROR_SIZE] = "";
	struct nf_fingerprint f = {0};
	struct config c;

	assert_int_equal(parse_with(line, text, &c, error), 0);
	nf_fingerprint_settings(&f, &c.frame);
	return f.hash;
}

static void
instances_share_sides_and_routes(void **state)
{
	uint64_t hash = fingerprint_with(0, "");

	(void)state;
	assert_int_equal(fingerprint_with(1, "instance: b"), hash);
	assert_int_equal(fingerprint_with(6, "  port: 5"), hash);
	assert_int_equal(fingerprint_with(13, "workers: 3\ncapacity: 2000"), hash);
	assert_int_not_equal(fingerprint_with(5, "  name: n"), hash);
	assert_int_not_equal(fingerprint_with(7, "  address: 10.2.0.3/16"), hash);
	assert_int_not_equal(fingerprint_with(7, "  address: 10.2.0.1/17"), hash);
	assert_int_not_equal(fingerprint_with(8, "  mac: 02:00:00:00:02:02"), hash);
	assert_int_not_equal(fingerprint_with(8, "  mac: 02:00:00:00:02:01\n  mtu: 1400"), hash);
	assert_int_not_equal(fingerprint_with(8, "  mac: 02:00:00:00:02:01\n  vlan: 9"), hash);
	assert_int_not_equal(fingerprint_with(10, "    - prefix: 10.8.0.0/16"), hash);
	assert_int_not_equal(fingerprint_with(10, "    - prefix: 10.9.0.0/17"), hash);
	assert_int_not_equal(fingerprint_with(11, "      via: 10.2.0.3"), hash);
}

static void
files_are_read_whole_or_refused(void **state)
{
	char path[] = "/tmp/settings_test_XXXXXX", text[4096], error[NF_CONFIG_ERROR_SIZE] = "";
	size_t size = write_with(0, "", text, sizeof(text));
	struct config c = {0};
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, size), size);
	assert_int_equal(nf_config_load(&reader, path, &c, error), 0);
	assert_string_equal(c.service, "all");
	/* A comment of 64 KiB. */
	for (int i = 0; i < 1024; i++)
		assert_int_equal(
			write(fd,
			      "#23456789012345678901234567890123456789012345678901234567890123\n",
			      64),
			64);
	assert_int_equal(nf_config_load(&reader, path, &c, error), -EFBIG);
	assert_non_null(strstr(error, "File too large"));
	close(fd);
	unlink(path);
	assert_int_equal(nf_config_load(&reader, path, &c, error), -ENOENT);
	assert_non_null(strstr(error, "No such file"));
}

static void
wrong_shape_is_refused_with_its_line(void **state)
{
	char error[NF_CONFIG_ERROR_SIZE] = "";
	struct config c;

	(void)state;
	assert_int_equal(parse_with(13, "workers: many", &c, error), -EINVAL);
	assert_int_equal(strncmp(error, "x.yaml:13: ", 11), 0);
	assert_int_equal(parse_with(1, "instnce: a", &c, error), -EINVAL);
	assert_int_equal(strncmp(error, "x.yaml:1: ", 10), 0);
}

/* ---- a side without a network ---------------------------------------------------------------------------- */

struct lone_side {
	struct nf_yaml_side side;
};

struct lone_file {
	struct nf_yaml_settings frame;
	struct lone_side only;
};

static const cyaml_schema_field_t lone_side_fields[] = {
	NF_YAML_UNNUMBERED(struct lone_side, side),
	CYAML_FIELD_END,
};
static const cyaml_schema_field_t lone_fields[] = {
	NF_YAML_SETTINGS(struct lone_file, frame),
	CYAML_FIELD_MAPPING("only", NF_YAML_REQUIRED, struct lone_file, only, lone_side_fields),
	CYAML_FIELD_END,
};
static const cyaml_schema_value_t lone_schema = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct lone_file, lone_fields),
};

static int
convert_lone(const struct nf_conversion *c, const void *data, void *ret_config)
{
	static const char *const sides[] = {"only"};
	const struct nf_settings_kind kind = {.sides = sides, .n_sides = 1, .capacity = 5000};
	const struct lone_file *file = data;
	struct nf_yaml_settings frame = file->frame;

	frame.sides[0] = file->only.side;
	return nf_take_settings(c, &kind, &frame, ret_config);
}

static int
parse_lone(const char *side, struct nf_settings *ret, char *error)
{
	static const struct nf_config_reader lone = {.schema = &lone_schema,
						     .convert = convert_lone};
	char text[256];
	int n = snprintf(text, sizeof(text), "instance: a\nservice: s\nonly: %s\n", side);

	return nf_config_parse(&lone, "x.yaml", text, (size_t)n, ret, error);
}

/* Killed by: a prefix of all addresses, as zeros say, in place of one that no host has. */
static void
a_side_may_have_no_network(void **state)
{
	char error[NF_CONFIG_ERROR_SIZE] = "";
	struct nf_settings s = {0};

	(void)state;
	assert_int_equal(
		parse_lone("{name: o, port: 3, mac: '02:00:00:00:01:01', mtu: 1508}", &s, error),
		0);
	assert_string_equal(s.sides[0].name, "o");
	assert_int_equal(s.sides[0].port_id, 3);
	assert_int_equal(s.sides[0].mtu, 1508);
	assert_int_equal(s.sides[0].address, 0);
	assert_int_equal(s.sides[0].prefix.mask, UINT32_MAX);
	assert_false(nf_side_may_have(&s.sides[0], 0));
	assert_false(nf_side_may_have(&s.sides[0], RTE_BE32(0x0a000001)));
	assert_int_equal(parse_lone("{name: o, port: 3, mac: '03:00:00:00:01:01'}", &s, error),
			 -EINVAL);
	assert_string_equal(error,
			    "x.yaml:3: only.mac: '03:00:00:00:01:01' is not a unicast MAC address");
	assert_int_equal(
		parse_lone("{name: o, port: 3, mac: '02:00:00:00:01:01', address: 10.0.0.1/8}", &s,
			   error),
		-EINVAL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_is_taken),
		cmocka_unit_test(what_is_missing_has_a_default),
		cmocka_unit_test(bad_values_are_refused_with_their_line),
		cmocka_unit_test(sides_are_apart),
		cmocka_unit_test(instances_share_sides_and_routes),
		cmocka_unit_test(files_are_read_whole_or_refused),
		cmocka_unit_test(wrong_shape_is_refused_with_its_line),
		cmocka_unit_test(a_side_may_have_no_network),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
