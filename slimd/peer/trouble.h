/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why connections fail: counted by kind and direction, and told at a limited rate, so that what fails
 * ten times a minute fills no log and yet is in it, on both sides.
 *
 * Pure but for the words that it prints: time is a parameter.
 */
#ifndef SLIMD_PEER_TROUBLE_H
#define SLIMD_PEER_TROUBLE_H

#include <stdbool.h>
#include <stdint.h>

/* X(NAME, "name"): of the metric's label `reason` */
#define TROUBLES(X)                                                                                \
	X(TROUBLE_UNREACHABLE, "unreachable")   /* nobody there, or gone before the Hello */       \
	X(TROUBLE_TLS, "tls")                   /* no handshake: another CA, no certificate */     \
	X(TROUBLE_GREETING, "greeting")         /* no Hello in time, or something else than one */ \
	X(TROUBLE_REFUSED_HERE, "refused_here") /* its Hello does not please */                    \
	X(TROUBLE_REFUSED_THERE, "refused_there") /* ours does not please it */                    \
	X(TROUBLE_PROTOCOL, "protocol")           /* after the Hello */                            \
	X(TROUBLE_SILENT, "silent")               /* after the Hello: nothing heard for too long */

enum trouble {
#define X(NAME, name) NAME,
	TROUBLES(X)
#undef X
		N_TROUBLES
};

const char *trouble_name(enum trouble trouble);

/* The last words about one host and direction. Zeros: none yet. */
struct trouble_words {
	char text[96];
	uint64_t told_ns;
	uint64_t n_since; /* times that were not told */
};

#define TROUBLE_AGAIN_NS UINT64_C(60000000000) /* the same words */
#define TROUBLE_OTHER_NS UINT64_C(1000000000)  /* other words */

/* Is this to be told now? `ret_n`: how often there was trouble since the last time. */
bool trouble_is_news(struct trouble_words *words, const char *text, uint64_t now_ns,
		     uint64_t *ret_n);

#endif
