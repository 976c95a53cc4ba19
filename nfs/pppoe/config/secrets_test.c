/* SPDX-License-Identifier: Apache-2.0 */
/* The file of secrets: who is found with which secret, which lines are refused, and who may read it. */
#include "secrets.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

static struct pppoe_secrets_file *
parsed(const char *text)
{
	struct pppoe_secrets_file *f = NULL;
	char error[256] = "";

	if (pppoe_secrets_parse("s", text, strlen(text), "ac-1", &f, error) != 0)
		fail_msg("'%s' gives '%s'", text, error);
	return f;
}

/* NULL: nobody. */
static void
finds(const struct pppoe_secrets_file *f, const char *user, const char *secret)
{
	const struct pppoe_credential *c = pppoe_secrets_find(f, user);

	if (secret == NULL) {
		assert_null(c);
		return;
	}
	assert_non_null(c);
	assert_string_equal(c->secret, secret);
	assert_int_equal(c->secret_size, strlen(secret));
}

static void
has(const char *text, const char *user, const char *secret)
{
	struct pppoe_secrets_file *f = parsed(text);

	finds(f, user, secret);
	pppoe_secrets_free(f);
}

static void
refused(const char *text, const char *reason)
{
	struct pppoe_secrets_file *f = NULL;
	char error[256] = "";

	assert_int_equal(pppoe_secrets_parse("s", text, strlen(text), "ac-1", &f, error), -EINVAL);
	assert_null(f);
	if (strcmp(error, reason) != 0)
		fail_msg("'%s' gives '%s', not '%s'", text, error, reason);
}

/* Killed by: a comment that is taken for a line, a blank that ends nothing. */
static void
lines_are_read_as_pppd_has_them(void **state)
{
	struct pppoe_secrets_file *f = parsed("# client server secret\n\n"
					      "alice * wonder\n"
					      "\tbob\tac-1\tbuild # he can\r\n"
					      "   # nothing\n"
					      "carol * sing 100.64.0.9\n"
					      "dan * sing *");

	(void)state;
	assert_int_equal(pppoe_secrets_count(f), 4);
	finds(f, "alice", "wonder");
	finds(f, "bob", "build");
	finds(f, "carol", "sing");
	finds(f, "client", NULL);
	finds(f, "", NULL);
	assert_int_equal(pppoe_secrets_find(f, "carol")->address, RTE_BE32(0x64400009));
	assert_int_equal(pppoe_secrets_find(f, "alice")->address, 0);
	assert_int_equal(pppoe_secrets_find(f, "dan")->address, 0);
	pppoe_secrets_free(f);
	f = parsed("");
	assert_int_equal(pppoe_secrets_count(f), 0);
	finds(f, "alice", NULL);
	pppoe_secrets_free(f);
}

/* Killed by: a quote or a backslash that stays in the word, a blank or # that ends a quoted one. */
static void
quotes_and_backslashes_are_taken_away(void **state)
{
	(void)state;
	has("\"al ice\" * 'won # der'\n", "al ice", "won # der");
	has("alice * \"it's\"\n", "alice", "it's");
	has("alice * won\\ der\n", "alice", "won der");
	has("alice * \\\"\\'\\\\\\#\n", "alice", "\"'\\#");
	has("alice * won\"d e\"r\n", "alice", "wond er");
	has("alice * w#n\n", "alice", "w#n");
	has("alice * '@/x'\n", "alice", "@/x");
	has("\"do\\\"ra\" * x\n", "do\"ra", "x");
}

/* Killed by: another server's line that is used, a line for any that goes before ours, an any client that goes before one
 * by name. */
static void
best_line_is_used(void **state)
{
	(void)state;
	has("alice ac-2 wrong\n", "alice", NULL);
	has("alice * any\nalice ac-1 ours\n", "alice", "ours");
	has("alice ac-1 ours\nalice * any\n", "alice", "ours");
	has("* * any\nalice * hers\n", "alice", "hers");
	has("* * any\nalice * hers\n", "bob", "any");
	has("* ac-1 ours\n* * any\n", "bob", "ours");
	has("* ac-2 wrong\n", "bob", NULL);
}

/* Killed by: a line that is taken although it is wrong, or the number of another line; or a secret in a message. */
static void
wrong_lines_are_refused(void **state)
{
	struct pppoe_secrets_file *longest;
	char text[256], reason[256];

	(void)state;
	refused("alice *\n", "s:1: a line is: client, server, secret, address");
	refused("\n\nalice\n", "s:3: a line is: client, server, secret, address");
	refused("alice * x 100.64.0.1 100.64.0.2\n", "s:1: more than one address");
	refused("alice * x -\n", "s:1: '-' is neither an IPv4 address nor *");
	refused("alice * x 0.0.0.0\n", "s:1: '0.0.0.0' is neither an IPv4 address nor *");
	refused("alice * x 100.64.0.0/24\n",
		"s:1: '100.64.0.0/24' is neither an IPv4 address nor *");
	refused("alice * \"x\n", "s:1: a quote is not closed");
	refused("alice * 'x\nbob * y'\n", "s:1: a quote is not closed");
	refused("alice * x\\n\n",
		"s:1: a backslash before a letter, a digit or the end of the line");
	refused("alice * x\\", "s:1: a backslash before a letter, a digit or the end of the line");
	refused("alice * @/etc/x\n",
		"s:1: secrets are not read from other files (@/ needs quotes)");
	refused("alice * \"\"\n", "s:1: a secret has 1 to 127 octets");
	refused("'' * x\n", "s:1: a client's name has 1 to 63 octets");
	refused("alice * x\nbob * y\nalice * z\n", "s:3: 'alice' is in line 1 already");
	refused("* * x\n* * y\n", "s:2: '*' is in line 1 already");
	snprintf(text, sizeof(text), "%064d * x\n", 0);
	refused(text, "s:1: a client's name has 1 to 63 octets");
	snprintf(text, sizeof(text), "alice * %0128d\n", 0);
	refused(text, "s:1: a secret has 1 to 127 octets");
	snprintf(text, sizeof(text), "%063d * %0127d\n", 1, 2);
	snprintf(reason, sizeof(reason), "%063d", 1);
	longest = parsed(text);
	assert_int_equal(pppoe_secrets_find(longest, reason)->secret_size, 127);
	pppoe_secrets_free(longest);
}

