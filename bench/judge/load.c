/* SPDX-License-Identifier: Apache-2.0 */
/* Was there a load to judge? See load.h. */
#include <inttypes.h>
#include <stdio.h>

#include "load.h"

static uint64_t
never_began(const struct load *l)
{
	return !l->judged;
}

static uint64_t
took_no_time(const struct load *l)
{
	return l->judged && l->span_ns == 0;
}

static uint64_t
unsent(const struct load *l)
{
	return l->unsent;
}

static uint64_t
undone(const struct load *l)
{
	return l->undone;
}

static uint64_t
silent(const struct load *l)
{
	return l->silent;
}

static uint64_t
nothing_sent_up(const struct load *l)
{
	return l->judged && l->counts[LEDGER_UP].sent == 0;
}

static uint64_t
nothing_sent_down(const struct load *l)
{
	return l->judged && l->counts[LEDGER_DOWN].sent == 0;
}

/* Then nobody listened, or it was another network. */
static uint64_t
nothing_received(const struct load *l)
{
	return l->judged && l->counts[LEDGER_UP].received + l->counts[LEDGER_DOWN].received == 0;
}

static const struct reason {
	uint64_t (*found)(const struct load *load); /* how many; 0: it is none */
	const char *text; /* behind the number, if it begins with a blank */
} reasons[] = {
	{never_began, "the load never began"},
	{took_no_time, "the load took no time"},
	{unsent, " packets of the load were not sent"},
	{undone, " flows were not opened, closed or handed over when it was their time"},
	{silent, " flows had no packet"},
	{nothing_sent_up, "nothing was sent up"},
	{nothing_sent_down, "nothing was sent down"},
	{nothing_received, "nothing was received"},
};

bool
load_void(const struct load *load, unsigned *cursor, char text[LOAD_TEXT_SIZE])
{
	while (*cursor < sizeof(reasons) / sizeof(reasons[0])) {
		const struct reason *r = &reasons[(*cursor)++];
		uint64_t n = r->found(load);

		if (n == 0)
			continue;
		if (r->text[0] == ' ')
			snprintf(text, LOAD_TEXT_SIZE, "%" PRIu64 "%s", n, r->text);
		else
			snprintf(text, LOAD_TEXT_SIZE, "%s", r->text);
		return true;
	}
	return false;
}

bool
load_is_void(const struct load *load)
{
	char text[LOAD_TEXT_SIZE];
	unsigned cursor = 0;

	return load_void(load, &cursor, text);
}
