/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The TCP tracker by itself. Each cell of its table against rules that were written down from the
 * standards and not from the table; then connections as stories, with the numbers that hosts give
 * their segments. tests/mutations changes each cell in turn.
 */
#include "tcp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { FIN = 0x01, SYN = 0x02, RST = 0x04, PSH = 0x08, ACK = 0x10, URG = 0x20 };

/* By enum nf_tcp_state; the last two are nothing. */
static const char *const names[NF_TCP_N_STATES] = {
	"none",         "opening", "answered", "established",  "finout",      "finin",
	"closed",       "shared",  "reset",    "reset+finout", "reset+finin", "opening+fin",
	"answered+fin", "idle",    "14",       "15",
};

/* ---- the table against rules --------------------------------------------------------------------
 */

/*
 * "In one of these states one of these events leads there"; what no rule names changes nothing.
 * Events: `>` from inside, `<` from outside, `2>` to another peer than the one that is followed,
 * with A(CK), S(YN), B(oth), F(IN), R(ST at the edge) or W (RST in the window). `*` behind the new
 * state: that peer is followed now.
 */
struct rule {
	const char *states, *events, *to;
};

static const struct rule rules[] = {
	/* RFC 6146 section 3.5.2.2, V6 INIT. The SYN alone does not make it live for two hours:
	 * that is for the inside to say, by its own acknowledgement (partially open in RFC 5382
	 * section 5). */
	{"opening", "<S <B", "answered"},
	{"answered", ">A >B", "established"},
	/* ESTABLISHED. */
	{"established answered", ">F", "finout"},
	{"established", "<F", "finin"},
	{"established answered", ">R >W <R <W", "reset"},
	/* V4 FIN RCV and V6 FIN RCV; V6 FIN + V4 FIN RCV stays as it is. */
	{"finin", ">F", "closed"},
	{"finout", "<F", "closed"},
	/* RFC 7857 section 2.2 tells of no state in which a RST is not noticed, and what RST hides
	 * must be there again with the next segment. */
	{"finout", ">R >W <R <W", "reset+finout"},
	{"finin answered+fin", ">R >W <R <W", "reset+finin"},
	/* TRANS: what is not RST shows that the connection goes on. */
	{"reset", ">A <A", "established"},
	{"reset+finout", ">A <A >F", "finout"},
	{"reset+finin", ">A <A <F", "finin"},
	{"reset", ">F", "finout"},
	{"reset", "<F", "finin"},
	{"reset+finout", "<F", "closed"},
	{"reset+finin", ">F", "closed"},
	/* A SYN from inside, or an answer to one from outside, where nothing is open any more: a
	   new connection. */
	{"reset reset+finout reset+finin closed", ">S >B", "opening"},
	{"finout finin opening+fin", ">S", "opening"},
	/* A SYN from outside alone revives nothing, but its answer to one is worth as much as
	   before the RST. */
	{"reset", "<B", "answered"},
	/* The entry began in the middle of the connection. */
	{"opening", "<A", "established"},
	{"opening", "<F", "finin"},
	{"opening", ">F", "opening+fin"},
	{"opening+fin", "<A", "finout"},
	{"opening+fin", "<F", "closed"},
	/* A server that closes before the third segment of the handshake. */
	{"answered", "<F", "answered+fin"},
	{"answered+fin", ">A >B", "finin"},
	{"answered+fin", ">F", "closed"},
	/* A second connection beside one that lives. */
	{"established finout finin", "2>A 2>S 2>B", "shared"},
	{"opening opening+fin answered answered+fin", "2>A", "shared"},
	/* And in place of one that does not yet, or no longer. */
	{"opening opening+fin answered answered+fin", "2>S 2>B", "opening*"},
	{"idle closed reset reset+finout reset+finin", "2>A 2>S 2>B", "opening*"},
};

static bool
has_word(const char *words, const char *word)
{
	size_t n = strlen(word);

	for (const char *at = strstr(words, word); at != NULL; at = strstr(at + 1, word)) {
		if ((at == words || at[-1] == ' ') && (at[n] == ' ' || at[n] == '\0'))
			return true;
	}
	return false;
}

