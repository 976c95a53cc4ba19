/* SPDX-License-Identifier: Apache-2.0 */
/* Who decides: a secrets file, or nobody; the test is the worker. Each test names what kills it. */
#include "decide.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "auth.h"
#include "orders.h"

static struct pppoe pppoe;
static struct pppoe_asks rings[2];
static struct nf_mailbox mailboxes[2];
static char path[] = "/tmp/slim-secrets-XXXXXX";

static void
write_secrets(const char *text)
{
	int fd = open(path, O_WRONLY | O_TRUNC | O_CREAT, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static void
open_decider(const char *secrets)
{
	struct nf_worker workers[2] = {{.index = 0, .mailbox = &mailboxes[0]},
				       {.index = 1, .mailbox = &mailboxes[1]}};

	memset(&pppoe, 0, sizeof(pppoe));
	memset(rings, 0, sizeof(rings));
	memset(mailboxes, 0, sizeof(mailboxes));
	pppoe.config.n_workers = 2;
	pppoe.config.lcp.pap = pppoe.config.lcp.chap = true;
	strcpy(pppoe.config.ac_name, "ac1");
	if (secrets != NULL) {
		write_secrets(secrets);
		strcpy(pppoe.config.secrets_file, path);
	}
	assert_int_equal(pppoe_decide_open(&pppoe), 0);
	assert_int_equal(pppoe_decide_files(&pppoe), 0);
	for (unsigned int w = 0; w < 2; w++) {
		pppoe.asks[w] = &rings[w];
		pppoe_decide_join(&pppoe, &workers[w]);
	}
}

static int
close_decider(void **state)
{
	(void)state;
	pppoe_decide_close(&pppoe);
	return 0;
}

static bool
ask(unsigned int worker, uint16_t session_id, const char *user, const char *password, bool chap)
{
	struct pppoe_ask *a = pppoe_ask_begin(&rings[worker]);

	if (a == NULL)
		return false;
	a->kind = chap ? PPPOE_ASK_CHAP : PPPOE_ASK_PAP;
	a->worker = (uint16_t)worker;
	a->session_id = session_id;
	a->slot = session_id + 1000u;
	a->identifier = 3;
	memset(a->challenge, 0x5a, sizeof(a->challenge));
	strcpy(a->user, user);
	a->secret_size = chap ? CHAP_MD5_SIZE : (uint8_t)strlen(password);
	if (chap)
		chap_md5(3, password, (uint16_t)strlen(password), a->challenge, 16, a->secret);
	else
		memcpy(a->secret, password, a->secret_size);
	pppoe_ask_commit(&rings[worker]);
	return true;
}

static bool
take_job(void *ctx, struct nf_job *job)
{
	assert_int_equal(job->kind, PPPOE_ORDER_ANSWER);
	assert_true(job->sender == NF_SENDER_NF);
	memcpy(ctx, job->args, sizeof(struct pppoe_answer));
	return true;
}

/* One answer. */
static struct pppoe_answer
answer(unsigned int worker)
{
	struct pppoe_answer a = {0};
	struct nf_job job;

	pppoe_decide_round(&pppoe);
	nf_mailbox_work(&mailboxes[worker], take_job, &a);
	while (nf_mailbox_take(&mailboxes[worker], &job))
		pppoe_decide_job_done(&pppoe, (uint16_t)worker, &job);
	return a;
}

/* Killed by: a password that is not compared, or another user's; an answer to another worker or session. */
static void
the_file_decides(void **state)
{
	static const struct {
		const char *user, *password;
		enum pppoe_verdict verdict;
		uint32_t address;
	} cases[] = {
		{"alice", "wonder", PPPOE_GOOD, 0},         {"alice", "wander", PPPOE_BAD, 0},
		{"alice", "wonde", PPPOE_BAD, 0},           {"alice", "", PPPOE_BAD, 0},
		{"bob", "builder", PPPOE_GOOD, 0xc0000237}, {"bob", "wonder", PPPOE_BAD, 0},
		{"carol", "wonder", PPPOE_BAD, 0},
	};

	(void)state;
	open_decider("alice * wonder *\nbob * builder 192.0.2.55\n");
	for (uint16_t i = 0; i < 2 * RTE_DIM(cases); i++) {
		unsigned int n = i / 2u;
		struct pppoe_answer a;

		assert_true(ask(i & 1, i, cases[n].user, cases[n].password, n & 1));
		a = answer(i & 1);
		assert_int_equal(a.verdict, cases[n].verdict);
		assert_int_equal(a.session_id, i);
		assert_int_equal(a.slot, i + 1000);
		assert_int_equal(a.identifier, 3);
		assert_int_equal(a.ipv4, rte_cpu_to_be_32(cases[n].address));
	}
	/* By the other way, too. */
	assert_true(ask(0, 1, "alice", "wonder", true));
	assert_int_equal(answer(0).verdict, PPPOE_GOOD);
	assert_true(ask(0, 1, "alice", "wander", true));
	assert_int_equal(answer(0).verdict, PPPOE_BAD);
}

/* Killed by: a decider who is missing and lets all in. */
static void
with_nobody_to_decide_nobody_is_let_in(void **state)
{
	(void)state;
	open_decider(NULL);
	assert_true(ask(0, 1, "alice", "wonder", false));
	assert_int_equal(answer(0).verdict, PPPOE_SILENT);
}

/* Killed by: an answer that is lost, or questions that are taken while it waits. */
static void
a_full_mailbox_keeps_the_answer(void **state)
{
	uint32_t n = 0, n_answers = 0;
	struct nf_job job;

	(void)state;
	open_decider("alice * wonder *\n");
	do
		while (n < 3 * NF_MAILBOX_SIZE && ask(0, (uint16_t)n, "alice", "wonder", false))
			n++;
	while (pppoe_decide_round(&pppoe) != 0);
	/* All of the mailbox, one that is kept, and a ring that is full. */
	assert_int_equal(n, NF_MAILBOX_SIZE + 1 + PPPOE_ASKS);
	for (uint16_t session = 0; n_answers < n; pppoe_decide_round(&pppoe)) {
		struct pppoe_answer a;

		nf_mailbox_work(&mailboxes[0], take_job, &a);
		while (nf_mailbox_take(&mailboxes[0], &job)) {
			memcpy(&a, job.args, sizeof(a));
			assert_int_equal(a.session_id, session++);
			n_answers++;
		}
	}
}

/* Killed by: a bad file that takes the good one's place. */
static void
a_wrong_file_changes_nothing(void **state)
{
	(void)state;
	open_decider("alice * wonder *\n");
	write_secrets("alice * other *\n");
	assert_int_equal(chmod(path, 0644), 0);
	assert_true(pppoe_decide_files(&pppoe) < 0);
	assert_true(ask(0, 1, "alice", "wonder", false));
	assert_int_equal(answer(0).verdict, PPPOE_GOOD);
	assert_int_equal(chmod(path, 0600), 0);
	assert_int_equal(pppoe_decide_files(&pppoe), 0);
	assert_true(ask(0, 1, "alice", "wonder", false));
	assert_int_equal(answer(0).verdict, PPPOE_BAD);
}

#define TEST(f) cmocka_unit_test_teardown(f, close_decider)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_file_decides),
		TEST(with_nobody_to_decide_nobody_is_let_in),
		TEST(a_full_mailbox_keeps_the_answer),
		TEST(a_wrong_file_changes_nothing),
	};
	int fd = mkstemp(path), failed;

	if (fd < 0)
		return 1;
	close(fd);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(path);
	return failed;
}
