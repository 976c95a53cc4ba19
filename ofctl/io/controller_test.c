/* SPDX-License-Identifier: Apache-2.0 */
/* The controller in front of two switches that misbehave on demand. */
#include "controller.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/listener.h>

#include "example.h"
#include "fake_switch.h"
#include "log.h"
#include "loop.h"
#include "ofctl_metrics.h"
#include "rules.h"

#define UNREACHABLE SLIM__V1__REASON_CODE__REASON_STEERING_UNREACHABLE
#define REFUSED SLIM__V1__REASON_CODE__REASON_STEERING_REFUSED

enum { PERIMETER = 1, A_PORT = 2, B_PORT = 3 }; /* port numbers on either switch */

static struct event_base *base;
static struct fake_switch fakes[2];
static struct topology topology;
static struct ofctl_config config;
static struct controller *controller;
static char folder[] = "/tmp/ofctl-controller-test-XXXXXX";
static char paths[2][64];
static char addresses[2][72];

static struct {
	unsigned n;
	Slim__V1__ReasonCode code; /* 0: done */
	char text[SLIM_REASON_SIZE];
} last;

static void
on_done(void *ctx, const struct steering_reason *reason, unsigned service)
{
	(void)ctx;
	(void)service;
	last.n++;
	last.code = reason ? reason->code : 0;
	snprintf(last.text, sizeof(last.text), "%s", reason ? reason->text : "");
}

static void stop_control(void);

static bool
all_up(void)
{
	return strcmp(controller_bridge_info(controller, 0).state, "up") == 0 &&
	       strcmp(controller_bridge_info(controller, 1).state, "up") == 0 &&
	       controller_bridge_info(controller, 0).n_rules > 0 &&
	       controller_bridge_info(controller, 1).n_rules > 0 &&
	       controller_steering(controller)->services[0].known;
}

static void
start_controller(void)
{
	assert_int_equal(controller_create(base, &config, &topology, NULL, &controller), 0);
}

static void
restart_controller(void)
{
	controller_destroy(controller);
	start_controller();
	RUN_UNTIL(base, all_up());
}

static void
start_switch(unsigned i)
{
	static const char *const names[2][3] = {{"pin", "a-in", "b-in"},
						{"pout", "a-out", "b-out"}};

	fakes[i] = (struct fake_switch){.datapath_id = 0xd0 + i};
	for (unsigned p = 0; p < 3; p++)
		fake_switch_add_port(&fakes[i], p + 1, names[i][p]);
	fake_switch_add_port(&fakes[i], OF_PORT_LOCAL, i == 0 ? "A" : "B");
	fake_switch_start(&fakes[i], base, paths[i]);
}

static int
setup(void **state)
{
	struct topology_config *example = example_split();
	struct topology_error error;

	(void)state;
	base = event_base_new();
	for (unsigned i = 0; i < 2; i++) {
		example->bridges[i].address = addresses[i];
		start_switch(i);
	}
	assert_int_equal(topology_build(example, &topology, &error), 0);
	config = (struct ofctl_config){
		.state_dir = folder,
		.magic = RULES_MAGIC_DEFAULT,
		.openflow = {.probe_ms = 60000, .timeout_ms = 2000, .audit_ms = 60000},
		.quiet = {.still_ms = 100, .deadline_ms = 60000},
	};
	memset(&last, 0, sizeof(last));
	start_controller();
	RUN_UNTIL(base, all_up());
	return 0;
}

static int
teardown(void **state)
{
	char file[96];

	(void)state;
	controller_destroy(controller);
	for (unsigned i = 0; i < 2; i++)
		fake_switch_stop(&fakes[i]);
	stop_control();
	event_base_free(base);
	snprintf(file, sizeof(file), "%s/steering", folder);
	unlink(file);
	return 0;
}

/* ---- a control socket -------------------------------------------------------------- */

/* Answers a wait at once, or only when it is told to; everything else at once. */
static struct {
	struct evconnlistener *listener;
	struct bufferevent *open[4];
	struct bufferevent *bev; /* of these, the one that asked last */
	unsigned n_requests;     /* of its requests, waits */
	bool at_once;
	const char *bridges; /* that the switch has */
	const char *refusal; /* of a wait */
	bool offload;
} control;

static void
say(const char *text)
{
	assert_non_null(control.bev);
	bufferevent_write(control.bev, text, strlen(text));
}

static void
answer_control(void)
{
	char text[128];

	if (!control.refusal) {
		say("{\"error\":null,\"id\":0,\"result\":\"\"}");
		return;
	}
	snprintf(text, sizeof(text), "{\"error\":\"%s\",\"id\":0,\"result\":null}",
		 control.refusal);
	say(text);
}

static void
answer_bridges(void)
{
	char text[128];

	snprintf(text, sizeof(text), "{\"id\":0,\"result\":\"%s\",\"error\":null}",
		 control.bridges ? control.bridges : "A\\nB\\n");
	say(text);
}

static void
on_control_request(struct bufferevent *bev, void *ctx)
{
	char text[128] = "";

	(void)ctx;
	control.bev = bev;
	bufferevent_read(bev, text, sizeof(text) - 1);
	if (strstr(text, "\"ofproto/list\"")) {
		answer_bridges();
	} else if (strstr(text, "\"dpctl/offload-stats-show\"")) {
		say(control.offload ? "{\"error\":null,\"id\":0,\"result\":\"HW Offload stats:\"}"
				    : "{\"error\":\"Invalid argument\",\"id\":0,\"result\":null}");
	} else {
		assert_string_equal(text,
				    "{\"id\":0,\"method\":\"revalidator/wait\",\"params\":[]}");
		control.n_requests++;
		if (control.at_once)
			answer_control();
	}
}

static void
on_control_event(struct bufferevent *bev, short events, void *ctx)
{
	(void)events;
	(void)ctx;
	for (unsigned i = 0; i < 4; i++) {
		if (control.open[i] == bev)
			control.open[i] = NULL;
	}
	bufferevent_free(bev);
	if (control.bev == bev)
		control.bev = NULL;
}

static void
on_control_connection(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *address,
		      int size, void *ctx)
{
	unsigned i = 0;

	(void)listener;
	(void)address;
	(void)size;
	(void)ctx;
	while (i < 3 && control.open[i])
		i++;
	assert_null(control.open[i]);
	control.bev = control.open[i] = bufferevent_socket_new(base, fd, BEV_OPT_CLOSE_ON_FREE);
	assert_non_null(control.bev);
	bufferevent_setcb(control.bev, on_control_request, NULL, on_control_event, NULL);
	bufferevent_enable(control.bev, EV_READ | EV_WRITE);
}

static void
set_control(unsigned i, const char *name)
{
	snprintf(topology.bridges[i].control, sizeof(topology.bridges[i].control), "%s/%s", folder,
		 name);
}

/* The first switch gets it. */
static void
start_control(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	snprintf(address.sun_path, sizeof(address.sun_path), "%s/control.ctl", folder);
	set_control(0, "control.ctl");
	control.listener = evconnlistener_new_bind(
		base, on_control_connection, NULL, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC,
		-1, (struct sockaddr *)&address, sizeof(address));
	assert_non_null(control.listener);
}

