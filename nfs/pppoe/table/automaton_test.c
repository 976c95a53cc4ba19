/* SPDX-License-Identifier: Apache-2.0 */
/* The automaton against the table as RFC 1661 section 4.1 prints it. Nothing of automaton_table.h is used. */
#include "automaton.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

struct row {
	enum ppp_event event;
	const char *cells[PPP_N_STATES];
};

/* Columns: Initial, Starting, Closed, Stopped, Closing, Stopping, Req-Sent, Ack-Rcvd, Ack-Sent, Opened. */
/* clang-format off */
static const struct row printed[] = {
	{PPP_UP,        {"2", "irc,scr/6", "-", "-", "-", "-", "-", "-", "-", "-"}},
	{PPP_DOWN,      {"-", "-", "0", "tls/1", "0", "1", "1", "1", "1", "tld/1"}},
	{PPP_OPEN,      {"tls/1", "1", "irc,scr/6", "3", "5", "5", "6", "7", "8", "9"}},
	{PPP_CLOSE,     {"0", "tlf/0", "2", "2", "4", "4", "irc,str/4", "irc,str/4", "irc,str/4", "tld,irc,str/4"}},
	{PPP_TO_PLUS,   {"-", "-", "-", "-", "str/4", "str/5", "scr/6", "scr/6", "scr/8", "-"}},
	{PPP_TO_MINUS,  {"-", "-", "-", "-", "tlf/2", "tlf/3", "tlf/3", "tlf/3", "tlf/3", "-"}},
	{PPP_RCR_PLUS,  {"-", "-", "sta/2", "irc,scr,sca/8", "4", "5", "sca/8", "sca,tlu/9", "sca/8", "tld,scr,sca/8"}},
	{PPP_RCR_MINUS, {"-", "-", "sta/2", "irc,scr,scn/6", "4", "5", "scn/6", "scn/7", "scn/6", "tld,scr,scn/6"}},
	{PPP_RCA,       {"-", "-", "sta/2", "sta/3", "4", "5", "irc/7", "scr/6", "irc,tlu/9", "tld,scr/6"}},
	{PPP_RCN,       {"-", "-", "sta/2", "sta/3", "4", "5", "irc,scr/6", "scr/6", "irc,scr/8", "tld,scr/6"}},
	{PPP_RTR,       {"-", "-", "sta/2", "sta/3", "sta/4", "sta/5", "sta/6", "sta/6", "sta/6", "tld,zrc,sta/5"}},
	{PPP_RTA,       {"-", "-", "2", "3", "tlf/2", "tlf/3", "6", "6", "8", "tld,scr/6"}},
	{PPP_RUC,       {"-", "-", "scj/2", "scj/3", "scj/4", "scj/5", "scj/6", "scj/7", "scj/8", "scj/9"}},
	{PPP_RXJ_PLUS,  {"-", "-", "2", "3", "4", "5", "6", "6", "8", "9"}},
	{PPP_RXJ_MINUS, {"-", "-", "tlf/2", "tlf/3", "tlf/2", "tlf/3", "tlf/3", "tlf/3", "tlf/3", "tld,irc,str/5"}},
	{PPP_RXR,       {"-", "-", "2", "3", "4", "5", "6", "7", "8", "ser/9"}},
};
/* clang-format on */

/* An irc before a Terminate-Request sets Max-Terminate, any other Max-Configure (RFC 1661 section 4.4). */
static uint16_t
action_of(const char *name, bool terminates)
{
	static const struct {
		const char *name;
		uint16_t action;
	} names[] = {
		{"tlu", PPP_TLU}, {"tld", PPP_TLD}, {"tls", PPP_TLS}, {"tlf", PPP_TLF},
		{"zrc", PPP_ZRC}, {"scr", PPP_SCR}, {"sca", PPP_SCA}, {"scn", PPP_SCN},
		{"str", PPP_STR}, {"sta", PPP_STA}, {"scj", PPP_SCJ}, {"ser", PPP_SER},
	};

	if (strcmp(name, "irc") == 0)
		return terminates ? PPP_IRC_TERMINATE : PPP_IRC_CONFIGURE;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(name, names[i].name) == 0)
			return names[i].action;
	fail_msg("no action %s", name);
	return 0;
}

