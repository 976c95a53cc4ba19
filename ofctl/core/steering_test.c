/* SPDX-License-Identifier: Apache-2.0 */
#include "steering.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "example.h"

#define UNREACHABLE SLIM__V1__REASON_CODE__REASON_STEERING_UNREACHABLE
#define REFUSED SLIM__V1__REASON_CODE__REASON_STEERING_REFUSED
#define FLIPPED SLIM__V1__REASON_CODE__REASON_STEERING_FLIPPED
#define BAD_REQUEST SLIM__V1__REASON_CODE__REASON_BAD_REQUEST
#define UNKNOWN_SERVICE SLIM__V1__REASON_CODE__REASON_UNKNOWN_SERVICE
#define UNKNOWN_INSTANCE SLIM__V1__REASON_CODE__REASON_UNKNOWN_INSTANCE

static struct topology topology;
static struct steering steering;
static unsigned service;
static struct steering_reason reason;

static const struct steering_request ab = {0x1122334455667788, "nat", "a", "b"};
static const struct steering_request ba = {0x99, "nat", "b", "a"};

static int
setup(void **state)
{
	struct topology_error error;

	(void)state;
	assert_int_equal(topology_build(example_one_bridge(), &topology, &error), 0);
	steering_init(&steering);
	service = 77;
	return 0;
}

#define assert_refused(call, wanted)                                        \
	do {                                                                \
		struct steering before_ = steering;                         \
		memset(&reason, 0, sizeof(reason));                         \
		assert_int_equal((call), -EINVAL);                          \
		assert_int_equal(reason.code, (wanted));                    \
		assert_true(reason.text[0] != '\0');                        \
		assert_memory_equal(&before_, &steering, sizeof(steering)); \
	} while (0)

static int
set(const char *instance)
{
	return steering_set(&topology, &steering, "nat", instance, true, &service, &reason);
}

static int
prepare(const struct steering_request *r)
{
	return steering_prepare(&topology, &steering, r, &service, &reason);
}

static int
flip(const struct steering_request *r)
{
	return steering_flip(&topology, &steering, r, &service, &reason);
}

static int
quiet(const struct steering_request *r)
{
	return steering_quiet(&topology, &steering, r, &service, &reason);
}

static int
fence(const struct steering_request *r)
{
	return steering_fence(&topology, &steering, r, &service, &reason);
}

static int
cleanup(const struct steering_request *r, bool complete)
{
	return steering_cleanup(&topology, &steering, r, complete, &service, &reason);
}

static void
whole_move(void **state)
{
	const struct steering_service *s = &steering.services[0];

	(void)state;
	assert_int_equal(set("a"), 1);
	assert_int_equal(service, 0);
	assert_int_equal(set("a"), 0);
	assert_int_equal(prepare(&ab), 1);
	assert_int_equal(prepare(&ab), 0);
	assert_int_equal(s->session.vids[0], 3000);
	assert_int_equal(s->session.vids[1], 3001);
	assert_int_equal(steering_active(s), 0);
	assert_int_equal(flip(&ab), 1);
	assert_int_equal(flip(&ab), 0);
	assert_int_equal(steering_active(s), 1);
	assert_int_equal(cleanup(&ab, true), 1);
	assert_int_equal(cleanup(&ab, true), 0);
	assert_int_equal(s->serving, 1);
	assert_int_equal(s->session.stage, STEERING_NO_SESSION);
}

static void
abort_before_and_after_fence(void **state)
{
	(void)state;
	set("a");
	prepare(&ab);
	assert_int_equal(cleanup(&ab, false), 1);
	assert_int_equal(cleanup(&ab, false), 0);
	prepare(&ab);
	assert_int_equal(fence(&ab), 1);
	assert_int_equal(fence(&ab), 0);
	assert_refused(flip(&ab), REFUSED);
	assert_refused(prepare(&ab), REFUSED);
	assert_refused(cleanup(&ab, true), REFUSED);
	assert_int_equal(cleanup(&ab, false), 1);
	assert_int_equal(steering.services[0].serving, 0);
}

/* Once the target owns the traffic nothing but a fence leads back. */
static void
flipped_is_forward_only(void **state)
{
	(void)state;
	set("a");
	prepare(&ab);
	flip(&ab);
	assert_refused(cleanup(&ab, false), REFUSED);
	assert_refused(prepare(&ab), REFUSED);
	assert_refused(set("a"), REFUSED);
	assert_refused(steering_clear(&topology, &steering, "nat", "", &service, &reason), REFUSED);
}