static uint8_t
state_named(const char *name)
{
	size_t n = strcspn(name, "*");

	for (uint8_t s = 0; s < NF_TCP_N_STATES; s++)
		if (strlen(names[s]) == n && memcmp(names[s], name, n) == 0)
			return s;
	fail_msg("no state %s", name);
	return 0;
}

/* A state that is nothing is taken for the one that lives longest. */
static uint8_t
by_rules(int way, uint8_t state, int event)
{
	static const char *const ways[NF_TCP_N_WAYS] = {">", "<", "2>", "2<"};
	static const char *const letters[NF_TCP_N_EVENTS] = {"A", "S", "B",     "F",
							     "R", "W", "stray", "odd"};
	char word[16];

	if (state >= 14)
		return NF_TCP_SHARED;
	snprintf(word, sizeof(word), "%s%s", ways[way], letters[event]);
	for (size_t i = 0; i < COUNT(rules); i++) {
		if (!has_word(rules[i].states, names[state]) || !has_word(rules[i].events, word))
			continue;
		return state_named(rules[i].to) |
		       (strchr(rules[i].to, '*') != NULL ? NF_TCP_FOLLOW : 0);
	}
	return state;
}

/* Killed by: any changed cell. */
static void
every_cell_is_as_the_standards_say(void **state)
{
	(void)state;
	for (int way = 0; way < NF_TCP_N_WAYS; way++)
		for (uint8_t s = 0; s < NF_TCP_N_STATES; s++)
			for (int e = 0; e < NF_TCP_N_EVENTS; e++)
				if (nf_tcp_table[way][s][e] != by_rules(way, s, e))
					fail_msg("way %d, %s, event %d: 0x%x", way, names[s], e,
						 nf_tcp_table[way][s][e]);
}

/* A rule that an earlier one hides would be a mistake in the rules. */
static void
no_two_rules_speak_of_one_cell(void **state)
{
	static const char *const events[] = {">A", ">S", ">B", ">F", ">R",  ">W",  "<A", "<S",
					     "<B", "<F", "<R", "<W", "2>A", "2>S", "2>B"};

	(void)state;
	for (uint8_t s = 0; s < 14; s++) {
		for (size_t e = 0; e < COUNT(events); e++) {
			int n = 0;

			for (size_t i = 0; i < COUNT(rules); i++)
				n += has_word(rules[i].states, names[s]) &&
				     has_word(rules[i].events, events[e]);
			assert_in_range(n, 0, 1);
		}
	}
}

/* What the tracker is for, said without the table: the inside alone makes an entry live long, a
 * stranger nothing. Killed by: a cell that prolongs it. */
static void
who_may_prolong(void **state)
{
	(void)state;
	for (uint8_t s = 0; s < NF_TCP_N_STATES; s++) {
		bool was = nf_tcp_is_established(s);

		for (int e = 0; e < NF_TCP_N_EVENTS; e++) {
			uint8_t out = nf_tcp_table[NF_TCP_OUT][s][e];

			if (s < 14)
				assert_int_equal(nf_tcp_table[NF_TCP_IN_OTHER][s][e], s);
			/* No RST and nothing odd prolongs or opens. */
			if (e >= NF_TCP_RST && !was)
				assert_false(nf_tcp_is_established(out));
			/* A SYN alone makes nobody established. */
			if (e == NF_TCP_SYN && !was) {
				assert_false(nf_tcp_is_established(out));
				assert_false(nf_tcp_is_established(nf_tcp_table[NF_TCP_IN][s][e]));
			}
		}
	}
	for (uint8_t s = 0; s < NF_TCP_N_STATES; s++)
		assert_int_equal(nf_tcp_is_established(s),
				 has_word("established finout finin shared 14 15", names[s]));
}

