/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stages of a session as a table of edges, and the state as text.
 */
#include "steering.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REFUSED SLIM__V1__REASON_CODE__REASON_STEERING_REFUSED
#define UNREACHABLE SLIM__V1__REASON_CODE__REASON_STEERING_UNREACHABLE
#define BAD_REQUEST SLIM__V1__REASON_CODE__REASON_BAD_REQUEST
#define UNKNOWN_SERVICE SLIM__V1__REASON_CODE__REASON_UNKNOWN_SERVICE
#define UNKNOWN_INSTANCE SLIM__V1__REASON_CODE__REASON_UNKNOWN_INSTANCE
#define FLIPPED SLIM__V1__REASON_CODE__REASON_STEERING_FLIPPED
#define GATE_CLOSED SLIM__V1__REASON_CODE__REASON_GATE_CLOSED

static void __attribute__((format(printf, 3, 4)))
explain(struct steering_reason *reason, Slim__V1__ReasonCode code, const char *format, ...)
{
	va_list args;

	reason->code = code;
	va_start(args, format);
	vsnprintf(reason->text, sizeof(reason->text), format, args);
	va_end(args);
}

#define refuse(reason, code, ...) (explain((reason), (code), __VA_ARGS__), -EINVAL)

void
steering_init(struct steering *s)
{
	memset(s, 0, sizeof(*s));
	for (unsigned i = 0; i < TOPOLOGY_MAX_SERVICES; i++)
		s->services[i].serving = STEERING_NOBODY;
}

uint32_t
steering_tag(uint64_t session)
{
	uint32_t tag = (uint32_t)(session ^ session >> 32);

	return tag != 0 ? tag : 1;
}

const char *
steering_stage_name(enum steering_stage stage)
{
	static const char *const names[] = {"none", "prepared", "flipped", "fenced"};

	return names[stage];
}

int
steering_active(const struct steering_service *service)
{
	return service->session.stage == STEERING_FLIPPED ? service->session.target
							  : service->serving;
}

/* ---- looking up what a request names ------------------------------------------ */

struct named {
	unsigned service;
	const struct topology_service *topology; /* NULL: there is no such service */
	int source;                              /* STEERING_NOBODY: there is no such instance */
	int target;
};

static int
look_up(const struct topology *t, const struct steering_request *request, struct named *ret,
	struct steering_reason *reason)
{
	int service = topology_find_service(t, request->service), source, target;

	*ret = (struct named){.source = STEERING_NOBODY, .target = STEERING_NOBODY};
	if (request->session == 0)
		return refuse(reason, BAD_REQUEST, "session 0 is no session");
	if (service < 0)
		return refuse(reason, UNKNOWN_SERVICE, "unknown service \"%.64s\"",
			      request->service);
	ret->service = (unsigned)service;
	ret->topology = &t->services[service];
	source = topology_find_instance(ret->topology, request->source);
	target = topology_find_instance(ret->topology, request->target);
	ret->source = source < 0 ? STEERING_NOBODY : source;
	ret->target = target < 0 ? STEERING_NOBODY : target;
	if (source < 0 || target < 0)
		return refuse(reason, UNKNOWN_INSTANCE, "service \"%s\" has no instance \"%.64s\"",
			      ret->topology->name, source < 0 ? request->source : request->target);
	if (source == target)
		return refuse(reason, BAD_REQUEST, "source and target are both \"%s\"",
			      ret->topology->instances[source].name);
	return 0;
}

static bool
is_session(const struct steering_session *session, const struct steering_request *request,
	   const struct named *named)
{
	return session->stage != STEERING_NO_SESSION &&
	       session->tag == steering_tag(request->session) &&
	       (session->id == request->session || session->id == 0) &&
	       session->source == named->source && session->target == named->target;
}

static int
refuse_other(const struct steering_service *service, const struct named *named,
	     struct steering_reason *reason)
{
	const struct steering_session *session = &service->session;

	return refuse(reason, REFUSED,
		      "service \"%s\" has session %016" PRIx64 " (%s to %s, %s) under way",
		      named->topology->name, session->id,
		      named->topology->instances[session->source].name,
		      named->topology->instances[session->target].name,
		      steering_stage_name(session->stage));
}

/* No decision, and so not REFUSED: who asks may ask again. */
static int
refuse_unknown(const struct named *named, struct steering_reason *reason)
{
	return refuse(
		reason, UNREACHABLE,
		"it is not known which instance serves \"%s\": set it, or connect its bridges",
		named->topology->name);
}