static void
zeros_are_refused(void **state)
{
	struct pppoe_secrets_file *f = NULL;
	char error[256] = "";

	(void)state;
	assert_int_equal(pppoe_secrets_parse("s", "alice * x\0y\n", 12, "ac-1", &f, error),
			 -EINVAL);
	assert_string_equal(error, "s:1: an octet of zero");
}

/* Killed by: a table that does not grow, or two users in one place. */
static void
many_users_are_found(void **state)
{
	const uint32_t n = 50000;
	char *text = malloc(n * 32), user[32], secret[32], error[256] = "";
	struct pppoe_secrets_file *f = NULL;
	size_t at = 0;

	(void)state;
	for (uint32_t i = 0; i < n; i++)
		at += (size_t)sprintf(text + at, "user%u * secret%u\n", i, i * 7);
	assert_int_equal(pppoe_secrets_parse("s", text, at, "ac-1", &f, error), 0);
	assert_int_equal(pppoe_secrets_count(f), n);
	for (uint32_t i = 0; i < n; i++) {
		snprintf(user, sizeof(user), "user%u", i);
		snprintf(secret, sizeof(secret), "secret%u", i * 7);
		finds(f, user, secret);
	}
	finds(f, "user50000", NULL);
	pppoe_secrets_free(f);
	free(text);
}

/* ---- the file --------------------------------------------------------------------------------------------- */

static int
load_with(mode_t mode, char error[256], struct pppoe_secrets_file **ret)
{
	char path[] = "/tmp/pppoe_secrets_test_XXXXXX";
	int fd = mkstemp(path), result;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, "alice * wonder\n", 15), 15);
	assert_int_equal(fchmod(fd, mode), 0);
	result = pppoe_secrets_load(path, "ac-1", ret, error);
	close(fd);
	unlink(path);
	return result;
}

/* Killed by: a bit of the mode that is not looked at. */
static void
only_its_owner_may_read_it(void **state)
{
	static const mode_t bad[] = {0640, 0604, 0620, 0602, 0610, 0601};
	struct pppoe_secrets_file *f = NULL;
	char error[256] = "";

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(load_with(bad[i], error, &f), -EPERM);
		assert_null(f);
		assert_non_null(strstr(error, "others than its owner"));
	}
	assert_int_equal(load_with(0600, error, &f), 0);
	finds(f, "alice", "wonder");
	pppoe_secrets_free(f);
}

static void
what_is_no_file_is_refused(void **state)
{
	struct pppoe_secrets_file *f = NULL;
	char error[256] = "";

	(void)state;
	assert_int_equal(pppoe_secrets_load("/nonexistent/s", "ac-1", &f, error), -ENOENT);
	assert_string_equal(error, "/nonexistent/s: No such file or directory");
	assert_int_equal(pppoe_secrets_load("/tmp", "ac-1", &f, error), -EINVAL);
	assert_string_equal(error, "/tmp: is not a file");
	pppoe_secrets_free(NULL);
}

/* What free() gets is all zeros. */
static const char *watched;
static size_t watched_size;
static bool was_seen, was_zero;

void __real_free(void *p);
void __wrap_free(void *p);

void
__wrap_free(void *p)
{
	if (p != NULL && p == watched) {
		was_seen = was_zero = true;
		for (size_t i = 0; i < watched_size; i++)
			was_zero &= watched[i] == '\0';
	}
	__real_free(p);
}

/* Killed by: memory that is freed as it is. */
static void
secrets_are_overwritten(void **state)
{
	struct pppoe_secrets_file *f = parsed("x * wonderland\n");

	(void)state;
	watched = pppoe_secrets_find(f, "x")->secret - strlen("x * ");
	watched_size = strlen("x * wonderland\n");
	pppoe_secrets_free(f);
	assert_true(was_seen);
	assert_true(was_zero);
	watched = NULL;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_are_read_as_pppd_has_them),
		cmocka_unit_test(quotes_and_backslashes_are_taken_away),
		cmocka_unit_test(best_line_is_used),
		cmocka_unit_test(wrong_lines_are_refused),
		cmocka_unit_test(zeros_are_refused),
		cmocka_unit_test(many_users_are_found),
		cmocka_unit_test(only_its_owner_may_read_it),
		cmocka_unit_test(what_is_no_file_is_refused),
		cmocka_unit_test(secrets_are_overwritten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