/* The target has died after it took over. */
static void
flipped_is_fenced_and_steered_back(void **state)
{
	const struct steering_service *s = &steering.services[0];
	struct steering_request last = ab;

	(void)state;
	last.last_copy = true;
	set("a");
	prepare(&ab);
	flip(&ab);
	assert_refused(fence(&ab), SLIM__V1__REASON_CODE__REASON_STEERING_FLIPPED);
	assert_int_equal(steering_active(s), 1);
	assert_int_equal(fence(&last), 1);
	assert_int_equal(fence(&last), 0);
	assert_int_equal(fence(&ab), 0);
	assert_int_equal(steering_active(s), 0);
	assert_refused(flip(&ab), REFUSED);
	assert_refused(cleanup(&ab, true), REFUSED);
	assert_int_equal(cleanup(&ab, false), 1);
	assert_int_equal(s->serving, 0);
	assert_int_equal(s->session.stage, STEERING_NO_SESSION);
}

/* The source has died after it had the target fenced: the target has the last copy. */
static void
fenced_is_flipped_for_the_last_copy(void **state)
{
	const struct steering_service *s = &steering.services[0];
	struct steering_request last = ab;

	(void)state;
	last.last_copy = true;
	set("a");
	assert_refused(flip(&last), REFUSED);
	prepare(&ab);
	assert_int_equal(fence(&ab), 1);
	assert_refused(flip(&ab), REFUSED);
	assert_int_equal(flip(&last), 1);
	assert_int_equal(flip(&last), 0);
	assert_int_equal(steering_active(s), 1);
	assert_int_equal(cleanup(&ab, true), 1);
	assert_int_equal(s->serving, 1);
}

/* The source ended it by force; the target, which did not hear, goes on alone. */
static void
flip_of_what_has_ended_so_is_done(void **state)
{
	struct steering_request last = ab;

	(void)state;
	last.last_copy = true;
	assert_refused(flip(&ab), UNREACHABLE); /* nothing is known of the service */
	assert_refused(quiet(&ab), UNREACHABLE);
	set("a");
	assert_refused(quiet(&ab), REFUSED);
	prepare(&ab);
	flip(&ab);
	assert_int_equal(quiet(&ab), 0);
	cleanup(&ab, true);
	service = 77;
	assert_int_equal(flip(&ab), 0);
	assert_int_equal(service, 0);
	service = 77;
	assert_int_equal(quiet(&ab), 0);
	assert_int_equal(service, 0);
	assert_int_equal(flip(&last), 0);
	assert_int_equal(steering.services[0].session.stage, STEERING_NO_SESSION);
	assert_refused(flip(&ba), REFUSED); /* b serves: a is not the one */
	assert_refused(quiet(&ba), REFUSED);
	prepare(&ba);
	assert_refused(flip(&ab), REFUSED); /* b is in another session */
	assert_refused(quiet(&ab), REFUSED);
}

static void
refuses_what_it_does_not_know(void **state)
{
	struct steering_request r = ab;

	(void)state;
	assert_refused(prepare(&ab), UNREACHABLE); /* nothing is known of the service */
	assert_refused(fence(&ab), UNREACHABLE);
	assert_refused(cleanup(&ab, false), UNREACHABLE);
	set("a");
	r.service = "lb";
	assert_refused(prepare(&r), UNKNOWN_SERVICE);
	assert_refused(cleanup(&r, false), UNKNOWN_SERVICE);
	r = ab;
	r.target = "c";
	assert_refused(prepare(&r), UNKNOWN_INSTANCE);
	r.target = "a";
	assert_refused(prepare(&r), BAD_REQUEST);
	r = ab;
	r.session = 0;
	assert_refused(prepare(&r), BAD_REQUEST);
	assert_refused(prepare(&ba), REFUSED); /* b does not serve */
	assert_refused(flip(&ab), REFUSED);
	assert_refused(cleanup(&ab, true), REFUSED);
	assert_refused(set("c"), UNKNOWN_INSTANCE);
	assert_refused(set(""), BAD_REQUEST);
	assert_refused(steering_clear(&topology, &steering, "nat", "b", &service, &reason),
		       REFUSED);
}