int
steering_check(const struct topology *t, const struct steering *s,
	       const struct steering_request *request, unsigned *ret_service,
	       struct steering_reason *ret_reason)
{
	const struct steering_service *service;
	struct named named;

	if (look_up(t, request, &named, ret_reason) < 0)
		return -EINVAL;
	service = &s->services[named.service];
	if (!service->known)
		return refuse_unknown(&named, ret_reason);
	if (!is_session(&service->session, request, &named)) {
		if (service->session.stage != STEERING_NO_SESSION)
			return refuse_other(service, &named, ret_reason);
		return refuse(ret_reason, REFUSED, "service \"%s\" has no session %016" PRIx64,
			      named.topology->name, request->session);
	}
	*ret_service = named.service;
	return 0;
}

/* ---- verbs ---------------------------------------------------------------------- */

/* One session a service, and ranges of services do not meet, so they are free. */
void
steering_choose_vids(const struct topology_service *service, uint16_t vids[SLIM_MAX_PORTS])
{
	for (unsigned p = 0; p < service->n_ports; p++)
		vids[p] = (uint16_t)(service->redirect_first + p);
}

int
steering_prepare(const struct topology *t, struct steering *s,
		 const struct steering_request *request, unsigned *ret_service,
		 struct steering_reason *ret_reason)
{
	struct steering_service *service;
	struct named named;

	if (look_up(t, request, &named, ret_reason) < 0)
		return -EINVAL;
	service = &s->services[named.service];
	if (!service->known)
		return refuse_unknown(&named, ret_reason);
	if (service->session.stage != STEERING_NO_SESSION) {
		if (!is_session(&service->session, request, &named) ||
		    service->session.stage != STEERING_PREPARED)
			return refuse_other(service, &named, ret_reason);
		service->session.id = request->session;
		*ret_service = named.service;
		return 0;
	}
	if (service->serving != named.source)
		return refuse(ret_reason, REFUSED, "instance \"%s\" does not serve \"%s\"; %s does",
			      named.topology->instances[named.source].name, named.topology->name,
			      service->serving == STEERING_NOBODY
				      ? "nobody"
				      : named.topology->instances[service->serving].name);
	service->session = (struct steering_session){
		.stage = STEERING_PREPARED,
		.id = request->session,
		.tag = steering_tag(request->session),
		.source = (uint8_t)named.source,
		.target = (uint8_t)named.target,
	};
	steering_choose_vids(named.topology, service->session.vids);
	*ret_service = named.service;
	return 1;
}

static int
enter(struct steering_session *session, enum steering_stage stage)
{
	if (session->stage == stage)
		return 0;
	session->stage = stage;
	return 1;
}

/* From one stage to another; being there already is fine. */
static int
advance(const struct topology *t, struct steering *s, const struct steering_request *request,
	enum steering_stage from, enum steering_stage to, unsigned *ret_service,
	struct steering_reason *reason)
{
	struct steering_session *session;
	unsigned index = 0;

	if (steering_check(t, s, request, &index, reason) < 0)
		return -EINVAL;
	session = &s->services[index].session;
	if (session->stage != to && session->stage != from)
		return refuse(reason, REFUSED, "session %016" PRIx64 " is %s, not %s",
			      request->session, steering_stage_name(session->stage),
			      steering_stage_name(from));
	session->id = request->session;
	*ret_service = index;
	return enter(session, to);
}

/* The session has ended complete: what its flip led to holds, and nothing of it is on its way. */
static bool
has_ended_flipped(const struct topology *t, const struct steering *s,
		  const struct steering_request *request, unsigned *ret_service)
{
	const struct steering_service *service;
	struct steering_reason why;
	struct named named;

	if (look_up(t, request, &named, &why) < 0)
		return false;
	service = &s->services[named.service];
	if (!service->known || service->session.stage != STEERING_NO_SESSION ||
	    service->serving != named.target)
		return false;
	*ret_service = named.service;
	return true;
}

int
steering_quiet(const struct topology *t, const struct steering *s,
	       const struct steering_request *request, unsigned *ret_service,
	       struct steering_reason *ret_reason)
{
	if (has_ended_flipped(t, s, request, ret_service))
		return 0;
	return steering_check(t, s, request, ret_service, ret_reason);
}

