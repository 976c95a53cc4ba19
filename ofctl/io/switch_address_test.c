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

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(addresses_are_checked)};

	return cmocka_run_group_tests_name("switch_address", tests, NULL, NULL);
}