static void
stop_control(void)
{
	char path[96];

	for (unsigned i = 0; i < 4; i++) {
		if (control.open[i])
			bufferevent_free(control.open[i]);
	}
	if (control.listener)
		evconnlistener_free(control.listener);
	memset(&control, 0, sizeof(control));
	snprintf(path, sizeof(path), "%s/control.ctl", folder);
	unlink(path);
}

/* ---- calls --------------------------------------------------------------------------- */

static void
start_call(enum controller_verb verb, const char *source, const char *target, bool complete)
{
	struct controller_call c = {.verb = verb,
				    .session = 0xab,
				    .service = "nat",
				    .complete = complete,
				    .last_copy = complete && verb == CONTROLLER_FENCE,
				    .sure = true,
				    .done = on_done};

	snprintf(c.source, sizeof(c.source), "%s", source);
	snprintf(c.target, sizeof(c.target), "%s", target);
	controller_call(controller, &c);
}

static void
call(enum controller_verb verb, const char *source, const char *target, bool complete)
{
	unsigned n = last.n;

	start_call(verb, source, target, complete);
	RUN_UNTIL(base, last.n == n + 1);
}

static void
do_call(enum controller_verb verb, const char *source, const char *target, bool complete)
{
	call(verb, source, target, complete);
	if (last.code != 0)
		fail_msg("refused: %s", last.text);
}

/* Where traffic of the perimeter goes on switch i. */
static uint32_t
to(unsigned i)
{
	return fake_switch_forward(&fakes[i], PERIMETER, 0, 0x0800);
}

static void
assert_serving(uint32_t port)
{
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(to(i), port);
}

static void
assert_metric(const char *line)
{
	struct ofctl_metrics metrics = {.controller = controller, .topology = &topology};
	struct evbuffer *out = evbuffer_new();
	const char *text;

	ofctl_metrics_print(&metrics, out);
	evbuffer_add(out, "", 1);
	text = (const char *)evbuffer_pullup(out, -1);
	if (strstr(text, line) == NULL)
		fail_msg("%s is not in\n%s", line, text);
	evbuffer_free(out);
}

static void
whole_move(void **state)
{
	(void)state;
	assert_serving(0);
	do_call(CONTROLLER_SET, "", "a", false);
	assert_serving(A_PORT);
	assert_int_equal(fake_switch_forward(&fakes[0], B_PORT, 0, 0x0800), 0);
	do_call(CONTROLLER_PREPARE, "a", "b", false);
	assert_serving(A_PORT);
	for (unsigned i = 0; i < 2; i++) {
		uint16_t vid = (uint16_t)(3000 + i);

		assert_int_equal(fake_switch_forward(&fakes[i], A_PORT, vid, 0x0800), B_PORT);
		assert_int_equal(fake_switch_forward(&fakes[i], A_PORT, vid, 0x88b5), B_PORT);
		assert_int_equal(fake_switch_forward(&fakes[i], B_PORT, 0, 0x88b5), A_PORT);
		assert_int_equal(fake_switch_forward(&fakes[i], B_PORT, 0, 0x0800), PERIMETER);
		assert_int_equal(fake_switch_forward(&fakes[i], PERIMETER, vid, 0x0800), 0);
		assert_int_equal(fake_switch_forward(&fakes[i], PERIMETER, 0, 0x88b5), 0);
		assert_int_equal(fake_switch_forward(&fakes[i], A_PORT, 0, 0x88b5), 0);
	}
	do_call(CONTROLLER_FLIP, "a", "b", false);
	assert_serving(B_PORT);
	do_call(CONTROLLER_QUIET, "a", "b", false);
	do_call(CONTROLLER_CLEANUP, "a", "b", true);
	assert_serving(B_PORT);
	assert_int_equal(fake_switch_forward(&fakes[0], A_PORT, 0, 0x0800), 0);
	assert_int_equal(fake_switch_forward(&fakes[0], A_PORT, 3000, 0x0800), 0);
	do_call(CONTROLLER_CLEAR, "", "", false);
	assert_serving(0);
}

static void
repeated_calls_change_nothing(void **state)
{
	unsigned commits;

	(void)state;
	do_call(CONTROLLER_SET, "", "a", false);
	do_call(CONTROLLER_PREPARE, "a", "b", false);
	commits = fakes[0].n_commits;
	do_call(CONTROLLER_PREPARE, "a", "b", false);
	assert_int_equal(fakes[0].n_commits, commits);
}

/* One of two switches refuses its bundle: neither changes. */
static void
flip_goes_through_everywhere_or_nowhere(void **state)
{
	(void)state;
	do_call(CONTROLLER_SET, "", "a", false);
	do_call(CONTROLLER_PREPARE, "a", "b", false);
	fakes[1].fail_add = 1;
	call(CONTROLLER_FLIP, "a", "b", false);
	assert_int_equal(last.code, UNREACHABLE);
	assert_string_equal(last.text, "bridge B: bad action, code 4");
	assert_serving(A_PORT);
	RUN_UNTIL(base, fakes[0].n_discards == 1);
	do_call(CONTROLLER_PREPARE, "a", "b", false); /* still where it was */
	assert_serving(A_PORT);
	fakes[1].fail_add = 0;
	do_call(CONTROLLER_FLIP, "a", "b", false);
	assert_serving(B_PORT);
}

/* The commit of one of two fails: a flip goes on forward, by itself. */
static void
half_a_flip_goes_forward(void **state)
{
	(void)state;
	do_call(CONTROLLER_SET, "", "a", false);
	do_call(CONTROLLER_PREPARE, "a", "b", false);
	fakes[1].hang_up_at_commit = true;
	call(CONTROLLER_FLIP, "a", "b", false);
	assert_int_equal(last.code, UNREACHABLE);
	assert_int_equal(to(0), B_PORT);
	fakes[1].hang_up_at_commit = false;
	RUN_UNTIL(base, to(1) == B_PORT);
	do_call(CONTROLLER_FLIP, "a", "b", false);
}

/* Without a move there is a way back. */
static void
half_a_set_goes_back(void **state)
{
	(void)state;
	do_call(CONTROLLER_SET, "", "a", false);
	fakes[1].fail_commit = true;
	call(CONTROLLER_SET, "", "b", false);
	assert_int_equal(last.code, UNREACHABLE);
	RUN_UNTIL(base, to(0) == A_PORT);
	assert_serving(A_PORT);
}

static void
answer_lost_after_the_commit(void **state)
{
	(void)state;
	do_call(CONTROLLER_SET, "", "a", false);
	fakes[0].hang_up_after_commit = true;
	call(CONTROLLER_PREPARE, "a", "b", false);
	assert_int_equal(last.code, UNREACHABLE);
	fakes[0].hang_up_after_commit = false;
	RUN_UNTIL(base, fake_switch_count(&fakes[0], RULES_REDIRECT) == 0);
	RUN_UNTIL(base, all_up());
	do_call(CONTROLLER_PREPARE, "a", "b", false);
	assert_int_equal(fake_switch_count(&fakes[0], RULES_REDIRECT), 1);
	assert_int_equal(fake_switch_count(&fakes[1], RULES_REDIRECT), 1);
}

static void
switch_down_is_a_clear_refusal(void **state)
{
	(void)state;
	do_call(CONTROLLER_SET, "", "a", false);
	fake_switch_stop(&fakes[1]);
	RUN_UNTIL(base, strcmp(controller_bridge_info(controller, 1).state, "up") != 0);
	call(CONTROLLER_PREPARE, "a", "b", false);
	assert_int_equal(last.code, UNREACHABLE);
	assert_non_null(strstr(last.text, "bridge B is not connected"));
	assert_int_equal(fake_switch_count(&fakes[0], RULES_REDIRECT), 0);
}