/* What is not there is undone, whatever it is that is not there; what serves is not. */
static void
nothing_is_undone_at_once(void **state)
{
	struct steering_request r = ab;

	(void)state;
	set("a");
	assert_int_equal(fence(&ab), 0);
	assert_int_equal(cleanup(&ab, false), 0);
	r.target = "gone";
	assert_int_equal(fence(&r), 0);
	assert_int_equal(cleanup(&r, false), 0);
	r.source = "gone too";
	assert_int_equal(cleanup(&r, false), 0);
	assert_refused(fence(&ba), SLIM__V1__REASON_CODE__REASON_STEERING_FLIPPED); /* a serves */
	assert_refused(cleanup(&ba, false), REFUSED);                               /* the same */
	assert_refused(cleanup(&ab, true), REFUSED);
	assert_int_equal(prepare(&ab), 1);
	r = ab;
	r.session++;
	assert_refused(fence(&r), REFUSED); /* b is in a session of another's */
	assert_int_equal(cleanup(&r, false), 0);
	r.session--;
	r.target = "gone";
	assert_refused(fence(&r), REFUSED); /* this session has another target */
	assert_refused(cleanup(&r, false), REFUSED);
	assert_int_equal(steering.services[0].session.stage, STEERING_PREPARED);
}

/* a's session to b has ended long ago, and c serves since then. a, which has slept, asks for the fence of b. It is no
 * answer that b does not serve: a would serve beside c. */
static void
fence_is_not_done_while_a_third_serves(void **state)
{
	static const struct steering_request bc = {0x77, "nat", "b", "c"};
	struct steering_request last = ab, strange = ab;
	struct topology_error error;

	(void)state;
	assert_int_equal(topology_build(example_four_bridges(), &topology, &error), 0);
	last.last_copy = true;
	strange.source = "gone";
	set("c");
	assert_refused(fence(&ab), FLIPPED);
	assert_non_null(strstr(reason.text, "instance \"c\" serves"));
	assert_refused(fence(&last), FLIPPED);
	assert_refused(fence(&strange), FLIPPED);
	strange = ab;
	strange.target = "gone";
	assert_refused(fence(&strange), FLIPPED);
	steering_clear(&topology, &steering, "nat", "", &service, &reason);
	assert_int_equal(fence(&ab), 0); /* nobody serves */
	set("b");
	prepare(&bc);
	assert_refused(fence(&ab), REFUSED); /* b is in another session */
	flip(&bc);
	strange.target = "d";
	assert_refused(fence(&strange), FLIPPED); /* c has the traffic */
	cleanup(&bc, true);
	assert_refused(fence(&ab), FLIPPED);
	set("a");
	assert_int_equal(fence(&ab), 0);
}

/* It "serves" still by the state, and has been flipped away from. */
static void
fence_is_not_done_after_another_flip(void **state)
{
	static const struct steering_request ac = {0x77, "nat", "a", "c"};
	struct topology_error error;

	(void)state;
	assert_int_equal(topology_build(example_four_bridges(), &topology, &error), 0);
	set("a");
	prepare(&ac);
	assert_int_equal(fence(&ab), 0);
	flip(&ac);
	assert_refused(fence(&ab), FLIPPED);
}

static void
set_must_be_sure(void **state)
{
	(void)state;
	assert_refused(steering_set(&topology, &steering, "nat", "a", false, &service, &reason),
		       SLIM__V1__REASON_CODE__REASON_GATE_CLOSED);
	assert_int_equal(set("a"), 1);
	assert_int_equal(steering_set(&topology, &steering, "nat", "a", false, &service, &reason),
			 0); /* it serves already */
	assert_refused(steering_set(&topology, &steering, "nat", "b", false, &service, &reason),
		       SLIM__V1__REASON_CODE__REASON_GATE_CLOSED);
}

static void
one_session_a_service(void **state)
{
	struct steering_request other = ab;

	(void)state;
	other.session++;
	set("a");
	prepare(&ab);
	assert_refused(prepare(&other), REFUSED);
	assert_refused(flip(&other), REFUSED);
	assert_non_null(strstr(reason.text, "1122334455667788 (a to b, prepared)"));
	other.session = steering_tag(ab.session); /* the same digest, another session */
	assert_int_equal(steering_tag(other.session), steering_tag(ab.session));
	assert_refused(flip(&other), REFUSED);
	assert_int_equal(cleanup(&other, false), 0); /* its own is gone; that of others stays */
	assert_int_equal(steering.services[0].session.stage, STEERING_PREPARED);
}