int
steering_flip(const struct topology *t, struct steering *s, const struct steering_request *request,
	      unsigned *ret_service, struct steering_reason *ret_reason)
{
	enum steering_stage from = STEERING_PREPARED;
	unsigned index = 0;

	if (has_ended_flipped(t, s, request, ret_service))
		return 0;
	if (request->last_copy && steering_check(t, s, request, &index, ret_reason) == 0 &&
	    s->services[index].session.stage == STEERING_FENCED)
		from = STEERING_FENCED;
	return advance(t, s, request, from, STEERING_FLIPPED, ret_service, ret_reason);
}

static bool
is_in_session(const struct steering_service *service, int instance)
{
	const struct steering_session *session = &service->session;

	return instance != STEERING_NOBODY && session->stage != STEERING_NO_SESSION &&
	       (session->source == instance || session->target == instance);
}

/* There is no such session: is its end in force all the same? `without`: the instance that must have no path. */
static int
end_nothing(const struct steering_service *service, const struct named *named, int without,
	    struct steering_reason *reason)
{
	if (without == STEERING_NOBODY)
		return 0;
	if (service->serving == without)
		return refuse(reason, REFUSED, "no such session, and instance \"%s\" serves",
			      named->topology->instances[without].name);
	return 0;
}

/* There is no such session: is its fence in force all the same? Who asks opens its gate then, so it is not enough
 * that the target does not serve. */
static int
fence_nothing(const struct steering_service *service, const struct named *named,
	      struct steering_reason *reason)
{
	int active = steering_active(service);

	if (is_in_session(service, named->target))
		return refuse_other(service, named, reason);
	if (active == STEERING_NOBODY || active == named->source)
		return 0;
	return refuse(reason, FLIPPED, "no such session, and instance \"%s\" serves",
		      named->topology->instances[active].name);
}

/* The session of the request, if the service has it. Instances that are not in the topology are in no
 * session. 1: found; 0: there is none; -EINVAL: nothing can be said. */
static int
find_session(const struct topology *t, struct steering *s, const struct steering_request *request,
	     struct named *named, struct steering_reason *reason)
{
	const struct steering_session *session;
	struct steering_reason why = {0};
	int result = look_up(t, request, named, &why);
	bool instances = named->source != STEERING_NOBODY && named->target != STEERING_NOBODY;

	if (!named->topology || (result < 0 && instances)) { /* no service, or both are one */
		*reason = why;
		return -EINVAL;
	}
	if (!s->services[named->service].known)
		return refuse_unknown(named, reason);
	session = &s->services[named->service].session;
	if (result == 0 && is_session(session, request, named))
		return 1;
	if (session->stage != STEERING_NO_SESSION && session->id == request->session)
		return refuse_other(&s->services[named->service], named, reason);
	return 0;
}

int
steering_fence(const struct topology *t, struct steering *s, const struct steering_request *request,
	       unsigned *ret_service, struct steering_reason *ret_reason)
{
	struct steering_service *service;
	struct named named;
	int found = find_session(t, s, request, &named, ret_reason);

	if (found < 0)
		return found;
	service = &s->services[named.service];
	if (!found && fence_nothing(service, &named, ret_reason) < 0)
		return -EINVAL;
	if (found && service->session.stage == STEERING_FLIPPED && !request->last_copy)
		return refuse(ret_reason, FLIPPED,
			      "session %016" PRIx64 " is flipped: the target owns the traffic",
			      request->session);
	*ret_service = named.service;
	if (!found)
		return 0;
	service->session.id = request->session;
	return enter(&service->session, STEERING_FENCED);
}

int
steering_cleanup(const struct topology *t, struct steering *s,
		 const struct steering_request *request, bool complete, unsigned *ret_service,
		 struct steering_reason *ret_reason)
{
	struct steering_service *service;
	struct steering_session *session;
	struct named named;
	int found = find_session(t, s, request, &named, ret_reason);

	if (found < 0)
		return found;
	service = &s->services[named.service];
	session = &service->session;
	if (!found &&
	    end_nothing(service, &named, complete ? named.source : named.target, ret_reason) < 0)
		return -EINVAL;
	if (found && complete != (session->stage == STEERING_FLIPPED))
		return refuse(ret_reason, REFUSED, "session %016" PRIx64 " is %s: it cannot end %s",
			      request->session, steering_stage_name(session->stage),
			      complete ? "complete" : "aborted");
	*ret_service = named.service;
	if (!found)
		return 0;
	if (complete)
		service->serving = session->target;
	*session = (struct steering_session){0};
	return 1;
}