/* Killed by: a combination that is taken for its strongest flag; PSH, URG and ECN that count. */
static void
flags_of_an_event(void **state)
{
	(void)state;
	for (unsigned int flags = 0; flags < 256; flags++) {
		enum nf_tcp_event expected = NF_TCP_ODD;

		if (flags & RST)
			expected = NF_TCP_RST;
		else if ((flags & (SYN | FIN)) == (SYN | FIN))
			expected = NF_TCP_ODD;
		else if (flags & SYN)
			expected = flags & ACK ? NF_TCP_SYNACK : NF_TCP_SYN;
		else if (flags & ACK)
			expected = flags & FIN ? NF_TCP_FIN : NF_TCP_ACK;
		assert_int_equal(nf_tcp_event((uint8_t)flags), expected);
	}
	for (int e = 0; e < NF_TCP_N_EVENTS; e++)
		assert_int_equal(nf_tcp_may_open((enum nf_tcp_event)e),
				 e == NF_TCP_SYN || e == NF_TCP_ACK);
}

/* ---- stories ----------------------------------------------------------------------------------
 */

#define WINDOW 1000u

/* Two hosts and the tracker between them. */
struct world {
	struct nf_tcp c;
	uint32_t seq[2], ack[2]; /* of the inside, of the outside: their next segment's */
	uint8_t scale[2];
	bool is_sound;
};

static void
begin(struct world *w, uint32_t inside, uint32_t outside)
{
	*w = (struct world){
		.c = {.state = NF_TCP_IDLE},
		.seq = {inside, outside},
		.ack = {outside, inside},
		.scale = {NF_TCP_NO_SCALE, NF_TCP_NO_SCALE},
		.is_sound = true,
	};
}

static struct nf_tcp_segment
segment(const struct world *w, int from, uint8_t flags, uint32_t size, uint16_t peer)
{
	return (struct nf_tcp_segment){
		.peer_address = 0x0a000001,
		.peer_port = peer,
		.window = WINDOW,
		.seq = w->seq[from],
		.ack = flags & ACK ? w->ack[from] : 0,
		.size = size,
		.flags = flags,
		.scale = flags & SYN ? w->scale[from] : NF_TCP_NO_SCALE,
		.is_sound = w->is_sound,
	};
}

static void
pass(struct world *w, int from, const struct nf_tcp_segment *s)
{
	if (from == 0 && w->c.peer_port == 0 && nf_tcp_may_open(nf_tcp_event(s->flags)))
		nf_tcp_open(&w->c, s);
	else if (from == 0)
		nf_tcp_take_out(&w->c, s);
	else
		nf_tcp_take_in(&w->c, s);
}

/* A segment that its receiver gets and counts. */
static void
send_to(struct world *w, int from, uint8_t flags, uint32_t size, uint16_t peer)
{
	struct nf_tcp_segment s = segment(w, from, flags, size, peer);

	pass(w, from, &s);
	if (flags & RST)
		return;
	w->seq[from] += size + ((flags & SYN) != 0) + ((flags & FIN) != 0);
	w->ack[1 - from] = w->seq[from];
}

static uint8_t
flags_of(char c)
{
	return c == 'S' ? SYN : c == 'B' ? SYN | ACK : c == 'F' ? FIN | ACK : c == 'R' ? RST : ACK;
}

static const char *
name_of(const struct world *w)
{
	return names[w->c.state % NF_TCP_N_STATES];
}

/* ">S <B >A": direction and segment; "2A" is a segment from inside to another peer. */
static void
play(const char *story, const char *expected)
{
	struct world w;
	char trace[256] = "";
	size_t at = 0;

	begin(&w, 100, 90000);
	for (const char *s = story; *s != '\0'; s += s[2] == ' ' ? 3 : 2) {
		send_to(&w, s[0] == '<', flags_of(s[1]), s[1] == 'A' ? 10 : 0,
			s[0] == '2' ? 81 : 80);
		at += (size_t)snprintf(trace + at, sizeof(trace) - at, "%s%s", at != 0 ? " " : "",
				       name_of(&w));
	}
	assert_string_equal(trace, expected);
}