static struct ppp_transition
read_cell(const char *cell)
{
	struct ppp_transition t = {.happens = true};
	char copy[32], *slash, *rest = NULL;
	bool terminates = strstr(cell, "str") != NULL;

	snprintf(copy, sizeof(copy), "%s", cell);
	slash = strchr(copy, '/');
	t.next = (uint8_t)atoi(slash != NULL ? slash + 1 : copy);
	if (slash == NULL)
		return t;
	*slash = '\0';
	for (char *name = strtok_r(copy, ",", &rest); name != NULL;
	     name = strtok_r(NULL, ",", &rest))
		t.actions |= action_of(name, terminates);
	return t;
}

/* Killed by: any row of automaton_table.h with another action or state, or left out; one added where there is "-". */
static void
each_cell_is_as_printed(void **state)
{
	(void)state;
	assert_int_equal(sizeof(printed) / sizeof(printed[0]), PPP_N_EVENTS);
	for (unsigned int e = 0; e < PPP_N_EVENTS; e++)
		for (unsigned int s = 0; s < PPP_N_STATES; s++) {
			const char *cell = printed[e].cells[s];
			struct ppp_transition want = {0, (uint8_t)s, false};
			const struct ppp_transition *is = ppp_transition(s, printed[e].event);

			assert_int_equal(printed[e].event, e);
			if (strcmp(cell, "-") != 0)
				want = read_cell(cell);
			if (is->happens != want.happens || is->actions != want.actions ||
			    is->next != want.next)
				fail_msg("event %u, state %u: not %s", e, s, cell);
		}
}

/* RFC 1661 section 4.1: the timer runs in those states that have an event TO. Killed by: the timer of any state turned round in PPP_STATES. */
static void
the_timer_runs_where_it_may_expire(void **state)
{
	(void)state;
	for (unsigned int s = 0; s < PPP_N_STATES; s++) {
		bool expires = strcmp(printed[PPP_TO_PLUS].cells[s], "-") != 0;

		assert_int_equal(ppp_timer_runs(s), expires);
		assert_int_equal(ppp_transition(s, PPP_TO_MINUS)->happens, expires);
	}
}

/* Killed by: TLU before SCA in enum ppp_action (a challenge would overtake the Ack). */
static void
layers_speak_after_what_opens_them(void **state)
{
	(void)state;
	assert_true(PPP_TLD < PPP_SCR);
	assert_true(PPP_IRC_CONFIGURE < PPP_SCR && PPP_IRC_TERMINATE < PPP_STR &&
		    PPP_ZRC < PPP_STA);
	assert_true(PPP_SCR < PPP_SCA && PPP_SCR < PPP_SCN);
	assert_true(PPP_SCA < PPP_TLU);
}

/* Killed by: two names exchanged in PPP_STATES. */
static void
states_have_the_names_of_the_standard(void **state)
{
	static const char *const names[] = {"Initial",  "Starting", "Closed",   "Stopped",
					    "Closing",  "Stopping", "Req-Sent", "Ack-Rcvd",
					    "Ack-Sent", "Opened"};

	(void)state;
	assert_int_equal(PPP_N_STATES, 10);
	for (unsigned int s = 0; s < PPP_N_STATES; s++)
		assert_string_equal(ppp_state_name(s), names[s]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_cell_is_as_printed),
		cmocka_unit_test(the_timer_runs_where_it_may_expire),
		cmocka_unit_test(layers_speak_after_what_opens_them),
		cmocka_unit_test(states_have_the_names_of_the_standard),
	};

	return cmocka_run_group_tests_name("automaton", tests, NULL, NULL);
}