static void
session_known_by_tag_is_adopted(void **state)
{
	(void)state;
	set("a");
	prepare(&ab);
	steering.services[0].session.id = 0;
	assert_refused(flip(&ba), REFUSED);
	assert_int_equal(flip(&ab), 1);
	assert_int_equal(steering.services[0].session.id, ab.session);
}

static void
clear_leaves_nobody(void **state)
{
	(void)state;
	set("a");
	assert_int_equal(steering_clear(&topology, &steering, "nat", "a", &service, &reason), 1);
	assert_int_equal(steering_clear(&topology, &steering, "nat", "a", &service, &reason), 0);
	assert_int_equal(steering.services[0].serving, STEERING_NOBODY);
	assert_refused(prepare(&ab), REFUSED);
	assert_non_null(strstr(reason.text, "nobody does"));
}

static void
text_comes_back(void **state)
{
	char text[STEERING_TEXT_SIZE];
	struct steering loaded;
	unsigned skipped = 9;

	(void)state;
	set("a");
	prepare(&ab);
	flip(&ab);
	steering_save(&topology, &steering, text);
	assert_string_equal(text, "slim-ofctld-state 1\n"
				  "service nat a\n"
				  "session nat 1122334455667788 444444cc flipped a b "
				  "inside=3000 outside=3001\n"
				  "end\n");
	assert_int_equal(steering_load(&topology, text, &loaded, &skipped), 0);
	assert_int_equal(skipped, 0);
	assert_memory_equal(&loaded, &steering, sizeof(loaded));
}

static void
cut_text_is_refused(void **state)
{
	char text[STEERING_TEXT_SIZE];
	struct steering loaded;
	unsigned skipped;
	size_t size;

	(void)state;
	set("a");
	prepare(&ab);
	size = steering_save(&topology, &steering, text);
	while (size-- > 0) {
		text[size] = '\0';
		assert_int_equal(steering_load(&topology, text, &loaded, &skipped), -EINVAL);
	}
}

static void
text_of_another_topology_leaves_services_unknown(void **state)
{
	struct steering loaded;
	unsigned skipped = 0;

	(void)state;
	assert_int_equal(steering_load(&topology,
				       "slim-ofctld-state 1\nservice nat z\nservice lb -\nend\n",
				       &loaded, &skipped),
			 0);
	assert_int_equal(skipped, 2);
	assert_false(loaded.services[0].known);
	assert_int_equal(
		steering_load(&topology,
			      "slim-ofctld-state 1\nservice nat a\n"
			      "session nat 01 00000001 prepared a z inside=1 outside=2\nend\n",
			      &loaded, &skipped),
		0);
	assert_false(loaded.services[0].known);
	assert_int_equal(steering_load(&topology, "slim-ofctld-state 1\nsession nat\nend\n",
				       &loaded, &skipped),
			 -EINVAL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(whole_move, setup),
		cmocka_unit_test_setup(abort_before_and_after_fence, setup),
		cmocka_unit_test_setup(flipped_is_forward_only, setup),
		cmocka_unit_test_setup(flipped_is_fenced_and_steered_back, setup),
		cmocka_unit_test_setup(fenced_is_flipped_for_the_last_copy, setup),
		cmocka_unit_test_setup(flip_of_what_has_ended_so_is_done, setup),
		cmocka_unit_test_setup(refuses_what_it_does_not_know, setup),
		cmocka_unit_test_setup(nothing_is_undone_at_once, setup),
		cmocka_unit_test_setup(fence_is_not_done_while_a_third_serves, setup),
		cmocka_unit_test_setup(fence_is_not_done_after_another_flip, setup),
		cmocka_unit_test_setup(set_must_be_sure, setup),
		cmocka_unit_test_setup(one_session_a_service, setup),
		cmocka_unit_test_setup(session_known_by_tag_is_adopted, setup),
		cmocka_unit_test_setup(clear_leaves_nobody, setup),
		cmocka_unit_test_setup(text_comes_back, setup),
		cmocka_unit_test_setup(cut_text_is_refused, setup),
		cmocka_unit_test_setup(text_of_another_topology_leaves_services_unknown, setup),
	};

	return cmocka_run_group_tests_name("steering", tests, NULL, NULL);
}