static void
stories(void **state)
{
	(void)state;
	/* A whole connection. */
	play(">S <B >A <A >F <A <F >A",
	     "opening answered established established finout finout closed closed");
	/* The server closes first. */
	play(">S <B >A <F >A >F", "opening answered established finin finin closed");
	/* Refused, and tried again on the same entry. */
	play(">S <R >S <B >A", "opening opening opening answered established");
	/* Reset in the middle from either side. */
	play(">S <B >A >R", "opening answered established reset");
	play(">S <B >A <R", "opening answered established reset");
	/* And not, after all. */
	play(">S <B >A <R >A <A", "opening answered established reset established established");
	play(">S <B >A >F <R <A <F",
	     "opening answered established finout reset+finout finout closed");
	play(">S <B >A <F <R >A >F", "opening answered established finin reset+finin finin closed");
	/* Both open at the same time (RFC 5382 REQ-2). */
	play(">S <S >B", "opening answered established");
	/* A SYN from inside that is sent again changes nothing. */
	play(">S >S <B >S >A", "opening opening answered answered established");
	/* The outside alone completes no handshake. */
	play(">S <B <A >A", "opening answered answered established");
	/* Picked up in the middle: lives long only once the peer answers. */
	play(">A >A <A", "opening opening established");
	play(">A <F >F", "opening finin closed");
	play(">A >F <F", "opening opening+fin closed");
	/* After the end the port is used again. */
	play(">S <B >A >F <F >S", "opening answered established finout closed opening");
}

static void
second_peer_stories(void **state)
{
	(void)state;
	/* While one connection lives, a second one makes the entry shared, for good. */
	play(">S <B >A 2S >F <F >R", "opening answered established shared shared shared shared");
	/* Before that, the last SYN is the one to follow. */
	play("2S >S <B >A", "opening opening answered established");
	play(">S <B >A >F <F 2S", "opening answered established finout closed opening");
	/* The end of a connection that is not followed says nothing. */
	play(">S <B >A 2F 2R", "opening answered established established established");
	/* Data to another peer is a second connection. */
	play(">S <B 2A", "opening answered shared");
	/* Half closed is alive. */
	play(">S <B >A >F 2S", "opening answered established finout shared");
}

/* A server: the answer from inside to a SYN tells whom to follow. */
static void
a_connection_from_outside(void **state)
{
	struct world w;

	(void)state;
	begin(&w, 100, 90000);
	send_to(&w, 1, SYN, 0, 80);
	assert_string_equal(name_of(&w), "idle");
	send_to(&w, 0, SYN | ACK, 0, 80);
	assert_string_equal(name_of(&w), "opening");
	assert_int_equal(w.c.peer_port, 80);
	send_to(&w, 1, ACK, 0, 80);
	assert_string_equal(name_of(&w), "established");
}

/* ---- numbers
 * --------------------------------------------------------------------------------------- */

static void
open_at(struct world *w, uint32_t inside, uint32_t outside)
{
	begin(w, inside, outside);
	send_to(w, 0, SYN, 0, 80);
	send_to(w, 1, SYN | ACK, 0, 80);
	send_to(w, 0, ACK, 0, 80);
	assert_string_equal(name_of(w), "established");
}

/* A segment beside the connection, which nobody counts; returns the state after it and takes it
 * back. */
static const char *
try(const struct world *w, int from, uint8_t flags, uint32_t seq, uint32_t ack)
{
	struct world copy = *w;
	struct nf_tcp_segment s = segment(w, from, flags, 0, 80);

	s.seq = seq;
	s.ack = ack;
	pass(&copy, from, &s);
	return name_of(&copy);
}

/* RFC 5961 section 3.2, at every place where the numbers may wrap. Killed by: an edge that is off
 * by one, a comparison that is not modulo 2^32. */
static void
a_reset_from_outside_is_in_the_window(void **state)
{
	(void)state;
	for (uint32_t back = 0; back < 3 * WINDOW; back += 7) {
		struct world w;
		uint32_t next;

		open_at(&w, 5, 0 - back);
		send_to(&w, 1, ACK, WINDOW / 2, 80);
		send_to(&w, 0, ACK, 0, 80);
		next = w.seq[1];
		assert_string_equal(try(&w, 1, RST, next, 0), "reset");
		assert_string_equal(try(&w, 1, RST, next - 1, 0), "established");
		assert_string_equal(try(&w, 1, RST, next + WINDOW - 1, 0), "reset");
		assert_string_equal(try(&w, 1, RST, next + WINDOW, 0), "established");
		assert_string_equal(try(&w, 1, RST, next + (1u << 31), 0), "established");
		w.is_sound = false;
		assert_string_equal(try(&w, 1, RST, next, 0), "established");
	}
}

