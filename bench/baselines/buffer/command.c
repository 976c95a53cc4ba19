/* SPDX-License-Identifier: Apache-2.0 */
#include "command.h"

#include <string.h>

static const struct {
	const char *name;
	enum command_kind kind;
} names[] = {
	{"hold", COMMAND_HOLD},
	{"release", COMMAND_RELEASE},
	{"status", COMMAND_STATUS},
};

/* The n characters as a port's name. */
static bool
take_name(const char *text, size_t n, char name[OF_PORT_NAME_SIZE])
{
	if (n == 0 || n >= OF_PORT_NAME_SIZE)
		return false;
	memcpy(name, text, n);
	name[n] = '\0';
	return true;
}

static bool
is_twice(const struct command *c, const char *in)
{
	for (unsigned i = 0; i < c->n_ports; i++)
		if (strcmp(c->ports[i].in, in) == 0)
			return true;
	return false;
}

/* "PORT" or "PORT=OUT". */
static const char *
take_port(struct command *c, const char *text, size_t n)
{
	struct command_port port = {0};
	const char *equals = memchr(text, '=', n);
	size_t in = equals ? (size_t)(equals - text) : n;

	if ((equals != NULL) != (c->kind == COMMAND_RELEASE))
		return equals ? "a port to hold has no '='" : "a port to release is PORT=OUT";
	if (!take_name(text, in, port.in) ||
	    (equals && !take_name(equals + 1, n - in - 1, port.out)))
		return "a name of a port has 1 to 15 characters";
	if (c->n_ports == COMMAND_MAX_PORTS)
		return "too many ports";
	if (is_twice(c, port.in))
		return "a port stands there twice";
	c->ports[c->n_ports++] = port;
	return NULL;
}

static const char *
take_ports(struct command *c, const char *text)
{
	for (;;) {
		size_t n = strcspn(text, ",");
		const char *wrong = take_port(c, text, n);

		if (wrong || text[n] == '\0')
			return wrong;
		text += n + 1;
	}
}

static bool
find_kind(const char *line, size_t n, enum command_kind *ret)
{
	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strlen(names[i].name) == n && memcmp(names[i].name, line, n) == 0) {
			*ret = names[i].kind;
			return true;
		}
	}
	return false;
}

const char *
command_parse(const char *line, struct command *ret)
{
	struct command c = {0};
	size_t n = strcspn(line, " ");
	const char *wrong;

	if (!find_kind(line, n, &c.kind))
		return "not hold, release or status";
	if (c.kind == COMMAND_STATUS ? line[n] != '\0' : line[n] == '\0')
		return c.kind == COMMAND_STATUS ? "status stands alone" : "no ports";
	if (c.kind != COMMAND_STATUS) {
		wrong = take_ports(&c, line + n + 1);
		if (wrong)
			return wrong;
	}
	*ret = c;
	return NULL;
}