static void
silent_switch_does_not_block(void **state)
{
	(void)state;
	config.openflow.timeout_ms = 200;
	restart_controller();
	fakes[1].mute = true;
	call(CONTROLLER_SET, "", "a", false);
	assert_int_equal(last.code, UNREACHABLE);
	assert_int_equal(to(0), 0);
}

/* What cannot be read cannot be changed: the other switch stays as it is, too. */
static void
switch_lost_while_reading(void **state)
{
	unsigned commits;

	(void)state;
	do_call(CONTROLLER_SET, "", "a", false);
	commits = fakes[0].n_commits;
	fakes[1].hang_up_at_read = true;
	call(CONTROLLER_PREPARE, "a", "b", false);
	assert_int_equal(last.code, UNREACHABLE);
	assert_int_equal(fakes[0].n_commits, commits);
	fakes[1].hang_up_at_read = false;
	RUN_UNTIL(base, all_up());
	do_call(CONTROLLER_PREPARE, "a", "b", false);
}

static void
missing_port_is_named(void **state)
{
	(void)state;
	do_call(CONTROLLER_SET, "", "a", false);
	fake_switch_remove_port(&fakes[1], "b-out");
	RUN_UNTIL(base, fake_switch_count(&fakes[1], RULES_DROP) == 2);
	call(CONTROLLER_PREPARE, "a", "b", false);
	assert_int_equal(last.code, SLIM__V1__REASON_CODE__REASON_PORTS);
	assert_string_equal(last.text, "bridge B does not have: b-out");
}

/* The source's host is gone: the target must get the traffic all the same, and be told so when it asks again. */
static void
flip_needs_the_target_only(void **state)
{
	(void)state;
	do_call(CONTROLLER_SET, "", "a", false);
	do_call(CONTROLLER_PREPARE, "a", "b", false);
	fake_switch_remove_port(&fakes[1], "a-out");
	RUN_UNTIL(base, fake_switch_count(&fakes[1], RULES_DROP) == 2);
	do_call(CONTROLLER_FLIP, "a", "b", false);
	assert_serving(B_PORT);
	do_call(CONTROLLER_CLEANUP, "a", "b", true);
	do_call(CONTROLLER_FLIP, "a", "b", false);
	fake_switch_remove_port(&fakes[1], "b-out");
	RUN_UNTIL(base, to(1) == 0);
	call(CONTROLLER_FLIP, "a", "b", false);
	assert_int_equal(last.code, SLIM__V1__REASON_CODE__REASON_PORTS);
}

static void
renumbered_port_is_followed(void **state)
{
	(void)state;
	do_call(CONTROLLER_SET, "", "a", false);
	fake_switch_renumber(&fakes[0], "a-in", 17);
	RUN_UNTIL(base, to(0) == 17);
}

static void
restarted_switch_gets_its_rules_back(void **state)
{
	(void)state;
	do_call(CONTROLLER_SET, "", "a", false);
	do_call(CONTROLLER_PREPARE, "a", "b", false);
	fake_switch_stop(&fakes[0]);
	start_switch(0);
	assert_int_equal(to(0), 0);
	RUN_UNTIL(base, to(0) == A_PORT && fake_switch_count(&fakes[0], RULES_REDIRECT) == 1);
}

static void
end_of_a_session_holds_although_a_switch_is_down(void **state)
{
	(void)state;
	do_call(CONTROLLER_SET, "", "a", false);
	do_call(CONTROLLER_PREPARE, "a", "b", false);
	fake_switch_hang_up(&fakes[1]);
	RUN_UNTIL(base, strcmp(controller_bridge_info(controller, 1).state, "up") != 0);
	call(CONTROLLER_CLEANUP, "a", "b", false);
	assert_int_equal(last.code, UNREACHABLE);
	RUN_UNTIL(base, fake_switch_count(&fakes[0], RULES_REDIRECT) == 0 &&
				fake_switch_count(&fakes[1], RULES_REDIRECT) == 0);
	RUN_UNTIL(base, all_up());
	do_call(CONTROLLER_CLEANUP, "a", "b", false);
}

static void
restart_touches_no_rule(void **state)
{
	unsigned commits;

	(void)state;
	do_call(CONTROLLER_SET, "", "a", false);
	do_call(CONTROLLER_PREPARE, "a", "b", false);
	commits = fakes[0].n_commits + fakes[1].n_commits;
	restart_controller();
	assert_int_equal(fakes[0].n_commits + fakes[1].n_commits, commits);
	do_call(CONTROLLER_FLIP, "a", "b", false);
	assert_serving(B_PORT);
}

static void
rules_are_the_truth_when_the_file_is_gone(void **state)
{
	char file[96];
	unsigned commits;

	(void)state;
	do_call(CONTROLLER_SET, "", "a", false);
	do_call(CONTROLLER_PREPARE, "a", "b", false);
	do_call(CONTROLLER_FLIP, "a", "b", false);
	commits = fakes[0].n_commits + fakes[1].n_commits;
	controller_destroy(controller);
	snprintf(file, sizeof(file), "%s/steering", folder);
	assert_int_equal(unlink(file), 0);
	start_controller();
	RUN_UNTIL(base, all_up());
	assert_int_equal(fakes[0].n_commits + fakes[1].n_commits, commits);
	assert_serving(B_PORT);
	do_call(CONTROLLER_CLEANUP, "a", "b", true);
	assert_serving(B_PORT);
}

/* Without the file and with one switch still down nothing can be known: nothing is touched. */
static void
nothing_is_removed_before_it_is_known(void **state)
{
	char file[96];

	(void)state;
	do_call(CONTROLLER_SET, "", "a", false);
	controller_destroy(controller);
	snprintf(file, sizeof(file), "%s/steering", folder);
	assert_int_equal(unlink(file), 0);
	fake_switch_stop(&fakes[1]);
	start_controller();
	RUN_UNTIL(base, controller_bridge_info(controller, 0).n_rules > 0);
	assert_int_equal(to(0), A_PORT);
	call(CONTROLLER_PREPARE, "a", "b", false);
	assert_int_equal(last.code, UNREACHABLE);
	assert_non_null(strstr(last.text, "bridge B is not connected"));
	call(CONTROLLER_FENCE, "a", "b", true);
	assert_int_equal(last.code, UNREACHABLE);
}

/* Is it in the state file? */
static bool
file_has(const char *what)
{
	char file[96], text[STEERING_TEXT_SIZE] = "";
	FILE *f;

	snprintf(file, sizeof(file), "%s/steering", folder);
	f = fopen(file, "re");
	if (!f)
		return false;
	text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
	fclose(f);
	return strstr(text, what) != NULL;
}

/* A preparation that did not come, while the state file could not be written: it is put right when it can be. */
static void
state_file_catches_up(void **state)
{
	char moved[64];
	unsigned n;

	(void)state;
	snprintf(moved, sizeof(moved), "%s-moved", folder);
	do_call(CONTROLLER_SET, "", "a", false);
	n = last.n;
	fakes[1].deaf = true;
	start_call(CONTROLLER_PREPARE, "a", "b", false);
	RUN_UNTIL(base, file_has("session nat"));
	assert_int_equal(rename(folder, moved), 0);
	fakes[1].deaf = false;
	fake_switch_hang_up(&fakes[1]);
	RUN_UNTIL(base, last.n == n + 1);
	assert_int_equal(rename(moved, folder), 0);
	assert_int_equal(last.code, UNREACHABLE);
	RUN_UNTIL(base, file_has("service nat a") && !file_has("session nat"));
}