/* What set and clear have in common. An empty instance gives STEERING_NOBODY. */
static int
look_up_instance(const struct topology *t, const char *service, const char *instance,
		 struct named *ret, int *ret_instance, struct steering_reason *reason)
{
	int index = topology_find_service(t, service), i = STEERING_NOBODY;

	if (index < 0)
		return refuse(reason, UNKNOWN_SERVICE, "unknown service \"%.64s\"", service);
	if (instance[0] != '\0') {
		i = topology_find_instance(&t->services[index], instance);
		if (i < 0)
			return refuse(reason, UNKNOWN_INSTANCE,
				      "service \"%s\" has no instance \"%.64s\"",
				      t->services[index].name, instance);
	}
	*ret = (struct named){.service = (unsigned)index, .topology = &t->services[index]};
	*ret_instance = i;
	return 0;
}

static int
serve(struct steering *s, const struct named *named, int instance, bool sure, unsigned *ret_service,
      struct steering_reason *reason)
{
	struct steering_service *service = &s->services[named->service];

	if (service->session.stage != STEERING_NO_SESSION)
		return refuse_other(service, named, reason);
	if (service->known && service->serving == instance) {
		*ret_service = named->service;
		return 0;
	}
	if (!sure)
		return refuse(reason, GATE_CLOSED,
			      "nobody has seen that the gate of instance \"%s\" lets traffic "
			      "through: ask the slimd beside it, or force it",
			      named->topology->instances[instance].name);
	*ret_service = named->service;
	service->known = true;
	service->serving = instance;
	return 1;
}

int
steering_set(const struct topology *t, struct steering *s, const char *service,
	     const char *instance, bool sure, unsigned *ret_service,
	     struct steering_reason *ret_reason)
{
	struct named named;
	int i = STEERING_NOBODY;

	if (look_up_instance(t, service, instance, &named, &i, ret_reason) < 0)
		return -EINVAL;
	if (i == STEERING_NOBODY)
		return refuse(ret_reason, BAD_REQUEST, "no instance is named");
	return serve(s, &named, i, sure, ret_service, ret_reason);
}

int
steering_clear(const struct topology *t, struct steering *s, const char *service,
	       const char *instance, unsigned *ret_service, struct steering_reason *ret_reason)
{
	struct named named;
	int i = STEERING_NOBODY;

	if (look_up_instance(t, service, instance, &named, &i, ret_reason) < 0)
		return -EINVAL;
	if (i != STEERING_NOBODY && s->services[named.service].serving != i &&
	    s->services[named.service].serving != STEERING_NOBODY)
		return refuse(ret_reason, REFUSED, "instance \"%s\" does not serve \"%s\"",
			      named.topology->instances[i].name, named.topology->name);
	return serve(s, &named, STEERING_NOBODY, true, ret_service, ret_reason);
}

/* ---- text ------------------------------------------------------------------------- */

#define TEXT_HEAD "slim-ofctld-state 1\n"
#define TEXT_END "end\n"

struct text {
	char *data;
	size_t size;
};

static void __attribute__((format(printf, 2, 3))) append(struct text *text, const char *format, ...)
{
	size_t room = STEERING_TEXT_SIZE - text->size;
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(text->data + text->size, room, format, args);
	va_end(args);
	if (n > 0)
		text->size += (size_t)n < room ? (size_t)n : room - 1;
}

static void
save_session(struct text *text, const struct topology_service *service,
	     const struct steering_session *session)
{
	append(text, "session %s %016" PRIx64 " %08" PRIx32 " %s %s %s", service->name, session->id,
	       session->tag, steering_stage_name(session->stage),
	       service->instances[session->source].name, service->instances[session->target].name);
	for (unsigned p = 0; p < service->n_ports; p++)
		append(text, " %s=%u", service->port_names[p], session->vids[p]);
	append(text, "\n");
}

size_t
steering_save(const struct topology *t, const struct steering *s, char text[STEERING_TEXT_SIZE])
{
	struct text out = {.data = text};

	append(&out, "%s", TEXT_HEAD);
	for (unsigned i = 0; i < t->n_services; i++) {
		const struct topology_service *service = &t->services[i];
		const struct steering_service *state = &s->services[i];

		if (!state->known)
			continue;
		append(&out, "service %s %s\n", service->name,
		       state->serving == STEERING_NOBODY ? "-"
							 : service->instances[state->serving].name);
		if (state->session.stage != STEERING_NO_SESSION)
			save_session(&out, service, &state->session);
	}
	append(&out, "%s", TEXT_END);
	return out.size;
}

