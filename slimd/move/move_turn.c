/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whose turn it is. All sessions of a daemon share one loop, one disk and one path, and one of
 * them may hold packets. While it does, the others wait: their rows are not read, sent or
 * installed, their effects (disk, memory) are not carried out. They lose a hold's length; it would
 * lose theirs with packets waiting.
 *
 * Before that, the path: a session that has caught up measures the trip of its last frame. So
 * the others stop to send until it has handed over, and it does not hold until what they had on
 * their way is through. Neither lasts for long, whatever that session
 * does, and nobody gets the path again at once who did not use it.
 */
#include "move.h"

#define MS UINT64_C(1000000)
#define URGENT_NS (20 * MS) /* at most; a longer hold has lost its claim */
#define PATH_NS (100 * MS)  /* to hand over, with the path for oneself */
#define DRAIN_NS (50 * MS)  /* of it: for what the others have on their way */
#define AGAIN_NS (400 * MS) /* until the path may be claimed again */
#define AWAKE_NS (10 * MS)  /* workers that never rest, at most: a good hold is shorter */
#define SHARE 8u            /* of a turn, where several sessions take turns */

/* ---- the hold ---------------------------------------------------------------------- */

void
move_become_urgent(struct move *m, uint64_t budget_ns)
{
	m->urgent_until_ns = move_now_ns() + (budget_ns < URGENT_NS ? budget_ns : URGENT_NS);
}

/* Workers that never rest take the processor from others where they share it. */
void
move_keep_awake(struct move *m, uint64_t budget_ns)
{
	if (m->nf != NULL)
		gate_set_awake_until(m->nf,
				     move_now_ns() + (budget_ns < AWAKE_NS ? budget_ns : AWAKE_NS));
}

bool
move_is_urgent(const struct move *m)
{
	enum session_state state = m->session.state;

	if (m->driver->now_ns >= m->urgent_until_ns)
		return false;
	return m->session.is_source ? state >= SOURCE_HOLDING && state <= SOURCE_ENDED
				    : state == TARGET_RECEIVING || state == TARGET_VERIFYING ||
					      state == TARGET_TAKING;
}

bool
move_must_wait(const struct move *m)
{
	const struct move *other;

	if (m->driver->n_moves < 2 || move_is_urgent(m))
		return false;
	TAILQ_FOREACH(other, &m->driver->moves, link)
		if (move_is_urgent(other))
			return true;
	return false;
}

uint32_t
move_share(const struct move *m, uint32_t alone)
{
	return m->driver->n_moves < 2 ? alone : alone / SHARE;
}

/* ---- the path ------------------------------------------------------------------------ */

static bool
holds_path(const struct driver *driver)
{
	return driver->path_session != 0 && driver->now_ns < driver->path_until_ns;
}

void
move_claim_path(struct move *m)
{
	struct driver *driver = m->driver;

	if (driver->n_moves < 2 || holds_path(driver) || driver->now_ns < driver->path_again_ns)
		return;
	driver->path_session = m->session.id;
	driver->path_until_ns = driver->now_ns + PATH_NS;
	driver->path_again_ns = driver->now_ns + PATH_NS + AGAIN_NS;
}

void
move_leave_path(struct move *m)
{
	struct driver *driver = m->driver;

	if (driver->path_session != m->session.id)
		return;
	driver->path_session = 0;
	driver->path_again_ns = driver->now_ns; /* it was used: the next may have it */
}

/* The others have stopped to send, but END would still come behind what they have sent: at the target it is
 * read, and installed, before. */
bool
move_waits_for_path(const struct move *m)
{
	const struct driver *driver = m->driver;
	const struct move *other;

	if (driver->path_session != m->session.id ||
	    driver->now_ns + PATH_NS >= driver->path_until_ns + DRAIN_NS)
		return false;
	TAILQ_FOREACH(other, &driver->moves, link)
		if (other != m && other->in_flight_bytes > 0)
			return true;
	return false;
}

/* A hold is never kept from the path, whoever has it: its packets wait. */
bool
move_may_use_path(const struct move *m)
{
	bool in_hold = m->session.state >= SOURCE_HOLDING && m->session.state <= SOURCE_ENDED;

	return in_hold || !holds_path(m->driver) || m->driver->path_session == m->session.id;
}