static void
a_reset_from_inside_is_not_ahead(void **state)
{
	(void)state;
	for (uint32_t back = 0; back < 300; back += 7) {
		struct world w;

		open_at(&w, 0 - back, 5);
		send_to(&w, 0, ACK, 100, 80);
		assert_string_equal(try(&w, 0, RST, w.seq[0], 0), "reset");
		assert_string_equal(try(&w, 0, RST, w.seq[0] - 100, 0), "reset");
		assert_string_equal(try(&w, 0, RST, w.seq[0] + 1, 0), "established");
		assert_string_equal(try(&w, 0, RST, w.seq[0] - (1u << 30) - 1, 0), "established");
		w.is_sound = false;
		assert_string_equal(try(&w, 0, RST, w.seq[0], 0), "established");
	}
}

/* Killed by: what is behind the edge moving it. */
static void
nothing_moves_an_edge_back(void **state)
{
	struct world w;
	struct nf_tcp_edges before;
	struct nf_tcp_segment s;

	(void)state;
	open_at(&w, 0xffffff00, 0xfffffe00);
	for (int i = 0; i < 20; i++) {
		send_to(&w, 0, ACK, 100, 80);
		send_to(&w, 1, ACK, 100, 80);
	}
	send_to(&w, 0, ACK, 0, 80);
	before = w.c.edges;
	assert_int_equal((uint32_t)before.sent, w.seq[0]);
	assert_int_equal((uint32_t)before.acked, w.seq[1]);
	assert_int_equal((uint32_t)before.right, w.seq[1] + WINDOW);
	/* Retransmission, keep-alive, a window that shrinks. */
	s = segment(&w, 0, ACK, 100, 80);
	s.seq -= 500;
	s.ack -= 500;
	assert_false(nf_tcp_take_out(&w.c, &s));
	s = segment(&w, 0, ACK, 0, 80);
	s.seq--;
	s.window = 1;
	assert_false(nf_tcp_take_out(&w.c, &s));
	assert_memory_equal(&w.c.edges, &before, sizeof(before));
	/* The largest window ahead is not behind. */
	nf_tcp_advance(&w.c.edges.sent, (uint32_t)before.sent + (3u << 30) - 1);
	assert_int_equal(w.c.edges.sent, before.sent + (3u << 30) - 1);
}

/* The larger edge is the later one, whatever the number: rows of a move are merged so. Killed by: a
 * number that stands alone. */
static void
edges_only_grow(void **state)
{
	struct world w;
	struct nf_tcp_edges last = {0};

	(void)state;
	begin(&w, 0xfffffff0, 0xffffff00);
	for (int connection = 0; connection < 5; connection++) {
		w.seq[0] -= 0x12345678;
		w.seq[1] -= 0x23456789;
		w.ack[0] = w.seq[1];
		w.ack[1] = w.seq[0];
		for (const char *c = "SBAAAAFFA"; *c != '\0'; c++) {
			bool outside = *c == 'B' || (*c == 'F' && c[1] != 'F');

			send_to(&w, outside, flags_of(*c), *c == 'A' ? 0x40000000 : 0, 80);
			assert_true(w.c.edges.sent >= last.sent);
			assert_true(w.c.edges.acked >= last.acked);
			assert_true(w.c.edges.right >= last.right);
			last = w.c.edges;
		}
		assert_string_equal(name_of(&w), "closed");
	}
}

/* Before the inside has acknowledged anything. Killed by: an answer to something else that opens.
 */
