/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One process forks a child for each mutant. The child changes the table in its own memory, runs the
 * programs and exits with 0 if nothing noticed. Which test it was in is read from memory that both
 * share. The limit is on processor time, so a busy machine changes nothing.
 */
#include "judge.h"

#include <err.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "suite.h"

#define MAX_JOBS 64u
#define NOT_BEGUN "before the first test"

/* What a child tells while it runs. */
struct note {
	uint32_t program;
	char test[120];
};

struct job {
	pid_t pid; /* 0: free */
	size_t at; /* whose judgement this becomes */
};

static struct note *
share_notes(void)
{
	void *map = mmap(NULL, MAX_JOBS * sizeof(struct note), PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (map == MAP_FAILED)
		err(2, "shared memory");
	return map;
}

static void
limit(int resource, rlim_t n)
{
	const struct rlimit both = {.rlim_cur = n, .rlim_max = n};

	if (setrlimit(resource, &both) != 0)
		err(2, "limit");
}

static void
be_silent(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0 || dup2(null, STDOUT_FILENO) < 0 || dup2(null, STDERR_FILENO) < 0)
		_exit(3);
}

__attribute__((noreturn)) static void
child(const struct judge *judge, const struct mutant *mutant, struct note *note)
{
	limit(RLIMIT_CPU, judge->n_seconds);
	limit(RLIMIT_CORE, 0);
	be_silent();
	if (mutant != NULL)
		mutant->apply(mutant);
	for (uint32_t i = 0; i < n_programs; i++) {
		note->program = i;
		if (judge->quick && programs[i].slow)
			continue;
		if (!suite_run(&programs[i], note->test, sizeof(note->test)))
			exit(1);
	}
	_exit(0);
}

static pid_t
start(const struct judge *judge, const struct mutant *mutant, struct note *note)
{
	pid_t pid;

	*note = (struct note){.test = NOT_BEGUN};
	fflush(NULL);
	pid = fork();
	if (pid < 0)
		err(2, "fork");
	if (pid == 0)
		child(judge, mutant, note);
	return pid;
}

static bool
ran_out_of_time(int status)
{
	/* At the hard limit the kernel says KILL, and says XCPU at the soft one. */
	return WIFSIGNALED(status) && (WTERMSIG(status) == SIGXCPU || WTERMSIG(status) == SIGKILL);
}

static struct judgement
judgement_of(int status, const struct note *note)
{
	struct judgement j = {.verdict = VERDICT_CAUGHT, .program = note->program};

	memcpy(j.test, note->test, sizeof(j.test));
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		j.verdict = VERDICT_SURVIVES;
	else if (strcmp(note->test, NOT_BEGUN) == 0)
		errx(2, "a child ended before its first test: of the machine's doing, not the "
			"mutant's");
	else if (ran_out_of_time(status))
		j.verdict = VERDICT_HANGS;
	return j;
}

static unsigned
wait_for_one(struct job *jobs, unsigned n_jobs, const struct note *notes,
	     struct judgement *judgements)
{
	int status;
	pid_t pid = wait(&status);

	if (pid < 0)
		err(2, "wait");
	for (unsigned i = 0; i < n_jobs; i++) {
		if (jobs[i].pid != pid)
			continue;
		judgements[jobs[i].at] = judgement_of(status, &notes[i]);
		jobs[i].pid = 0;
		return i;
	}
	errx(2, "a child that nobody knows");
}

void
judge_all(const struct judge *judge, const struct mutant *list, const bool *picked, size_t n,
	  struct judgement *judgements)
{
	unsigned n_jobs = judge->n_jobs < MAX_JOBS ? judge->n_jobs : MAX_JOBS, n_running = 0, i;
	struct note *notes = share_notes();
	struct job jobs[MAX_JOBS] = {0};

	for (size_t at = 0; at < n; at++) {
		if (!picked[at])
			continue;
		i = n_running < n_jobs ? n_running++
				       : wait_for_one(jobs, n_jobs, notes, judgements);
		jobs[i] = (struct job){.pid = start(judge, &list[at], &notes[i]), .at = at};
	}
	for (; n_running > 0; n_running--)
		wait_for_one(jobs, n_jobs, notes, judgements);
	munmap(notes, MAX_JOBS * sizeof(struct note));
}

struct judgement
judge_unchanged(const struct judge *judge)
{
	struct note *notes = share_notes();
	struct job job = {.pid = start(judge, NULL, notes)};
	struct judgement j = {0};

	wait_for_one(&job, 1, notes, &j);
	munmap(notes, MAX_JOBS * sizeof(struct note));
	return j;
}
