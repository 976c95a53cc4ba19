/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The packet path makes no system call: a process that would be killed for one goes through every
 * mode of the gate. And the clock that it has where the kernel would have to be called.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include <rte_eth_ring.h>
#include <rte_ethdev.h>

#include "agent.h"
#include "harness.h"

struct entry {
	uint32_t id;
	uint32_t value;
};

static const struct slim_field fields[] = {
	SLIM_FIELD_KEY(struct entry, id, SLIM_U32),
	SLIM_FIELD_STATE(struct entry, value, SLIM_U32),
};

static uint32_t
acquire(void *ctx, struct slim_worker *w, uint8_t bucket, const void *key)
{
	(void)ctx, (void)w, (void)bucket;
	return *(const uint32_t *)key;
}

static void
removed(void *ctx, struct slim_worker *w, uint32_t slot, const void *entry)
{
	(void)ctx, (void)w, (void)slot, (void)entry;
}

static const struct slim_table_ops ops = {.acquire = acquire, .removed = removed};

/* ---- an NF of one worker between two rings ---------------------------------------------- */

struct nf {
	struct slim_agent *agent;
	struct slim_worker *worker;
	struct slim_table *table;
	struct harness_shm shm;
	struct rte_ring *rx;
	struct rte_ring *tx;
};

static uint16_t
make_port(struct nf *nf)
{
	static const struct rte_eth_conf conf;
	int port;

	nf->rx = rte_ring_create("rx", 1024, SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ);
	nf->tx = rte_ring_create("tx", 1024, SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ);
	assert_true(nf->rx != NULL && nf->tx != NULL);
	port = rte_eth_from_rings("quiet", &nf->rx, 1, &nf->tx, 1, 0);
	assert_true(port >= 0);
	assert_int_equal(rte_eth_dev_configure((uint16_t)port, 1, 1, &conf), 0);
	assert_int_equal(rte_eth_rx_queue_setup((uint16_t)port, 0, 512, 0, NULL, harness_pool()),
			 0);
	assert_int_equal(rte_eth_tx_queue_setup((uint16_t)port, 0, 512, 0, NULL), 0);
	assert_int_equal(rte_eth_dev_start((uint16_t)port), 0);
	return (uint16_t)port;
}

static void
start_nf(struct nf *nf)
{
	const struct slim_port_config port = {"inside", make_port(nf), 1};
	const struct slim_agent_config config = {.name = "quiet",
						 .service = "test",
						 .kind = "test",
						 .version = "1",
						 .identity = "",
						 .active = true,
						 .n_workers = 1,
						 .n_ports = 1,
						 .ports = &port,
						 .frame_pool = harness_pool(),
						 .socket_id = SOCKET_ID_ANY};
	const struct slim_table_config table = {.name = "entries",
						.capacity = 1000,
						.entry_size = sizeof(struct entry),
						.n_fields = 2,
						.fields = fields,
						.ops = &ops};

	assert_int_equal(slim_agent_create(&config, &nf->agent), 0);
	assert_int_equal(slim_table_create(nf->agent, &table, &nf->table), 0);
	assert_int_equal(slim_agent_start(nf->agent), 0);
	nf->worker = slim_agent_worker(nf->agent, 0);
	nf->shm = harness_shm_of(nf->agent);
}

static void
receive_packet(struct nf *nf)
{
	struct rte_mbuf *pkt = rte_pktmbuf_alloc(harness_pool());
	char *bytes = pkt != NULL ? rte_pktmbuf_append(pkt, 64) : NULL;

	if (bytes == NULL)
		return;
	memset(bytes, 0, 64);
	bytes[12] = 0x08; /* IPv4 */
	if (rte_ring_enqueue(nf->rx, pkt) != 0)
		rte_pktmbuf_free(pkt);
}

/* A round of the worker's loop, and of the wire beyond it. */
static void
turn_round(struct nf *nf, uint32_t n)
{
	struct rte_mbuf *pkts[32];
	struct entry *e;
	uint16_t got, sent;

	receive_packet(nf);
	slim_worker_poll(nf->worker);
	got = slim_rx_burst(nf->worker, 0, pkts, RTE_DIM(pkts));
	if (got > 0) {
		e = slim_slot_begin(nf->worker, nf->table, n % 1000);
		e->id = n % 1000;
		e->value = n;
		slim_slot_end(nf->worker, nf->table, n % 1000, (uint8_t)n);
	}
	sent = rte_eth_tx_burst(nf->agent->ports[0].port_id, 0, pkts, got);
	rte_pktmbuf_free_bulk(pkts + sent, got - sent);
	slim_commit(nf->worker, true);
	got = (uint16_t)rte_ring_dequeue_burst(nf->tx, (void **)pkts, RTE_DIM(pkts), NULL);
	rte_pktmbuf_free_bulk(pkts, got);
}

/* Long enough for what is sent again after a time; where nobody ticks, time stands still at last. */
static void
go_through(struct nf *nf, const struct slim_shm_command *command)
{
	uint64_t until = agent_now_ns() + UINT64_C(20000000);

	harness_command(&nf->shm, command);
	for (uint32_t n = 0; n < 2000 || (n < 20000 && agent_now_ns() < until); n++) {
		if (command->mode == SLIM_GATE_RECEIVE)
			harness_install(&nf->shm, 0, SLIM_INSTALL_PUT, 0, 0, n % 1000,
					&(struct entry){n % 1000, n}, sizeof(struct entry));
		turn_round(nf, n);
	}
}