static void
answers_acknowledge_what_was_sent(void **state)
{
	struct world w;

	(void)state;
	begin(&w, 0xffffffff, 7);
	send_to(&w, 0, SYN, 0, 80); /* the next is 0 */
	assert_string_equal(try(&w, 1, SYN | ACK, 7, 0), "answered");
	assert_string_equal(try(&w, 1, SYN | ACK, 7, 1), "opening");
	assert_string_equal(try(&w, 1, SYN | ACK, 7, 0x80000000), "opening");
	assert_string_equal(try(&w, 1, SYN | ACK, 7, 0 - 0xffffu), "answered"); /* SYN with data */
	assert_string_equal(try(&w, 1, SYN | ACK, 7, 0 - 0x10000u), "opening");
	assert_string_equal(try(&w, 1, ACK, 7, 1), "opening");
	assert_string_equal(try(&w, 1, FIN | ACK, 7, 1), "opening");
	send_to(&w, 1, SYN | ACK, 0, 80);
	assert_string_equal(try(&w, 1, RST, w.seq[1], 0), "answered");
	assert_string_equal(try(&w, 1, RST | ACK, w.seq[1], 0), "reset");
	assert_string_equal(try(&w, 1, RST | ACK, w.seq[1], 1), "answered");
	assert_string_equal(try(&w, 1, FIN | ACK, w.seq[1], 1), "answered");
}

/* What revives or closes from outside has the numbers of the connection. Killed by: taking it by
 * its flags. */
static void
the_outside_is_judged_where_it_counts(void **state)
{
	struct world w;
	uint32_t next, sent;

	(void)state;
	open_at(&w, 1000, 2000);
	send_to(&w, 1, RST, 0, 80);
	assert_string_equal(name_of(&w), "reset");
	next = w.seq[1];
	sent = w.seq[0];
	assert_string_equal(try(&w, 1, ACK, next, sent), "established");
	assert_string_equal(try(&w, 1, ACK, next + WINDOW, sent), "established");
	assert_string_equal(try(&w, 1, ACK, next + WINDOW + 1, sent), "reset");
	assert_string_equal(try(&w, 1, ACK, next - 0xffff, sent), "established"); /* again */
	assert_string_equal(try(&w, 1, ACK, next - 0x10000, sent), "reset");
	assert_string_equal(try(&w, 1, ACK, next, sent + 1), "reset");
	assert_string_equal(try(&w, 1, ACK, next, sent - (1u << 30)), "established");
	assert_string_equal(try(&w, 1, ACK, next, sent - (1u << 30) - 1), "reset");
	open_at(&w, 1000, 2000);
	assert_string_equal(try(&w, 1, FIN | ACK, w.seq[1] + 5000, w.seq[0]), "established");
	assert_string_equal(try(&w, 1, FIN | ACK, w.seq[1], w.seq[0] + 1), "established");
	assert_string_equal(try(&w, 1, FIN | ACK, w.seq[1], w.seq[0]), "finin");
}

/* Killed by: a scale of one side alone, or a window of a SYN that is scaled. */
static void
the_window_is_scaled_as_agreed(void **state)
{
	struct world w;

	(void)state;
	for (int both = 0; both < 2; both++) {
		begin(&w, 1000, 2000);
		w.scale[0] = 3;
		w.scale[1] = both ? 9 : NF_TCP_NO_SCALE;
		send_to(&w, 0, SYN, 0, 80);
		send_to(&w, 1, SYN | ACK, 0, 80);
		send_to(&w, 0, ACK, 0, 80);
		assert_int_equal(w.c.edges.right - w.c.edges.acked, both ? WINDOW * 8 : WINDOW);
	}
	/* The other way round the answer is the inside's, and it scales only if it was asked to. */
	begin(&w, 1000, 2000);
	w.scale[0] = 3;
	send_to(&w, 0, SYN | ACK, 0, 80);
	assert_int_equal(w.c.edges.right - w.c.edges.acked, WINDOW);
	send_to(&w, 1, ACK, 0, 80);
	send_to(&w, 0, ACK, 0, 80);
	assert_int_equal(w.c.edges.right - w.c.edges.acked, WINDOW * 8);
	/* Nobody knows of a connection that was picked up: no more than is sure. */
	begin(&w, 1000, 2000);
	send_to(&w, 0, ACK, 0, 80);
	assert_int_equal(w.c.edges.right - w.c.edges.acked, WINDOW);
}

/* A host that has restarted begins with other numbers on the same port. Killed by: keeping the old
 * ones. */
