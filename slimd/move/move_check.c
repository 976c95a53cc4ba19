/* SPDX-License-Identifier: Apache-2.0 */
/* Preflight: do the two instances fit? All reasons are told, not only the first. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "move.h"

static void __attribute__((format(printf, 3, 4)))
add(struct move_reasons *reasons, uint32_t code, const char *format, ...)
{
	struct job_reason *reason = &reasons->list[reasons->n];
	va_list args;

	if (reasons->n == SLIM_MAX_REASONS)
		return;
	reasons->n++;
	reason->code = (Slim__V1__ReasonCode)code;
	va_start(args, format);
	vsnprintf(reason->text, sizeof(reason->text), format, args);
	va_end(args);
}

/* ---- which NF ---------------------------------------------------------------------------- */

static bool
is_standby(const struct nf *nf)
{
	return strcmp(nf_mode_name(nf), "closed") == 0;
}

static struct nf *
find_standby(struct driver *driver, const char *service, struct move_reasons *reasons)
{
	struct nf *nf, *found = NULL;
	unsigned n = 0;

	TAILQ_FOREACH(nf, nf_registry_list(driver->config.nfs), link) {
		if (strcmp(nf->service, service) != 0 || !is_standby(nf) || nf->session != 0)
			continue;
		found = nf;
		n++;
	}
	if (n == 1)
		return found;
	add(reasons, REASON_TARGET_UNKNOWN,
	    n == 0 ? "no standby instance of service %s is free"
		   : "several standby instances of service %s: say which",
	    service);
	return NULL;
}

static struct nf *
find_target(struct driver *driver, const Slim__Peer__V1__Open *open, struct move_reasons *reasons)
{
	struct nf *nf;

	if (open->target_nf[0] == '\0')
		return find_standby(driver, open->service, reasons);
	nf = nf_find(driver->config.nfs, open->target_nf);
	if (nf == NULL)
		add(reasons, REASON_TARGET_UNKNOWN, "no NF called %s is registered at %s",
		    open->target_nf, driver->config.host);
	return nf;
}

static void
check_state(const struct nf *nf, struct move_reasons *reasons)
{
	if (nf->session != 0)
		add(reasons, REASON_TARGET_BUSY, "another session is working on %s", nf->name);
	else if (!is_standby(nf))
		add(reasons, REASON_TARGET_ACTIVE, "%s is not a standby (its gate is in %s)",
		    nf->name, nf_mode_name(nf));
	if (!nf_is_alive(nf, move_now_ns()))
		add(reasons, REASON_NF_SILENT, "the workers of %s do not poll", nf->name);
	for (uint32_t t = 0; t < nf->n_tables; t++)
		if (nf_table_used(nf, t) != 0)
			add(reasons, REASON_TARGET_NOT_EMPTY, "table %s of %s holds %u entries",
			    nf->tables[t].schema.name, nf->name, nf_table_used(nf, t));
}

/* ---- what it is ------------------------------------------------------------------------------ */

static void
check_kind(const struct nf *nf, const Slim__Peer__V1__Open *open, struct move_reasons *reasons)
{
	if (strcmp(nf->service, open->service) != 0 || strcmp(nf->kind, open->kind) != 0)
		add(reasons, REASON_IDENTITY, "%s is a %s of service %s, the source is a %s of %s",
		    nf->name, nf->kind, nf->service, open->kind, open->service);
	if (strcmp(nf->identity, open->identity) != 0)
		add(reasons, REASON_IDENTITY,
		    "configurations differ: target \"%.70s\", source \"%.70s\"", nf->identity,
		    open->identity);
	if (open->n_workers == 0 || open->n_workers > SLIM_MAX_WORKERS)
		add(reasons, REASON_PROTOCOL, "the source has %u workers", open->n_workers);
	if (nf->hold_capacity < open->hold_capacity)
		add(reasons, REASON_HOLD_BUFFER, "%s keeps %u packets, the source %u", nf->name,
		    nf->hold_capacity, open->hold_capacity);
}

static const char *
print_mac(const uint8_t *mac, char text[18])
{
	snprintf(text, 18, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4],
		 mac[5]);
	return text;
}

static void
check_port(const struct nf *nf, uint32_t p, const Slim__Peer__V1__Port *port,
	   struct move_reasons *reasons)
{
	const uint8_t *own = nf->ports[p].mac;
	char texts[2][18];

	if (strcmp(port->name, nf->ports[p].name) != 0)
		add(reasons, REASON_PORTS, "port %u: %s calls it %s, the source %.31s", p, nf->name,
		    nf->ports[p].name, port->name);
	else if (port->mac.len != sizeof(nf->ports[p].mac))
		add(reasons, REASON_PORTS, "port %s: the source tells no MAC address", port->name);
	else if (memcmp(port->mac.data, own, sizeof(nf->ports[p].mac)) != 0)
		add(reasons, REASON_PORTS, "port %s: MAC address %s at %s, %s at the source",
		    port->name, print_mac(own, texts[0]), nf->name,
		    print_mac(port->mac.data, texts[1]));
}

static void
check_ports(const struct nf *nf, size_t n, Slim__Peer__V1__Port *const *ports,
	    struct move_reasons *reasons)
{
	if (n != nf->n_ports)
		add(reasons, REASON_PORTS, "%s has %u ports, the source %zu", nf->name, nf->n_ports,
		    n);
	for (uint32_t p = 0; p < nf->n_ports && p < n; p++)
		check_port(nf, p, ports[p], reasons);
}

