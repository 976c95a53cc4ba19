/* SPDX-License-Identifier: Apache-2.0 */
/* IPV6CP's options; see ipv6cp.h. Pure. */
#include "ipv6cp.h"

#include <string.h>

enum rejected { /* bits of ppp_machine.rejected */
		REJECTED_ID = 1 << 0,
};

const uint8_t ipv6cp_own_id[IPV6CP_ID_SIZE] = {0, 0, 0, 0, 0, 0, 0, 1};

static void
request(const struct ppp_run *run, struct ppp_writer *w)
{
	if (!(run->machine->rejected & REJECTED_ID))
		ppp_put_option(w, IPV6CP_INTERFACE_ID, ipv6cp_own_id, IPV6CP_ID_SIZE);
}

/* Modified EUI-64 (RFC 5072 section 4.1, RFC 4291 appendix A). */
static void
suggest(const struct ipv6cp *ipv6cp, struct ppp_writer *nak)
{
	const uint8_t *mac = ipv6cp->mac.addr_bytes;
	const uint8_t id[IPV6CP_ID_SIZE] = {mac[0] ^ 2, mac[1], mac[2], 0xff,
					    0xfe,       mac[3], mac[4], mac[5]};

	ppp_put_option(nak, IPV6CP_INTERFACE_ID, id, sizeof(id));
}

static enum ppp_opinion
judge(struct ppp_run *run, const struct ppp_option *o, struct ppp_writer *nak)
{
	static const uint8_t none[IPV6CP_ID_SIZE];

	if (o->type != IPV6CP_INTERFACE_ID)
		return PPP_REJECTS;
	if (o->size == IPV6CP_ID_SIZE && memcmp(o->data, none, IPV6CP_ID_SIZE) != 0 &&
	    memcmp(o->data, ipv6cp_own_id, IPV6CP_ID_SIZE) != 0)
		return PPP_ACCEPTS;
	suggest(run->self, nak);
	return PPP_NAKS;
}

static void
want(struct ppp_run *run, const uint64_t seen[4], struct ppp_writer *nak)
{
	if (!(seen[0] & UINT64_C(1) << IPV6CP_INTERFACE_ID))
		suggest(run->self, nak);
}

static void
agree(struct ppp_run *run, struct ppp_options options)
{
	struct ipv6cp *ipv6cp = run->self;
	struct ppp_option o;

	memset(ipv6cp->interface_id, 0, IPV6CP_ID_SIZE);
	while (ppp_option_next(&options, &o) == PPP_NEXT_OPTION)
		if (o.type == IPV6CP_INTERFACE_ID)
			memcpy(ipv6cp->interface_id, o.data, IPV6CP_ID_SIZE);
}

static void
take_reject(struct ppp_run *run, const struct ppp_option *o)
{
	if (o->type == IPV6CP_INTERFACE_ID)
		run->machine->rejected |= REJECTED_ID;
}

const struct ppp_ops ipv6cp_ops = {
	.protocol = PPP_IPV6CP,
	.request = request,
	.judge = judge,
	.want = want,
	.agree = agree,
	.take_reject = take_reject,
};