static void
removed_rules_come_back_with_the_audit(void **state)
{
	(void)state;
	config.openflow.audit_ms = 100;
	restart_controller();
	do_call(CONTROLLER_SET, "", "a", false);
	fakes[0].n_flows = 0;
	RUN_UNTIL(base, to(0) == A_PORT);
}

/* The switch tells; nobody has to look. */
static void
removed_rules_come_back_when_the_switch_tells(void **state)
{
	(void)state;
	do_call(CONTROLLER_SET, "", "a", false);
	fake_switch_steal(&fakes[0], rules_cookie(RULES_MAGIC_DEFAULT, 1, RULES_INGRESS, 0),
			  UINT64_MAX);
	assert_int_equal(to(0), 0);
	RUN_UNTIL(base, to(0) == A_PORT);
	fakes[0].n_flows = 0;
	fake_switch_resume(&fakes[0]);
	RUN_UNTIL(base, to(0) == A_PORT);
}

static void
rules_of_others_are_left_alone(void **state)
{
	(void)state;
	config.openflow.audit_ms = 100;
	restart_controller();
	fakes[0].flows[fakes[0].n_flows++] = (struct fake_flow){.priority = 7, .cookie = 0x1234};
	fakes[0].flows[fakes[0].n_flows++] = (struct fake_flow){
		.priority = 8, .cookie = rules_cookie(RULES_MAGIC_DEFAULT, 99, RULES_INGRESS, 0)};
	RUN_UNTIL(base, fakes[0].flows[fakes[0].n_flows - 1].priority != 8);
	do_call(CONTROLLER_SET, "", "a", false);
	do_call(CONTROLLER_CLEAR, "", "", false);
	for (unsigned i = 0; i < fakes[0].n_flows; i++) {
		if (fakes[0].flows[i].cookie == 0x1234)
			return;
	}
	fail_msg("the rule of somebody else is gone");
}

/* A straggler is counted by the redirect rule: while it counts nothing is proven. */
static void
counters_tell_stragglers(void **state)
{
	(void)state;
	do_call(CONTROLLER_SET, "", "a", false);
	do_call(CONTROLLER_PREPARE, "a", "b", false);
	do_call(CONTROLLER_FLIP, "a", "b", false);
	unsigned n = last.n;
	config.quiet.deadline_ms = 400;
	start_call(CONTROLLER_QUIET, "a", "b", false);
	RUN_UNTIL(base, ({
			  for (unsigned i = 0; i < fakes[0].n_flows; i++) {
				  if (rules_cookie_role(fakes[0].flows[i].cookie) == RULES_REDIRECT)
					  fakes[0].flows[i].packets++;
			  }
			  last.n == n + 1;
		  }));
	assert_int_equal(last.code, SLIM__V1__REASON_CODE__REASON_DEADLINE);
	config.quiet.deadline_ms = 60000;
	do_call(CONTROLLER_QUIET, "a", "b", false);
}

static void
flipped_is_fenced_and_steered_back(void **state)
{
	(void)state;
	start_control();
	control.at_once = true;
	do_call(CONTROLLER_SET, "", "a", false);
	do_call(CONTROLLER_PREPARE, "a", "b", false);
	do_call(CONTROLLER_FLIP, "a", "b", false);
	call(CONTROLLER_FENCE, "a", "b", false);
	assert_int_equal(last.code, SLIM__V1__REASON_CODE__REASON_STEERING_FLIPPED);
	assert_serving(B_PORT);
	do_call(CONTROLLER_FENCE, "a", "b", true);
	assert_serving(A_PORT);
	assert_int_equal(fake_switch_forward(&fakes[0], A_PORT, 0, 0x0800), PERIMETER);
	assert_int_equal(fake_switch_forward(&fakes[0], B_PORT, 0, 0x0800), 0);
	assert_int_equal(fake_switch_count(&fakes[1], RULES_REDIRECT), 0);
	do_call(CONTROLLER_CLEANUP, "a", "b", false);
	assert_serving(A_PORT);
}

/* The fence for the last copy is in force on one bridge, and the other does not commit it: it goes on forward.
 * Who asked must not take that for a no, or it gives up the last copy. */
static void
half_a_fence_is_no_refusal(void **state)
{
	(void)state;
	start_control();
	control.at_once = true;
	do_call(CONTROLLER_SET, "", "a", false);
	do_call(CONTROLLER_PREPARE, "a", "b", false);
	do_call(CONTROLLER_FLIP, "a", "b", false);
	fakes[1].fail_commit = true;
	call(CONTROLLER_FENCE, "a", "b", true);
	assert_int_equal(last.code, UNREACHABLE);
	assert_non_null(strstr(last.text, "bridge B: "));
	assert_int_equal(to(0), A_PORT);
	assert_int_equal(to(1), B_PORT);
	fakes[1].fail_commit = false;
	do_call(CONTROLLER_FENCE, "a", "b", true);
	assert_serving(A_PORT);
}

/* Neither bridge has taken anything of it. */
static void
fence_that_is_not_staged_is_no_refusal(void **state)
{
	(void)state;
	do_call(CONTROLLER_SET, "", "a", false);
	do_call(CONTROLLER_PREPARE, "a", "b", false);
	do_call(CONTROLLER_FLIP, "a", "b", false);
	fakes[1].fail_add = 1;
	call(CONTROLLER_FENCE, "a", "b", true);
	assert_int_equal(last.code, UNREACHABLE);
	assert_serving(B_PORT);
}

/* Starts a preparation up to where its rules stand and the switch is asked for the first time. */
static void
start_prepare(unsigned n_requests)
{
	start_call(CONTROLLER_PREPARE, "a", "b", false);
	RUN_UNTIL(base, control.n_requests == n_requests);
	assert_int_equal(fake_switch_count(&fakes[0], RULES_REDIRECT), 1);
	assert_int_equal(fake_switch_count(&fakes[1], RULES_REDIRECT), 1);
}

/* No answer before two rounds over the flow cache have ended; when called again, again. */
static void
prepare_waits_for_the_flow_cache(void **state)
{
	char waits[4][CONTROLLER_WAIT_SIZE];
	unsigned n;

	(void)state;
	start_control();
	do_call(CONTROLLER_SET, "", "a", false);
	n = last.n;
	for (unsigned i = 0; i < 2; i++) {
		start_prepare(2 * i + 1);
		RUN_UNTIL(base, fakes[0].n_nudges >= 3 * (i + 1)); /* again and again */
		assert_int_equal(controller_waits(controller, 0, waits, 4), 1);
		assert_non_null(strstr(waits[0], "bridge A: round 1 of 2 over the flow cache"));
		assert_int_equal(last.n, n + i);
		answer_control();
		RUN_UNTIL(base, control.n_requests == 2 * i + 2);
		assert_int_equal(last.n, n + i);
		answer_control();
		RUN_UNTIL(base, last.n == n + i + 1);
		assert_int_equal(last.code, 0);
		RUN_UNTIL(base, !control.bev);
	}
	assert_int_equal(control.n_requests, 4); /* one socket, asked once for both bridges */
}