/* ---- tables --------------------------------------------------------------------------------------- */

/* What must fit is what is there, and an eighth for what comes until the hold; a source cannot have more
 * than its own slots. The numbers of those must be within what the agent can follow. */
static void
check_room(const struct schema_table *local, const Slim__Peer__V1__Table *source,
	   struct move_reasons *reasons)
{
	uint64_t needed = (uint64_t)source->used + source->used / 8;

	if (needed > source->capacity)
		needed = source->capacity;
	if (needed > local->capacity)
		add(reasons, REASON_CAPACITY,
		    "table %s: %u entries at the source need %" PRIu64
		    " slots with those to come (an eighth), the target has %u",
		    local->name, source->used, needed, local->capacity);
	if (source->capacity > local->source_slots)
		add(reasons, REASON_CAPACITY,
		    "table %s: %u slots at the source, the target can follow %u", local->name,
		    source->capacity, local->source_slots);
}

static void
link_table(const struct nf *nf, const Slim__Peer__V1__Table *message, uint8_t index,
	   struct schema_link *ret_link, uint8_t *ret_local, struct move_reasons *reasons)
{
	struct schema_table source;
	struct schema_reason why;
	int local;

	if (schema_from_peer(message, &source, &why) < 0) {
		add(reasons, REASON_SCHEMA, "%s", why.text);
		return;
	}
	local = nf_find_table(nf, source.name);
	if (local < 0) {
		add(reasons, REASON_SCHEMA, "%s has no table %s", nf->name, source.name);
		return;
	}
	*ret_local = (uint8_t)local;
	check_room(&nf->tables[local].schema, message, reasons);
	if (schema_link(&source, index, &nf->tables[local].schema, &source, ret_link, &why) < 0)
		add(reasons, REASON_SCHEMA, "%s", why.text);
}

struct nf *
move_check_open(struct driver *driver, const Slim__Peer__V1__Open *open, struct schema_link *links,
		uint8_t *local_tables, struct move_reasons *reasons)
{
	struct nf *nf = find_target(driver, open, reasons);

	if (nf == NULL)
		return NULL;
	check_state(nf, reasons);
	check_kind(nf, open, reasons);
	check_ports(nf, open->n_ports, open->ports, reasons);
	if (open->n_tables > SLIM_MAX_TABLES)
		add(reasons, REASON_SCHEMA, "%zu tables", open->n_tables);
	for (size_t t = 0; t < open->n_tables && t < SLIM_MAX_TABLES; t++)
		link_table(nf, open->tables[t], (uint8_t)t, &links[t], &local_tables[t], reasons);
	return reasons->n == 0 ? nf : NULL;
}

/* ---- the source's side --------------------------------------------------------------------------- */

static const Slim__Peer__V1__Table *
find_message(const Slim__Peer__V1__OpenReply *reply, const char *name)
{
	for (size_t i = 0; i < reply->n_tables; i++)
		if (strcmp(reply->tables[i]->name, name) == 0)
			return reply->tables[i];
	return NULL;
}

static bool
link_own_table(struct move *m, uint32_t t, const Slim__Peer__V1__OpenReply *reply)
{
	const struct schema_table *own = &m->nf->tables[t].schema;
	const Slim__Peer__V1__Table *message = find_message(reply, own->name);
	struct schema_table target;
	struct schema_reason why;

	if (message == NULL) {
		move_complain(m, REASON_SCHEMA, "the target does not describe table %s", own->name);
		return false;
	}
	if (schema_from_peer(message, &target, &why) < 0 ||
	    schema_link(own, (uint8_t)t, own, &target, &m->links[t], &why) < 0) {
		move_complain(m, REASON_SCHEMA, "%s", why.text);
		return false;
	}
	m->local_tables[t] = (uint8_t)t;
	return true;
}

bool
move_check_reply(struct move *m, const Slim__Peer__V1__OpenReply *reply)
{
	if (m->nf == NULL)
		return false;
	if (!slim_rule_name(reply->target_nf) || reply->n_workers == 0 ||
	    reply->n_workers > SLIM_MAX_WORKERS) {
		move_complain(m, REASON_PROTOCOL, "the target's answer makes no sense");
		return false;
	}
	for (uint32_t t = 0; t < m->nf->n_tables; t++)
		if (!link_own_table(m, t, reply))
			return false;
	m->n_tables = m->nf->n_tables;
	m->peer_workers = reply->n_workers;
	snprintf(m->other_nf, sizeof(m->other_nf), "%s", reply->target_nf);
	if (m->job != NULL)
		snprintf(m->job->to_nf, sizeof(m->job->to_nf), "%s", reply->target_nf);
	return true;
}

bool
move_set_vids(struct move *m, size_t n, const char *const *ports, const uint32_t *vids)
{
	for (uint32_t p = 0; m->nf != NULL && p < m->nf->n_ports; p++) {
		size_t i = 0;

		while (i < n && strcmp(ports[i], m->nf->ports[p].name) != 0)
			i++;
		if (i == n || vids[i] == 0 || vids[i] > 4094) {
			move_complain(m, REASON_PORTS, "no redirect tag for port %s",
				      m->nf->ports[p].name);
			return false;
		}
		m->vids[p] = (uint16_t)vids[i];
	}
	return true;
}