static void
a_syn_begins_the_numbers_anew(void **state)
{
	struct world w;

	(void)state;
	open_at(&w, 0x90000000, 0xa0000000);
	w.seq[0] = 0x8fffff00; /* a little before */
	w.seq[1] = 0x9fffff00;
	send_to(&w, 0, SYN, 0, 80);
	assert_string_equal(name_of(&w), "established");
	send_to(&w, 1, SYN | ACK, 0, 80);
	send_to(&w, 0, ACK, 0, 80);
	assert_int_equal((uint32_t)w.c.edges.sent, w.seq[0]);
	assert_int_equal((uint32_t)w.c.edges.acked, w.seq[1]);
	assert_string_equal(try(&w, 1, RST, w.seq[1], 0), "reset");
	assert_string_equal(try(&w, 1, RST, 0xa0000001, 0),
			    "reset"); /* in the window, as it happens */
	assert_string_equal(try(&w, 1, RST, 0xb0000001, 0), "established");
}

/* The peer's first segments tell what is next where the inside has not yet. Killed by: an edge of
 * nothing. */
static void
numbers_are_the_peers_until_the_inside_speaks(void **state)
{
	struct world w;

	(void)state;
	begin(&w, 1000, 2000);
	send_to(&w, 0, SYN, 0, 80);
	w.seq[1]++; /* its SYN went another way */
	send_to(&w, 1, ACK, 10, 80);
	assert_string_equal(name_of(&w), "established");
	assert_int_equal((uint32_t)w.c.edges.acked, 2011);
	assert_true(w.c.scale & NF_TCP_UNACKED);
	send_to(&w, 0, ACK, 0, 80);
	assert_false(w.c.scale & NF_TCP_UNACKED);
	assert_string_equal(try(&w, 1, RST, 2011, 0), "reset");
}

/* What changes a row in a move is told; edges alone are lazy. Killed by: a change that is not
 * reported. */
static void
changes_are_reported(void **state)
{
	struct nf_tcp_segment s;
	struct world w;

	(void)state;
	open_at(&w, 1000, 2000);
	s = segment(&w, 0, ACK, 10, 80);
	assert_false(nf_tcp_take_out(&w.c, &s));
	s = segment(&w, 1, ACK, 10, 80);
	assert_false(nf_tcp_take_in(&w.c, &s));
	s = segment(&w, 0, ACK, 10, 81);
	assert_true(nf_tcp_take_out(&w.c, &s));
	open_at(&w, 1000, 2000);
	s = segment(&w, 1, FIN | ACK, 0, 80);
	assert_true(nf_tcp_take_in(&w.c, &s));
	s = segment(&w, 0, SYN, 0, 80); /* new, and to the same peer */
	assert_true(nf_tcp_take_out(&w.c, &s));
	s = segment(&w, 0, SYN, 0, 81);
	assert_true(nf_tcp_take_out(&w.c, &s));
	assert_int_equal(w.c.peer_port, 81);
	s.peer_address = 0x0a000002;
	assert_true(nf_tcp_take_out(&w.c, &s));
	assert_int_equal(w.c.peer_address, 0x0a000002);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_cell_is_as_the_standards_say),
		cmocka_unit_test(no_two_rules_speak_of_one_cell),
		cmocka_unit_test(who_may_prolong),
		cmocka_unit_test(flags_of_an_event),
		cmocka_unit_test(stories),
		cmocka_unit_test(second_peer_stories),
		cmocka_unit_test(a_connection_from_outside),
		cmocka_unit_test(a_reset_from_outside_is_in_the_window),
		cmocka_unit_test(a_reset_from_inside_is_not_ahead),
		cmocka_unit_test(nothing_moves_an_edge_back),
		cmocka_unit_test(edges_only_grow),
		cmocka_unit_test(answers_acknowledge_what_was_sent),
		cmocka_unit_test(the_outside_is_judged_where_it_counts),
		cmocka_unit_test(the_window_is_scaled_as_agreed),
		cmocka_unit_test(a_syn_begins_the_numbers_anew),
		cmocka_unit_test(numbers_are_the_peers_until_the_inside_speaks),
		cmocka_unit_test(changes_are_reported),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