/* A round has ended, and the switch's main loop sleeps on it: it is woken, and no rule is changed for that. */
static void
switch_that_sleeps_on_an_answer_is_woken(void **state)
{
	unsigned n_nudges, n_barriers;

	(void)state;
	start_control();
	do_call(CONTROLLER_SET, "", "a", false);
	n_nudges = fakes[0].n_nudges;
	start_prepare(1);
	assert_int_equal(fakes[0].n_nudges, n_nudges); /* it leaves when the request is there */
	for (unsigned round = 1; round <= 2; round++) {
		n_nudges = fakes[0].n_nudges;
		RUN_UNTIL(base, control.n_requests == round && fakes[0].n_nudges == n_nudges + 1);
		n_barriers = fakes[0].n_barriers;
		RUN_UNTIL(base, fakes[0].n_barriers > n_barriers);
		assert_int_equal(fakes[0].n_nudges, n_nudges + 1);
		answer_control();
	}
	RUN_UNTIL(base, control.n_requests == 2 && !control.bev);
	assert_int_equal(last.code, 0);
}

/* The pattern fits a dead socket only; the switch that has the bridge listens beside it. */
static void
right_socket_is_found_by_asking(void **state)
{
	char path[128];

	(void)state;
	start_control();
	control.at_once = true;
	snprintf(path, sizeof(path), "%s/vswitchd.1.ctl", folder);
	assert_int_equal(symlink("nowhere", path), 0);
	set_control(0, "vswitchd.*.ctl");
	do_call(CONTROLLER_SET, "", "a", false);
	call(CONTROLLER_PREPARE, "a", "b", false);
	unlink(path);
	assert_string_equal(last.text, "");
	assert_int_equal(control.n_requests, 2);
}

/* Somebody else's rounds prove nothing about this bridge. */
static void
socket_without_the_bridge_proves_nothing(void **state)
{
	(void)state;
	start_control();
	control.at_once = true;
	control.bridges = "AB\\nBA\\n";
	do_call(CONTROLLER_SET, "", "a", false);
	call(CONTROLLER_PREPARE, "a", "b", false);
	assert_int_equal(last.code, SLIM__V1__REASON_CODE__REASON_CONTROL_SOCKET);
	assert_non_null(strstr(last.text, "none has bridge A"));
	assert_int_equal(control.n_requests, 0);
}

/* The switch itself calls it so. */
static void
rename_bridge(unsigned i, const char *name)
{
	for (unsigned p = 0; p < fakes[i].n_ports; p++) {
		if (fakes[i].ports[p].number == OF_PORT_LOCAL)
			snprintf(fakes[i].ports[p].name, sizeof(fakes[i].ports[p].name), "%s",
				 name);
	}
}

/* Two switches call their bridges alike, and both are looked for at one socket: nobody can tell whose rounds those
 * are. */
static void
socket_that_may_be_of_either_proves_nothing(void **state)
{
	(void)state;
	start_control();
	control.at_once = true;
	set_control(1, "*.ctl");
	rename_bridge(1, "A");
	restart_controller();
	do_call(CONTROLLER_SET, "", "a", false);
	call(CONTROLLER_PREPARE, "a", "b", false);
	assert_int_equal(last.code, SLIM__V1__REASON_CODE__REASON_CONTROL_SOCKET);
	assert_non_null(strstr(last.text, "are both called A: give each"));
	assert_int_equal(control.n_requests, 0);
	do_call(CONTROLLER_CLEANUP, "a", "b", false);
	/* One bridge that is named twice is the same. */
	fakes[1].datapath_id = fakes[0].datapath_id;
	restart_controller();
	do_call(CONTROLLER_PREPARE, "a", "b", false);
	do_call(CONTROLLER_CLEANUP, "a", "b", false);
	/* And so is a bridge that is proven another way. */
	fakes[1].datapath_id++;
	topology.bridges[1].control[0] = '\0';
	restart_controller();
	do_call(CONTROLLER_PREPARE, "a", "b", false);
	do_call(CONTROLLER_CLEANUP, "a", "b", false);
	/* Or over a socket of its own: the first is proven, the second one has not got it. */
	set_control(1, "other.ctl");
	control.n_requests = 0;
	call(CONTROLLER_PREPARE, "a", "b", false);
	assert_non_null(strstr(last.text, "bridge B: "));
	assert_int_equal(control.n_requests, FRESH_ROUNDS);
}

/* The socket was found beside the pattern: the other bridge may find it there, too. */
static void
socket_beside_may_be_of_either(void **state)
{
	(void)state;
	start_control();
	control.at_once = true;
	set_control(0, "nothing.*.ctl");
	rename_bridge(1, "A");
	restart_controller();
	do_call(CONTROLLER_SET, "", "a", false);
	do_call(CONTROLLER_PREPARE, "a", "b", false); /* the other one has no control */
	do_call(CONTROLLER_CLEANUP, "a", "b", false);
	control.n_requests = 0;
	set_control(1, "other.ctl");
	call(CONTROLLER_PREPARE, "a", "b", false);
	assert_int_equal(last.code, SLIM__V1__REASON_CODE__REASON_CONTROL_SOCKET);
	assert_int_equal(control.n_requests, 0);
}

/* It does not say how it calls itself. */
static void
bridge_without_a_name_is_not_proven(void **state)
{
	(void)state;
	start_control();
	control.at_once = true;
	fake_switch_remove_port(&fakes[0], "A");
	restart_controller();
	do_call(CONTROLLER_SET, "", "a", false);
	call(CONTROLLER_PREPARE, "a", "b", false);
	assert_int_equal(last.code, SLIM__V1__REASON_CODE__REASON_CONTROL_SOCKET);
	assert_int_equal(control.n_requests, 0);
}

static void
pattern_that_fits_nothing_is_named(void **state)
{
	(void)state;
	set_control(0, "nothing.*.ctl");
	do_call(CONTROLLER_SET, "", "a", false);
	call(CONTROLLER_PREPARE, "a", "b", false);
	assert_int_equal(last.code, SLIM__V1__REASON_CODE__REASON_CONTROL_SOCKET);
	assert_non_null(strstr(last.text, "nothing.*.ctl"));
}

/* A switch that never can prove its cache: counters instead, and a preparation as without a
 * socket. */
static void
counters_where_the_cache_cannot_be_proven(void **state)
{
	(void)state;
	start_control();
	control.at_once = true;
	control.refusal = "can't wait on multiple udpifs.";
	do_call(CONTROLLER_SET, "", "a", false);
	do_call(CONTROLLER_PREPARE, "a", "b", false);
	do_call(CONTROLLER_FLIP, "a", "b", false);
	do_call(CONTROLLER_QUIET, "a", "b", false);
	assert_true(fakes[0].n_reads > 0);
	do_call(CONTROLLER_CLEANUP, "a", "b", true);
	control.refusal = NULL;
	control.offload = true;
	control.n_requests = 0;
	do_call(CONTROLLER_PREPARE, "b", "a", false);
	do_call(CONTROLLER_CLEANUP, "b", "a", false);
	assert_int_equal(control.n_requests, 0);
}

