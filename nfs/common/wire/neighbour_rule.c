/* SPDX-License-Identifier: Apache-2.0 */
/* The table; see neighbour_rule.h. Pure. */
#include "neighbour_rule.h"

/* Columns in the order of enum nf_standing. */
#define ROW(stranger, asked, known, moved, disputed, open, self, nobody)                          \
	{                                                                                         \
		[NF_STRANGER] = stranger, [NF_ASKED] = asked, [NF_KNOWN] = known,                 \
		[NF_MOVED] = moved, [NF_DISPUTED] = disputed, [NF_OPEN] = open, [NF_SELF] = self, \
		[NF_NOBODY] = nobody                                                              \
	}

enum {
	NONE = NF_TEACHES_NOTHING,
	TEACH = NF_TEACHES,
	STALE = NF_TEACHES_STALE,
	CONFIRM = NF_CONFIRMS,
	DISPUTE = NF_DISPUTES,
	CONFLICT = NF_CONFLICTS,
	SILENT = NF_SILENT,
	ANSWER = NF_ANSWERS,
	DEFEND = NF_DEFENDS,
};

static const uint8_t teachings[NF_N_SAYINGS][NF_N_STANDINGS] = {
	[NF_ARP_REQUEST] = ROW(NONE, TEACH, CONFIRM, DISPUTE, NONE, NONE, CONFLICT, NONE),
	[NF_ARP_REPLY] = ROW(NONE, TEACH, CONFIRM, DISPUTE, NONE, TEACH, CONFLICT, NONE),
	[NF_ARP_ANNOUNCEMENT] = ROW(NONE, TEACH, CONFIRM, DISPUTE, NONE, NONE, CONFLICT, NONE),
	/* RFC 5227 section 1.1: a probe is no claim, so nothing may be learnt from it. */
	[NF_ARP_PROBE] = ROW(NONE, NONE, NONE, NONE, NONE, NONE, CONFLICT, NONE),
	/* RFC 4861 section 7.2.3: tells of the sender, but not that it can be reached. */
	[NF_ND_SOLICITATION] = ROW(NONE, STALE, NONE, DISPUTE, NONE, NONE, CONFLICT, NONE),
	[NF_ND_PROBE] = ROW(NONE, NONE, NONE, NONE, NONE, NONE, CONFLICT, NONE),
	/* Section 7.2.5: only a solicited one says that the neighbour can be reached. */
	[NF_ND_ADVERTISEMENT] = ROW(NONE, STALE, NONE, DISPUTE, NONE, NONE, CONFLICT, NONE),
	[NF_ND_OVERRIDE] = ROW(NONE, STALE, NONE, DISPUTE, NONE, NONE, CONFLICT, NONE),
	[NF_ND_ANSWER] = ROW(NONE, TEACH, CONFIRM, DISPUTE, NONE, TEACH, CONFLICT, NONE),
	[NF_ND_ANSWER_OVERRIDE] = ROW(NONE, TEACH, CONFIRM, DISPUTE, NONE, TEACH, CONFLICT, NONE),
};

static const uint8_t answerings[NF_N_SAYINGS][NF_N_STANDINGS] = {
	[NF_ARP_REQUEST] = ROW(ANSWER, ANSWER, ANSWER, ANSWER, ANSWER, ANSWER, DEFEND, SILENT),
	[NF_ARP_REPLY] = ROW(SILENT, SILENT, SILENT, SILENT, SILENT, SILENT, DEFEND, SILENT),
	[NF_ARP_ANNOUNCEMENT] = ROW(SILENT, SILENT, SILENT, SILENT, SILENT, SILENT, DEFEND, SILENT),
	[NF_ARP_PROBE] = ROW(SILENT, SILENT, SILENT, SILENT, SILENT, SILENT, ANSWER, SILENT),
	[NF_ND_SOLICITATION] = ROW(ANSWER, ANSWER, ANSWER, ANSWER, ANSWER, ANSWER, DEFEND, SILENT),
	[NF_ND_PROBE] = ROW(SILENT, SILENT, SILENT, SILENT, SILENT, SILENT, ANSWER, SILENT),
	[NF_ND_ADVERTISEMENT] = ROW(SILENT, SILENT, SILENT, SILENT, SILENT, SILENT, DEFEND, SILENT),
	[NF_ND_OVERRIDE] = ROW(SILENT, SILENT, SILENT, SILENT, SILENT, SILENT, DEFEND, SILENT),
	[NF_ND_ANSWER] = ROW(SILENT, SILENT, SILENT, SILENT, SILENT, SILENT, DEFEND, SILENT),
	[NF_ND_ANSWER_OVERRIDE] =
		ROW(SILENT, SILENT, SILENT, SILENT, SILENT, SILENT, DEFEND, SILENT),
};

struct nf_neighbour_rule
nf_neighbour_rule(enum nf_saying saying, enum nf_standing standing)
{
	return (struct nf_neighbour_rule){
		.teaching = teachings[saying][standing],
		.answering = answerings[saying][standing],
	};
}

enum nf_question_step
nf_question_step(struct nf_question *q, uint64_t now_ns)
{
	bool to_owner;

	if (q->stage == NF_NO_QUESTION || (int64_t)(now_ns - q->next_ns) < 0)
		return NF_QUESTION_WAITS;
	if (q->stage == NF_TO_OWNER && q->tries == NF_DISPUTE_TRIES) {
		q->stage = NF_TO_ALL;
		q->tries = 0;
	} else if (q->stage == NF_TO_ALL && q->tries == NF_ASK_TRIES) {
		*q = (struct nf_question){0};
		return NF_QUESTION_OVER;
	}
	to_owner = q->stage == NF_TO_OWNER;
	q->tries++;
	q->next_ns = now_ns + (to_owner ? NF_DISPUTE_RETRY_NS : NF_ASK_RETRY_NS);
	return to_owner ? NF_QUESTION_ASKS_OWNER : NF_QUESTION_ASKS_ALL;
}