#define MAX_WORDS (7u + SLIM_MAX_PORTS)

/* Cuts a line into words, in place. */
static unsigned
split(char *line, char *words[MAX_WORDS])
{
	unsigned n = 0;

	for (char *save, *word = strtok_r(line, " ", &save); word && n < MAX_WORDS;
	     word = strtok_r(NULL, " ", &save))
		words[n++] = word;
	return n;
}

static int
load_service(const struct topology *t, char *words[], unsigned n, struct steering *s,
	     unsigned *skipped)
{
	int index, instance = STEERING_NOBODY;

	if (n != 3)
		return -EINVAL;
	index = topology_find_service(t, words[1]);
	if (index >= 0 && strcmp(words[2], "-") != 0) {
		instance = topology_find_instance(&t->services[index], words[2]);
		if (instance < 0)
			index = -ENOENT;
	}
	if (index < 0) {
		(*skipped)++;
		return 0;
	}
	s->services[index].known = true;
	s->services[index].serving = instance;
	return 0;
}

static int
parse_stage(const char *word, enum steering_stage *ret)
{
	for (enum steering_stage stage = STEERING_PREPARED; stage <= STEERING_FENCED; stage++) {
		if (strcmp(word, steering_stage_name(stage)) == 0) {
			*ret = stage;
			return 0;
		}
	}
	return -EINVAL;
}

/* "inside=4000" */
static int
load_vid(const struct topology_service *service, char *word, uint16_t vids[SLIM_MAX_PORTS])
{
	char *value = strchr(word, '='), *rest;
	unsigned long vid;

	if (!value)
		return -EINVAL;
	*value++ = '\0';
	vid = strtoul(value, &rest, 10);
	if (*rest != '\0' || vid < 1 || vid > 4094)
		return -EINVAL;
	for (unsigned p = 0; p < service->n_ports; p++) {
		if (strcmp(service->port_names[p], word) == 0)
			vids[p] = (uint16_t)vid;
	}
	return 0;
}

static int
load_session(const struct topology *t, char *words[], unsigned n, struct steering *s,
	     unsigned *skipped)
{
	struct steering_session session = {0};
	const struct topology_service *service;
	int index, source, target;

	if (n < 7 || parse_stage(words[4], &session.stage) < 0)
		return -EINVAL;
	index = topology_find_service(t, words[1]);
	if (index < 0 || !s->services[index].known) {
		(*skipped)++;
		return 0;
	}
	service = &t->services[index];
	source = topology_find_instance(service, words[5]);
	target = topology_find_instance(service, words[6]);
	session.id = strtoull(words[2], NULL, 16);
	session.tag = (uint32_t)strtoul(words[3], NULL, 16);
	for (unsigned i = 7; i < n; i++) {
		if (load_vid(service, words[i], session.vids) < 0)
			return -EINVAL;
	}
	if (source < 0 || target < 0 || session.tag == 0 || n - 7 != service->n_ports) {
		s->services[index].known = false;
		(*skipped)++;
		return 0;
	}
	session.source = (uint8_t)source;
	session.target = (uint8_t)target;
	s->services[index].session = session;
	return 0;
}

static int
load_line(const struct topology *t, char *line, struct steering *s, unsigned *skipped)
{
	char *words[MAX_WORDS];
	unsigned n = split(line, words);

	if (n > 0 && strcmp(words[0], "service") == 0)
		return load_service(t, words, n, s, skipped);
	if (n > 0 && strcmp(words[0], "session") == 0)
		return load_session(t, words, n, s, skipped);
	return -EINVAL;
}

int
steering_load(const struct topology *t, const char *text, struct steering *s, unsigned *ret_skipped)
{
	struct steering loaded;
	size_t size = strlen(text), head = strlen(TEXT_HEAD), end = strlen(TEXT_END);
	char copy[STEERING_TEXT_SIZE];
	unsigned skipped = 0;

	if (size >= sizeof(copy) || size < head + end || strncmp(text, TEXT_HEAD, head) != 0 ||
	    strcmp(text + size - end, TEXT_END) != 0 || text[size - end - 1] != '\n')
		return -EINVAL;
	memcpy(copy, text, size - end);
	copy[size - end] = '\0';
	steering_init(&loaded);
	for (char *save, *line = strtok_r(copy + head, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		if (load_line(t, line, &loaded, &skipped) < 0)
			return -EINVAL;
	}
	*s = loaded;
	*ret_skipped = skipped;
	return 0;
}
