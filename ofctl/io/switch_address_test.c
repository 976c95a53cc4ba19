/* SPDX-License-Identifier: Apache-2.0 */
#include "switch_address.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void
addresses_are_checked(void **state)
{
	(void)state;
	assert_int_equal(switch_address_check("unix:/run/x"), 0);
	assert_int_equal(switch_address_check("tcp:127.0.0.1:6653"), 0);
	assert_int_equal(switch_address_check("ssl:[::1]:6653"), 0);
	assert_int_equal(switch_address_check("unix:"), -EINVAL);
	assert_int_equal(switch_address_check("tcp:127.0.0.1"), -EINVAL);
	assert_int_equal(switch_address_check("tcp:localhost:6653"), -EINVAL);
	assert_int_equal(switch_address_check("tcp:127.0.0.1:99999"), -EINVAL);
	assert_int_equal(switch_address_check("/run/x"), -EINVAL);
}

static void
only_some_are_surely_of_this_host(void **state)
{
	(void)state;
	assert_true(switch_address_is_local("unix:/run/x"));
	assert_true(switch_address_is_local("tcp:127.0.0.1:6653"));
	assert_true(switch_address_is_local("ssl:127.9.8.7:6653"));
	assert_true(switch_address_is_local("ssl:[::1]:6653"));
	assert_false(switch_address_is_local("tcp:128.0.0.1:6653"));
	assert_false(switch_address_is_local("tcp:192.0.2.127:6653"));
	assert_false(switch_address_is_local("tcp:[2001:db8::1]:6653"));
	assert_false(switch_address_is_local("tcp:localhost:6653"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(addresses_are_checked),
					   cmocka_unit_test(only_some_are_surely_of_this_host)};

	return cmocka_run_group_tests_name("switch_address", tests, NULL, NULL);
}