/* Echos are answered, statistics are not: the call ends all the same, and gives its place back. */
static void
proof_by_a_deaf_switch_ends(void **state)
{
	(void)state;
	config.openflow.timeout_ms = 1000;
	restart_controller();
	do_call(CONTROLLER_SET, "", "a", false);
	do_call(CONTROLLER_PREPARE, "a", "b", false);
	do_call(CONTROLLER_FLIP, "a", "b", false);
	unsigned n = last.n;
	start_call(CONTROLLER_QUIET, "a", "b", false);
	unsigned reads = fakes[1].n_reads;
	RUN_UNTIL(base, fakes[1].n_reads >= reads + 2); /* read by the call, then for its proof */
	fakes[1].deaf = true;
	RUN_UNTIL(base, last.n == n + 1);
	assert_int_equal(last.code, UNREACHABLE);
}

/* A switch that is known but does not prove is no prepared one. (How far it has come by the deadline is the
 * machine's business; prepare_waits_for_the_flow_cache() has what is waited for.) */
static void
prepare_without_the_proof_is_refused(void **state)
{
	static const char head[] = "not proven fresh: bridge A: ", tail[] = ": not within 400 ms";

	(void)state;
	start_control();
	do_call(CONTROLLER_SET, "", "a", false);
	config.quiet.deadline_ms = 400;
	call(CONTROLLER_PREPARE, "a", "b", false);
	assert_int_equal(last.code, SLIM__V1__REASON_CODE__REASON_DEADLINE);
	assert_int_equal(strncmp(last.text, head, strlen(head)), 0);
	assert_true(strlen(last.text) > strlen(head) + strlen(tail));
	assert_string_equal(last.text + strlen(last.text) - strlen(tail), tail);
	do_call(CONTROLLER_CLEANUP, "a", "b", false);
}

/* The session ends while the switch is asked: its tags are no longer there to be answered. */
static void
prepare_of_an_ended_session_is_refused(void **state)
{
	unsigned n;

	(void)state;
	start_control();
	do_call(CONTROLLER_SET, "", "a", false);
	start_prepare(1);
	do_call(CONTROLLER_CLEANUP, "a", "b", false);
	n = last.n;
	answer_control();
	RUN_UNTIL(base, control.n_requests == 2);
	answer_control();
	RUN_UNTIL(base, last.n == n + 1);
	assert_int_equal(last.code, REFUSED);
}

/* A controller restarted with the name of the serving instance's port misspelt: the traffic goes on, and
 * somebody is told. */
static void
misspelt_port_of_what_serves(void **state)
{
	char text[CONTROLLER_MISSING_SIZE];
	struct topology_port *port = NULL;
	char name[OF_PORT_NAME_SIZE];

	(void)state;
	for (unsigned p = 0; p < topology.n_ports; p++) {
		if (strcmp(topology.ports[p].name, "a-in") == 0)
			port = &topology.ports[p];
	}
	assert_non_null(port);
	memcpy(name, port->name, sizeof(name));
	do_call(CONTROLLER_SET, "", "a", false);
	snprintf(port->name, sizeof(port->name), "a-inn");
	restart_controller();
	assert_serving(A_PORT);
	assert_int_equal(fake_switch_forward(&fakes[0], A_PORT, 0, 0x0800), PERIMETER);
	assert_int_equal(controller_missing_ports(controller, 0, text), 1);
	assert_string_equal(text, "A: a-inn");
	assert_metric("slim_service_missing_ports{service=\"nat\"} 1\n");
	call(CONTROLLER_PREPARE, "a", "b", false);
	assert_int_equal(last.code, SLIM__V1__REASON_CODE__REASON_PORTS);
	assert_serving(A_PORT);
	memcpy(port->name, name, sizeof(name));
	restart_controller();
	assert_int_equal(controller_missing_ports(controller, 0, text), 0);
	assert_serving(A_PORT);
}

static struct controller_call
undo(enum controller_verb verb, const char *service, const char *target)
{
	struct controller_call c = {.verb = verb, .session = 0xab, .done = on_done};

	snprintf(c.service, sizeof(c.service), "%s", service);
	snprintf(c.source, sizeof(c.source), "a");
	snprintf(c.target, sizeof(c.target), "%s", target);
	return c;
}

/* Whatever is not there is undone: an instance, a service, a session. Rules of a service that is not there
 * are gone when the call is answered. */
static void
what_is_not_there_is_undone(void **state)
{
	static const struct {
		enum controller_verb verb;
		const char *service, *target;
	} calls[] = {
		{CONTROLLER_CLEANUP, "nat", "b"},    {CONTROLLER_FENCE, "nat", "b"},
		{CONTROLLER_CLEANUP, "nat", "gone"}, {CONTROLLER_FENCE, "nat", "gone"},
		{CONTROLLER_CLEANUP, "gone", "b"},   {CONTROLLER_FENCE, "gone", "b"},
	};

	(void)state;
	start_control();
	control.at_once = true;
	do_call(CONTROLLER_SET, "", "a", false);
	fakes[0].flows[fakes[0].n_flows++] = (struct fake_flow){
		.priority = 8, .cookie = rules_cookie(RULES_MAGIC_DEFAULT, 99, RULES_EGRESS, 0)};
	for (unsigned i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		struct controller_call c = undo(calls[i].verb, calls[i].service, calls[i].target);
		unsigned n = last.n;

		controller_call(controller, &c);
		RUN_UNTIL(base, last.n == n + 1);
		if (last.code != 0)
			fail_msg("%u: %s", i, last.text);
	}
	assert_serving(A_PORT);
	for (unsigned i = 0; i < fakes[0].n_flows; i++)
		assert_int_not_equal(fakes[0].flows[i].priority, 8);
}

/* Nothing is known of the service, but its rules can be read and none is of the session. */
static void
undone_although_nothing_is_known(void **state)
{
	char file[96];

	(void)state;
	do_call(CONTROLLER_SET, "", "a", false);
	controller_destroy(controller);
	snprintf(file, sizeof(file), "%s/steering", folder);
	assert_int_equal(unlink(file), 0);
	/* Half of the rules are gone: they are not understood, and stay. */
	for (unsigned i = 0; i < 2; i++)
		fake_switch_steal(&fakes[i], rules_cookie(RULES_MAGIC_DEFAULT, 1, RULES_INGRESS, 0),
				  UINT64_MAX);
	fakes[0].flows[fakes[0].n_flows++] = (struct fake_flow){
		.priority = 8, .cookie = rules_cookie(RULES_MAGIC_DEFAULT, 1, RULES_INGRESS, 0)};
	fake_switch_steal(&fakes[1], rules_cookie(RULES_MAGIC_DEFAULT, 1, RULES_EGRESS, 0),
			  UINT64_MAX);
	start_controller();
	RUN_UNTIL(base, strcmp(controller_bridge_info(controller, 0).state, "up") == 0 &&
				strcmp(controller_bridge_info(controller, 1).state, "up") == 0);
	call(CONTROLLER_PREPARE, "a", "b", false);
	assert_int_equal(last.code, UNREACHABLE);
	do_call(CONTROLLER_CLEANUP, "a", "b", false);
	fakes[0].flows[fakes[0].n_flows++] = (struct fake_flow){
		.priority = 9,
		.cookie = rules_cookie(RULES_MAGIC_DEFAULT, 1, RULES_REDIRECT, 0xab)};
	call(CONTROLLER_CLEANUP, "a", "b", false);
	assert_int_equal(last.code, UNREACHABLE);
}