static void
go_through_all(struct nf *nf)
{
	struct slim_shm_command command = {.session = 7,
					   .nonce = 8,
					   .n_ports = 1,
					   .peer_workers = 1,
					   .hold_limit_ns = 1000000,
					   .ports = {{.redirect_vid = 100}}};

	for (uint32_t mode = SLIM_GATE_PASS; mode <= SLIM_GATE_SERVE; mode++) {
		for (uint32_t i = 0; i < 8; i++) {
			command.mode = mode;
			command.track = i & 1;
			command.watch = i & 1;
			command.is_source = (i >> 1) & 1;
			command.wipe = mode == SLIM_GATE_CLOSED && (i >> 2) & 1;
			go_through(nf, &command);
		}
	}
}

/* ---- no system call ------------------------------------------------------------------------ */

/* A sanitizer calls the kernel when it likes. Under one the modes are gone through, and nothing is forbidden. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define FORBIDS 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define FORBIDS 0
#endif
#endif
#ifndef FORBIDS
#define FORBIDS 1
#endif

/* From here on only the end of the process is allowed. */
static void
forbid_system_calls(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_exit_group, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
	};
	struct sock_fprog program = {.len = RTE_DIM(filter), .filter = filter};

	if (FORBIDS == 0)
		return;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
		_exit(99);
}

/* The state in which the child ended. */
static int
run_forbidden(struct nf *nf, void (*run)(struct nf *))
{
	int status = 0;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		forbid_system_calls();
		run(nf);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return status;
}

static void
call_the_kernel(struct nf *nf)
{
	(void)nf;
	syscall(SYS_getppid);
}

/* Killed by: a system call anywhere below slim_worker_poll, slim_rx_burst, slim_commit and the slots. */
static void
no_mode_makes_a_system_call(void **state)
{
	struct nf *nf = *state;
	int status;

	/* The judge can say no, and for this reason. */
	status = run_forbidden(nf, call_the_kernel);
	assert_int_equal(WIFSIGNALED(status), FORBIDS);
	assert_true(!FORBIDS || WTERMSIG(status) == SIGSYS);
	for (int counts = 0; counts < 2; counts++) {
		slim_clock_choose(counts != 0);
		status = run_forbidden(nf, go_through_all);
		slim_clock_choose(false);
		assert_false(WIFSIGNALED(status));
		assert_int_equal(WEXITSTATUS(status), 0);
	}
}

/* ---- counting --------------------------------------------------------------------------------- */

static void
sources_are_known(void **state)
{
	(void)state;
	assert_true(slim_clock_source_is_quick("tsc\n"));
	assert_true(slim_clock_source_is_quick("arch_sys_counter"));
	assert_false(slim_clock_source_is_quick("tsc-early\n"));
	assert_false(slim_clock_source_is_quick("hpet\n"));
	assert_false(slim_clock_source_is_quick("acpi_pm\n"));
	assert_false(slim_clock_source_is_quick("xen\n"));
	assert_false(slim_clock_source_is_quick(""));
}

/* Killed by: a wrong rate, a counter that is trusted for ever, one that goes back. */
static void
ticks_are_time(void **state)
{
	(void)state;
	assert_int_equal(slim_clock_ns_of(0, 3000000000), 0);
	assert_int_equal(slim_clock_ns_of(3000, 3000000000), 1000);
	assert_int_equal(slim_clock_ns_of(25, 25000000), 1000); /* as on ARM */
	assert_int_equal(slim_clock_ns_of(599999999, 3000000000), SLIM_CLOCK_REACH_NS - 1);
	assert_int_equal(slim_clock_ns_of(600000000, 3000000000), SLIM_CLOCK_REACH_NS);
	assert_int_equal(slim_clock_ns_of(INT64_MAX, 3000000000), SLIM_CLOCK_REACH_NS);
	assert_int_equal(slim_clock_ns_of((uint64_t)-1, 3000000000), 0);
}

/* Killed by: a clock that goes back, or ahead of the kernel's; a tick that is not taken. */
static void
counted_time_follows_the_kernel(void **state)
{
	uint64_t before = 0;

	(void)state;
	slim_clock_choose(true);
	for (int i = 0; i < 100000; i++) {
		uint64_t first = slim_clock_kernel_ns(), counted;

		if (i % 100 == 0)
			slim_clock_tick();
		counted = agent_now_ns();
		assert_true(counted >= before);
		if (i % 100 == 0)
			assert_true(counted >= first);
		/* A thousandth of the reach: two clocks differ by far less. */
		assert_true(counted <= slim_clock_kernel_ns() + SLIM_CLOCK_REACH_NS / 1000);
		before = counted;
	}
	slim_clock_choose(false);
}

/* An NF whose main thread does not poll its agent, and a debugger that hides the vDSO. Killed by: a clock that
 * stands still at the end of its reach. */
static void
time_goes_on_without_a_look(void **state)
{
	uint64_t begin, now;

	(void)state;
	slim_clock_choose(true);
	begin = slim_clock_kernel_ns();
	while ((now = slim_clock_kernel_ns()) < begin + SLIM_CLOCK_REACH_NS + 10000000)
		;
	assert_true(agent_now_ns() >= now);
	slim_clock_choose(false);
}

int
main(void)
{
	static struct nf nf;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_prestate(no_mode_makes_a_system_call, &nf),
		cmocka_unit_test(sources_are_known),
		cmocka_unit_test(ticks_are_time),
		cmocka_unit_test(counted_time_follows_the_kernel),
		cmocka_unit_test(time_goes_on_without_a_look),
	};

	harness_start_eal();
	start_nf(&nf);
	return cmocka_run_group_tests_name("clock", tests, NULL, NULL);
}
