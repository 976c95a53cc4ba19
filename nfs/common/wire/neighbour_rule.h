/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a message of ARP or Neighbor Discovery does: what it teaches, and what is answered. One table for
 * both families (RFC 826, RFC 5227, RFC 4861 section 7.2). Pure.
 *
 * Two things are stricter than the standards. Who was not asked makes no entry. And who says that a known
 * neighbour is at another MAC address is not believed at once: the old owner is asked, alone and twice, and
 * only if it is silent everybody is asked, and the answer taken. So a neighbour that was replaced is followed
 * a moment later, and one that is alive is not robbed of its packets by who only says so.
 */
#ifndef NF_NEIGHBOUR_RULE_H
#define NF_NEIGHBOUR_RULE_H

#include <stdbool.h>
#include <stdint.h>

/* What is said. */
enum nf_saying {
	NF_ARP_REQUEST,
	NF_ARP_REPLY,
	NF_ARP_ANNOUNCEMENT, /* request or reply of a host about its own address */
	NF_ARP_PROBE,        /* request without a sender's address */
	NF_ND_SOLICITATION,  /* that tells the sender's MAC address */
	NF_ND_PROBE,         /* without a source address */
	NF_ND_ADVERTISEMENT, /* neither solicited nor to override */
	NF_ND_OVERRIDE,      /* to override, not solicited */
	NF_ND_ANSWER,        /* solicited, not to override */
	NF_ND_ANSWER_OVERRIDE,
	NF_N_SAYINGS
};

/* How the address stands that it is said about: the sender's, of a probe and an advertisement the target. */
enum nf_standing {
	NF_STRANGER, /* neither known nor asked for */
	NF_ASKED,    /* asked for, not known */
	NF_KNOWN,    /* known at this MAC address */
	NF_MOVED,    /* known at another one */
	NF_DISPUTED, /* known at another one, and the owner there is being asked */
	NF_OPEN,     /* known at another one, the owner there was silent, and everybody is asked */
	NF_SELF,     /* the NF's own, said by another host */
	NF_NOBODY,   /* no host of this side may have it */
	NF_N_STANDINGS
};

enum nf_teaching {
	NF_TEACHES_NOTHING,
	NF_TEACHES,       /* the MAC address is taken, and the neighbour has just answered */
	NF_TEACHES_STALE, /* it is taken, but to be asked for at once: nobody answered */
	NF_CONFIRMS,      /* the neighbour is where it was, and has just answered */
	NF_DISPUTES,      /* the old owner is to be asked */
	NF_CONFLICTS,     /* another host has or wants an address of the NF */
};

enum nf_answering {
	NF_SILENT,
	NF_ANSWERS, /* if it asks for an address of the NF */
	NF_DEFENDS, /* announces the address, not more often than once in NF_DEFEND_NS */
};

struct nf_neighbour_rule {
	uint8_t teaching;  /* enum nf_teaching */
	uint8_t answering; /* enum nf_answering */
};

#define NF_DEFEND_NS UINT64_C(10000000000) /* RFC 5227 section 1.1, DEFEND_INTERVAL */

struct nf_neighbour_rule nf_neighbour_rule(enum nf_saying saying, enum nf_standing standing);

/* ---- a question and when it is repeated ------------------------------------------------------ */

#define NF_ASK_TRIES 3u /* questions to everybody before a neighbour counts as silent */
#define NF_ASK_RETRY_NS UINT64_C(1000000000)
#define NF_DISPUTE_TRIES 2u /* questions to the old owner */
#define NF_DISPUTE_RETRY_NS UINT64_C(100000000)

enum nf_question_stage { NF_NO_QUESTION = 0, NF_TO_OWNER, NF_TO_ALL };

struct nf_question {
	uint64_t next_ns;
	uint8_t stage; /* enum nf_question_stage */
	uint8_t tries; /* in this stage */
};

enum nf_question_step {
	NF_QUESTION_WAITS,
	NF_QUESTION_ASKS_OWNER,
	NF_QUESTION_ASKS_ALL,
	NF_QUESTION_OVER, /* nobody answered; it is NF_NO_QUESTION now */
};

/* The first step is due at once. */
static inline struct nf_question
nf_question_begin(enum nf_question_stage stage, uint64_t now_ns)
{
	return (struct nf_question){.next_ns = now_ns, .stage = (uint8_t)stage};
}

/* What is to be done now. */
enum nf_question_step nf_question_step(struct nf_question *q, uint64_t now_ns);

#endif
