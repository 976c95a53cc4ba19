/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is wanted of the switches: which instance serves each service, and the one session that
 * each service may have. Pure: every call looks at the state now and yields the next one; the
 * caller makes the switches follow (rules.h says with which rules).
 *
 *	            prepare             flip              cleanup(complete)
 *	  (none) ------------> PREPARED ------> FLIPPED ------------------> (none), target serves
 *	     ^                   |    \
 *	     |  cleanup(aborted) |    \ fence    | fence
 *	     +-------------------+     v          v
 *	     +----------------------- FENCED <----+  (last copy)
 *	            cleanup(aborted)              source serves
 *
 * Every call may be repeated: a session that is already where the call leads is no error, and
 * nothing changes. That holds for a session that has ended, too: a target that did not hear of its end
 * asks for the flip, and serves already. Once flipped the target owns the traffic: there is only forward, or a fence when the target
 * has died and the source has the last copy. The other way round a fenced session is flipped when the source
 * has died and the target has the last copy. Without that word the first of fence and flip decides: this is
 * how a source and a target that do not hear each other agree on one owner.
 */
#ifndef OFCTL_CORE_STEERING_H
#define OFCTL_CORE_STEERING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "slim_ctl.pb-c.h"
#include "topology.h"

enum steering_stage {
	STEERING_NO_SESSION = 0,
	STEERING_PREPARED, /* both instances' paths stand, traffic goes to the source */
	STEERING_FLIPPED,  /* same, traffic goes to the target */
	STEERING_FENCED,   /* only the source's paths stand */
};

#define STEERING_NOBODY (-1)

struct steering_session {
	enum steering_stage stage;
	uint64_t id;  /* 0: known by its tag only, the state file was lost */
	uint32_t tag; /* of the id; stands in the cookies */
	uint8_t source;
	uint8_t target;
	uint16_t vids[SLIM_MAX_PORTS]; /* redirect tag of each port */
};

struct steering_service {
	bool known;  /* false: nothing is known; its rules stay as they are */
	int serving; /* instance, or STEERING_NOBODY */
	struct steering_session session;
};

struct steering {
	struct steering_service services[TOPOLOGY_MAX_SERVICES];
};

struct steering_request {
	uint64_t session;
	const char *service;
	const char *source;
	const char *target;
	bool last_copy; /* FLIP: also when it is fenced; FENCE: also when it is flipped */
};

/* STEERING_REFUSED and STEERING_FLIPPED are decisions, from what is wanted alone: who hears one of them gives up
 * what it asked for. Nothing else that goes wrong has these codes. */
struct steering_reason {
	Slim__V1__ReasonCode code;
	char text[SLIM_REASON_SIZE];
};

/* Nothing known of any service. */
void steering_init(struct steering *s);

/* Nonzero digest of a session's id, as it stands in cookies. */
uint32_t steering_tag(uint64_t session);

/*
 * Undoing what is not there is done: a fence or the end of a session that the service does not have, or
 * that names instances which the topology does not have, changes nothing and succeeds when what it
 * would have led to holds. For an end: the other instance does not serve. For a fence: the source has the
 * traffic, or nobody has, and the target is in no other session; else it is STEERING_FLIPPED, for a session that ended
 * long ago, too. Only a service that the topology does not have is left to the caller (its rules are found by
 * their cookies).
 */
/* Each takes *s from here to there.
 *   1: changed; 0: it was there already; -EINVAL: refused, *s untouched, *ret_reason says why.
 * *ret_service is the service's index (untouched when refused). */
int steering_prepare(const struct topology *t, struct steering *s,
		     const struct steering_request *request, unsigned *ret_service,
		     struct steering_reason *ret_reason);
int steering_flip(const struct topology *t, struct steering *s,
		  const struct steering_request *request, unsigned *ret_service,
		  struct steering_reason *ret_reason);
int steering_fence(const struct topology *t, struct steering *s,
		   const struct steering_request *request, unsigned *ret_service,
		   struct steering_reason *ret_reason);
int steering_cleanup(const struct topology *t, struct steering *s,
		     const struct steering_request *request, bool complete, unsigned *ret_service,
		     struct steering_reason *ret_reason);
/* May the proof be asked for that the old path is quiet? 0 or -EINVAL with a reason. */
int steering_quiet(const struct topology *t, const struct steering *s,
		   const struct steering_request *request, unsigned *ret_service,
		   struct steering_reason *ret_reason);
/* Without a session: this instance serves. `sure`: somebody has seen that its gate lets traffic through,
 * or wants it in any case; nothing here can know it. */
int steering_set(const struct topology *t, struct steering *s, const char *service,
		 const char *instance, bool sure, unsigned *ret_service,
		 struct steering_reason *ret_reason);
/* Nobody serves. If an instance is named it must be the one that serves. */
int steering_clear(const struct topology *t, struct steering *s, const char *service,
		   const char *instance, unsigned *ret_service, struct steering_reason *ret_reason);

/* Does the session of the request exist in any stage? 0 or -EINVAL with a reason. */
int steering_check(const struct topology *t, const struct steering *s,
		   const struct steering_request *request, unsigned *ret_service,
		   struct steering_reason *ret_reason);

/* The redirect tags of a session of the service: the first of its range, one for each port. */
void steering_choose_vids(const struct topology_service *service, uint16_t vids[SLIM_MAX_PORTS]);

/* The instance whose path new traffic takes: serving, or the target after the flip. */
int steering_active(const struct steering_service *service);

/* ---- as text, for the state file -------------------------------------------- */

#define STEERING_TEXT_SIZE 32768u

/* Text of the whole state, ends with "end\n". Unknown services are left out. Returns its length. */
size_t steering_save(const struct topology *t, const struct steering *s,
		     char text[STEERING_TEXT_SIZE]);

/* From text. Services or instances that the topology does not have any more leave the service
 * unknown and are counted in *ret_skipped. -EINVAL: not our text, or cut; *s is untouched. */
int steering_load(const struct topology *t, const char *text, struct steering *s,
		  unsigned *ret_skipped);

/* "prepared" and the like. */
const char *steering_stage_name(enum steering_stage stage);

#endif