static void
set_is_refused_unless_somebody_is_sure(void **state)
{
	struct controller_call c = {
		.verb = CONTROLLER_SET, .service = "nat", .target = "a", .done = on_done};

	(void)state;
	controller_call(controller, &c);
	RUN_UNTIL(base, last.n == 1);
	assert_int_equal(last.code, SLIM__V1__REASON_CODE__REASON_GATE_CLOSED);
	assert_serving(0);
	c.sure = true;
	controller_call(controller, &c);
	RUN_UNTIL(base, last.n == 2);
	assert_int_equal(last.code, 0);
	assert_serving(A_PORT);
}

/* A second service, on the first bridge only. */
static void
add_service(void)
{
	static struct topology_port_config perimeter[] = {
		{.name = "in", .bridge = "A", .port = "l"}};
	static struct topology_port_config ports[] = {{.name = "in", .bridge = "A", .port = "l1"},
						      {.name = "in", .bridge = "A", .port = "l2"}};
	static struct topology_instance_config instances[] = {
		{.name = "l1", .ports = &ports[0], .n_ports = 1},
		{.name = "l2", .ports = &ports[1], .n_ports = 1}};
	struct topology_config *example = example_split();
	struct topology_service_config services[2] = {example->services[0],
						      {.name = "lb",
						       .cookie = 2,
						       .redirect_vids = {3100, 3103},
						       .perimeter = perimeter,
						       .n_perimeter = 1,
						       .instances = instances,
						       .n_instances = 2}};
	struct topology_error error;

	for (unsigned i = 0; i < 2; i++)
		example->bridges[i].address = addresses[i];
	example->services = services;
	example->n_services = 2;
	controller_destroy(controller);
	if (topology_build(example, &topology, &error) < 0)
		fail_msg("%s: %s", error.path, error.text);
	fake_switch_add_port(&fakes[0], 11, "l");
	fake_switch_add_port(&fakes[0], 12, "l1");
	fake_switch_add_port(&fakes[0], 13, "l2");
	start_controller();
	RUN_UNTIL(base, all_up());
}

/* A third instance on a bridge of its own, whose host is down. The state file tells who serves. */
static void
add_far_instance(void)
{
	static struct topology_link_config links[] = {{{"A", "to-c"}, {"C", "to-a"}},
						      {{"B", "to-c"}, {"C", "to-b"}}};
	static struct topology_port_config ports[] = {
		{.name = "inside", .bridge = "C", .port = "c-in"},
		{.name = "outside", .bridge = "C", .port = "c-out"}};
	struct topology_config *example = example_split();
	struct topology_instance_config instances[3];
	struct topology_error error;

	for (unsigned i = 0; i < 2; i++) {
		example->bridges[i].address = addresses[i];
		instances[i] = example->services[0].instances[i];
	}
	example->bridges[2] = (struct topology_bridge_config){"C", "unix:/nobody/is/there", NULL};
	example->n_bridges = 3;
	example->links = links;
	example->n_links = 2;
	instances[2] = (struct topology_instance_config){"c", ports, 2};
	example->services[0].instances = instances;
	example->services[0].n_instances = 3;
	example->services[0].transit_vids = (struct topology_vids_config){3100, 3131};
	controller_destroy(controller);
	if (topology_build(example, &topology, &error) < 0)
		fail_msg("%s: %s", error.path, error.text);
	start_controller();
	RUN_UNTIL(base, all_up());
}

/* The fence of c stands where its bridge was up. It is not in force as long as that is down. */
static void
fence_waits_for_the_targets_bridge(void **state)
{
	char file[96];
	FILE *f;

	(void)state;
	do_call(CONTROLLER_SET, "", "a", false);
	controller_destroy(controller);
	controller = NULL;
	snprintf(file, sizeof(file), "%s/steering", folder);
	f = fopen(file, "we");
	assert_non_null(f);
	fprintf(f,
		"slim-ofctld-state 1\nservice nat a\n"
		"session nat 00000000000000ab 000000ab fenced a c inside=3000 outside=3001\nend\n");
	fclose(f);
	add_far_instance();
	assert_int_equal(controller_steering(controller)->services[0].session.stage,
			 STEERING_FENCED);
	call(CONTROLLER_FENCE, "a", "c", false);
	assert_int_equal(last.code, UNREACHABLE);
	call(CONTROLLER_CLEANUP, "a", "c", false);
	assert_int_equal(last.code, UNREACHABLE);
}

/* Nothing of this move has to do with the bridge that is down. */
static void
bridge_of_a_third_is_not_waited_for(void **state)
{
	(void)state;
	do_call(CONTROLLER_SET, "", "a", false);
	add_far_instance();
	do_call(CONTROLLER_PREPARE, "a", "b", false);
	do_call(CONTROLLER_FLIP, "a", "b", false);
	do_call(CONTROLLER_QUIET, "a", "b", false);
	assert_serving(B_PORT);
	do_call(CONTROLLER_FENCE, "a", "b", true);
	do_call(CONTROLLER_FENCE, "a", "b", true);
	assert_serving(A_PORT);
	do_call(CONTROLLER_CLEANUP, "a", "b", false);
	/* What may have rules there has to do with it. */
	call(CONTROLLER_CLEANUP, "a", "b", false);
	assert_int_equal(last.code, UNREACHABLE);
	call(CONTROLLER_FENCE, "a", "c", false);
	assert_int_equal(last.code, UNREACHABLE);
	call(CONTROLLER_PREPARE, "a", "c", false);
	assert_int_equal(last.code, UNREACHABLE);
	assert_non_null(strstr(last.text, "bridge C is not connected"));
	assert_serving(A_PORT);
}

static unsigned n_lb;

static void
on_lb_done(void *ctx, const struct steering_reason *reason, unsigned service)
{
	(void)ctx;
	if (reason)
		fail_msg("refused: %s", reason->text);
	assert_int_equal(service, 1);
	n_lb++;
}

static void
call_lb(enum controller_verb verb)
{
	struct controller_call c = {
		.verb = verb, .session = 0xcd, .service = "lb", .sure = true, .done = on_lb_done};
	unsigned n = n_lb;

	snprintf(c.source, sizeof(c.source), "l1");
	snprintf(c.target, sizeof(c.target), "%s", verb == CONTROLLER_SET ? "l1" : "l2");
	controller_call(controller, &c);
	RUN_UNTIL(base, n_lb == n + 1);
}

/* While a switch leaves one service's call unanswered, at every step of it, another service is moved from
 * begin to end; and it can be seen what the first one waits for. */
static void
services_do_not_wait_for_each_other(void **state)
{
	char waits[4][CONTROLLER_WAIT_SIZE];
	unsigned n;

	(void)state;
	config.openflow.timeout_ms = 60000;
	add_service();
	do_call(CONTROLLER_SET, "", "a", false);
	n = last.n;
	fakes[1].deaf = true;
	start_call(CONTROLLER_PREPARE, "a", "b", false);
	call_lb(CONTROLLER_SET);
	call_lb(CONTROLLER_PREPARE);
	call_lb(CONTROLLER_FLIP);
	assert_int_equal(last.n, n);
	assert_int_equal(controller_waits(controller, 0, waits, 4), 1);
	assert_non_null(strstr(waits[0], "prepare of 00000000000000ab waits"));
	assert_non_null(strstr(waits[0], "for bridge B to tell its rules"));
	assert_int_equal(controller_waits(controller, 1, waits, 4), 0);
	assert_int_equal(fake_switch_forward(&fakes[0], 11, 0, 0x0800), 13);
	assert_int_equal(to(0), A_PORT);
	fakes[1].deaf = false;
	fake_switch_hang_up(&fakes[1]);
	RUN_UNTIL(base, last.n == n + 1);
	assert_int_equal(last.code, UNREACHABLE);
	RUN_UNTIL(base, all_up());
	do_call(CONTROLLER_PREPARE, "a", "b", false);
}

