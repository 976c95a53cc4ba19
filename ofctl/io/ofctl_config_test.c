/* SPDX-License-Identifier: Apache-2.0 */
#include "ofctl_config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "/tmp/ofctl-config-test-XXXXXX";
static char path[64];
static struct topology topology;

/* Line 1 is the first. */
static const char good[] = "grpc: {unix: /run/slim/ofctld.sock}\n"
			   "state_dir: /var/lib/slim-ofctld\n"
			   "bridges:\n"
			   "  - name: br\n"
			   "    address: unix:/run/openvswitch/br.mgmt\n"
			   "    control: /run/openvswitch/ovs-vswitchd.*.ctl\n"
			   "services:\n"
			   "  - name: nat\n"
			   "    cookie: 1\n"
			   "    redirect_vids: {first: 3000, last: 3007}\n"
			   "    perimeter:\n"
			   "      - {name: inside, bridge: br, port: pin}\n"
			   "    instances:\n"
			   "      - name: a\n"
			   "        ports:\n"
			   "          - {name: inside, bridge: br, port: a-in, vlan: 7}\n";

/* The good file with the first `from` replaced by `to`. */
static void
write_config(const char *from, const char *to)
{
	const char *at = from ? strstr(good, from) : good;
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	assert_non_null(at);
	fprintf(f, "%.*s%s%s", (int)(at - good), good, to, at + (from ? strlen(from) : 0));
	fclose(f);
}

static void
assert_wrong(const char *from, const char *to, const char *wanted)
{
	struct ofctl_config *config = NULL;
	char error[CONFIG_ERROR_SIZE], full[CONFIG_ERROR_SIZE];

	write_config(from, to);
	assert_true(ofctl_config_load(path, &config, &topology, error) < 0);
	assert_null(config);
	snprintf(full, sizeof(full), "%s:%s", path, wanted);
	if (strncmp(error, full, strlen(full)) != 0)
		fail_msg("\"%s\" does not begin with \"%s\"", error, full);
}

static void
good_file_is_read(void **state)
{
	struct ofctl_config *config = NULL;
	char error[CONFIG_ERROR_SIZE];

	(void)state;
	write_config(NULL, "");
	if (ofctl_config_load(path, &config, &topology, error) < 0)
		fail_msg("%s", error);
	assert_string_equal(config->grpc.unix_path, "/run/slim/ofctld.sock");
	assert_int_equal(config->magic, 0x534c);
	assert_int_equal(config->openflow.timeout_ms, 5000);
	assert_int_equal(topology.services[0].instances[0].ports[0].vlan, 7);
	assert_string_equal(topology.bridges[0].control, "/run/openvswitch/ovs-vswitchd.*.ctl");
	ofctl_config_free(config);
}

static void
errors_name_the_line(void **state)
{
	(void)state;
	assert_wrong("state_dir:", "statedir:", "2: ");
	assert_wrong("state_dir: /var", "state_dir: var", "2: state_dir: \"var/lib");
	assert_wrong("cookie: 1", "cookie: 0", "9: services[0].cookie: must be 1 to 254");
	assert_wrong("cookie: 1", "cookie: many", "9: ");
	assert_wrong("bridge: br, port: a-in", "bridge: brr, port: a-in",
		     "16: services[0].instances[0].ports[0].bridge: there is no bridge \"brr\"");
	assert_wrong("last: 3007", "last: 2999", "10: services[0].redirect_vids: 3000 to 2999");
	assert_wrong("unix:/run/openvswitch", "tcp:localhost:6653/",
		     "5: bridges[0].address: \"tcp:");
	assert_wrong("unix:/run/openvswitch/br.mgmt", "ssl:127.0.0.1:6653",
		     "5: bridges[0].address: ssl: needs openflow.tls");
	assert_wrong("{unix: /run/slim/ofctld.sock}", "{unix: ofctld.sock}", "1: grpc.unix: ");
	assert_wrong("{unix: /run/slim/ofctld.sock}", "{tcp: 127.0.0.1:1}",
		     "1: grpc: \"tcp\" needs");
	assert_wrong("state_dir: /var/lib/slim-ofctld", "quiet: {still_ms: 1499}",
		     "2: quiet.still_ms: must be 1500 to 600000");
	assert_wrong("state_dir: /var/lib/slim-ofctld", "log_level: loud", "2: log_level: ");
	assert_wrong("state_dir: /var/lib/slim-ofctld", "metrics: \"9743\"",
		     "2: metrics: \"9743\" is not host:port");
}

/* The name of a bridge is all that a control socket is known by, and another host may have one of that name. */
static void
control_is_for_bridges_of_this_host(void **state)
{
	struct ofctl_config *config = NULL;
	char error[CONFIG_ERROR_SIZE];

	(void)state;
	assert_wrong("unix:/run/openvswitch/br.mgmt", "tcp:192.0.2.1:6653",
		     "6: bridges[0].control: the bridge at tcp:192.0.2.1:6653 is not on this host "
		     "for sure");
	assert_wrong("unix:/run/openvswitch/br.mgmt", "\"tcp:[2001:db8::1]:6653\"",
		     "6: bridges[0].control: ");
	write_config("unix:/run/openvswitch/br.mgmt", "tcp:127.0.0.1:6653");
	if (ofctl_config_load(path, &config, &topology, error) < 0)
		fail_msg("%s", error);
	ofctl_config_free(config);
	write_config("unix:/run/openvswitch/br.mgmt\n"
		     "    control: /run/openvswitch/ovs-vswitchd.*.ctl",
		     "tcp:192.0.2.1:6653");
	if (ofctl_config_load(path, &config, &topology, error) < 0)
		fail_msg("%s", error);
	ofctl_config_free(config);
}

static void
missing_file_is_an_error(void **state)
{
	struct ofctl_config *config = NULL;
	char error[CONFIG_ERROR_SIZE];

	(void)state;
	unlink(path);
	assert_true(ofctl_config_load(path, &config, &topology, error) < 0);
	assert_non_null(strstr(error, path));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_file_is_read),
		cmocka_unit_test(errors_name_the_line),
		cmocka_unit_test(control_is_for_bridges_of_this_host),
		cmocka_unit_test(missing_file_is_an_error),
	};
	int result;

	if (!mkdtemp(folder))
		return 1;
	snprintf(path, sizeof(path), "%s/ofctld.yaml", folder);
	result = cmocka_run_group_tests_name("config", tests, NULL, NULL);
	unlink(path);
	rmdir(folder);
	return result;
}