/* Both change at once, over the same bridge, and the state file holds both. */
static void
services_change_side_by_side(void **state)
{
	struct controller_call lb = {.verb = CONTROLLER_SET,
				     .service = "lb",
				     .target = "l2",
				     .sure = true,
				     .done = on_lb_done};
	unsigned n = n_lb, commits;

	(void)state;
	add_service();
	start_call(CONTROLLER_SET, "", "a", false);
	controller_call(controller, &lb);
	RUN_UNTIL(base, last.n == 1 && n_lb == n + 1);
	assert_int_equal(last.code, 0);
	assert_serving(A_PORT);
	assert_int_equal(fake_switch_forward(&fakes[0], 11, 0, 0x0800), 13);
	commits = fakes[0].n_commits;
	restart_controller();
	assert_int_equal(fakes[0].n_commits, commits);
	assert_int_equal(controller_steering(controller)->services[0].serving, 0);
	assert_int_equal(controller_steering(controller)->services[1].serving, 1);
}

/* One service's bundle is refused; the other's is not. */
static void
refused_service_is_alone(void **state)
{
	(void)state;
	add_service();
	call_lb(CONTROLLER_SET);
	fakes[1].fail_add = 1;
	start_call(CONTROLLER_SET, "", "a", false);
	call_lb(CONTROLLER_PREPARE);
	RUN_UNTIL(base, last.n == 1);
	assert_int_equal(last.code, UNREACHABLE);
	assert_serving(0);
	fakes[1].fail_add = 0;
	call_lb(CONTROLLER_FLIP);
	do_call(CONTROLLER_SET, "", "a", false);
}

/* A service has got another cookie: its new rules take the place of the old ones before those go. */
static void
another_cookie_loses_nothing(void **state)
{
	(void)state;
	do_call(CONTROLLER_SET, "", "a", false);
	controller_destroy(controller);
	topology.services[0].cookie = 7;
	start_controller();
	RUN_UNTIL(base, ({
			  assert_serving(A_PORT);
			  unsigned old = 0;
			  for (unsigned i = 0; i < fakes[0].n_flows; i++)
				  old += rules_cookie_service(fakes[0].flows[i].cookie) == 1;
			  all_up() && old == 0;
		  }));
	assert_serving(A_PORT);
}

static void
metrics_tell_what_happened(void **state)
{
	(void)state;
	assert_metric("slim_bridge_up{bridge=\"A\"} 1\n");
	assert_metric("slim_steering_bridge_ups_total 2\n");
	assert_metric("slim_service_session{service=\"nat\"} 0\n");
	do_call(CONTROLLER_SET, "", "a", false);
	assert_metric("slim_service_serving{service=\"nat\",instance=\"a\"} 1\n");
	do_call(CONTROLLER_PREPARE, "a", "b", false);
	assert_metric("slim_service_session{service=\"nat\"} 1\n");
	assert_metric("slim_steering_calls_total 2\n");
	assert_metric("slim_steering_calls_refused_total 0\n");
	call(CONTROLLER_PREPARE, "b", "a", false);
	assert_metric("slim_steering_calls_total 3\n");
	assert_metric("slim_steering_calls_refused_total 1\n");
	fake_switch_stop(&fakes[0]);
	RUN_UNTIL(base, strcmp(controller_bridge_info(controller, 0).state, "up") != 0);
	assert_metric("slim_steering_bridge_downs_total 1\n");
	assert_metric("slim_bridge_up{bridge=\"A\"} 0\n");
	start_switch(0);
	RUN_UNTIL(base, all_up());
	assert_metric("slim_steering_bridge_ups_total 3\n");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(whole_move),
		TEST(repeated_calls_change_nothing),
		TEST(flip_goes_through_everywhere_or_nowhere),
		TEST(half_a_flip_goes_forward),
		TEST(half_a_set_goes_back),
		TEST(answer_lost_after_the_commit),
		TEST(switch_down_is_a_clear_refusal),
		TEST(silent_switch_does_not_block),
		TEST(switch_lost_while_reading),
		TEST(missing_port_is_named),
		TEST(flip_needs_the_target_only),
		TEST(renumbered_port_is_followed),
		TEST(restarted_switch_gets_its_rules_back),
		TEST(end_of_a_session_holds_although_a_switch_is_down),
		TEST(restart_touches_no_rule),
		TEST(rules_are_the_truth_when_the_file_is_gone),
		TEST(nothing_is_removed_before_it_is_known),
		TEST(state_file_catches_up),
		TEST(removed_rules_come_back_with_the_audit),
		TEST(removed_rules_come_back_when_the_switch_tells),
		TEST(rules_of_others_are_left_alone),
		TEST(counters_tell_stragglers),
		TEST(flipped_is_fenced_and_steered_back),
		TEST(half_a_fence_is_no_refusal),
		TEST(fence_that_is_not_staged_is_no_refusal),
		TEST(prepare_waits_for_the_flow_cache),
		TEST(switch_that_sleeps_on_an_answer_is_woken),
		TEST(right_socket_is_found_by_asking),
		TEST(socket_without_the_bridge_proves_nothing),
		TEST(socket_that_may_be_of_either_proves_nothing),
		TEST(socket_beside_may_be_of_either),
		TEST(bridge_without_a_name_is_not_proven),
		TEST(pattern_that_fits_nothing_is_named),
		TEST(counters_where_the_cache_cannot_be_proven),
		TEST(proof_by_a_deaf_switch_ends),
		TEST(prepare_without_the_proof_is_refused),
		TEST(prepare_of_an_ended_session_is_refused),
		TEST(misspelt_port_of_what_serves),
		TEST(what_is_not_there_is_undone),
		TEST(undone_although_nothing_is_known),
		TEST(set_is_refused_unless_somebody_is_sure),
		TEST(fence_waits_for_the_targets_bridge),
		TEST(bridge_of_a_third_is_not_waited_for),
		TEST(services_do_not_wait_for_each_other),
		TEST(services_change_side_by_side),
		TEST(refused_service_is_alone),
		TEST(another_cookie_loses_nothing),
		TEST(metrics_tell_what_happened),
	};
	int result;

	signal(SIGPIPE, SIG_IGN); /* as the daemon does */
	log_set_level(getenv("OFCTL_TEST_LOG") ? LOG_LEVEL_DEBUG : LOG_LEVEL_ERROR);
	if (!mkdtemp(folder))
		return 1;
	for (unsigned i = 0; i < 2; i++) {
		snprintf(paths[i], sizeof(paths[i]), "%s/switch%u", folder, i);
		snprintf(addresses[i], sizeof(addresses[i]), "unix:%s", paths[i]);
	}
	result = cmocka_run_group_tests_name("controller", tests, NULL, NULL);
	rmdir(folder);
	return result;
}
