/* SPDX-License-Identifier: Apache-2.0 */
/* IPCP's options; see ipcp.h. Pure. */
#include "ipcp.h"

enum rejected { /* bits of ppp_machine.rejected */
		REJECTED_ADDRESS = 1 << 0,
};

static void
request(const struct ppp_run *run, struct ppp_writer *w)
{
	const struct ipcp *ipcp = run->self;

	if (!(run->machine->rejected & REJECTED_ADDRESS))
		ppp_put_u32(w, IPCP_ADDRESS, rte_be_to_cpu_32(ipcp->gateway));
}

/* `right` 0: there is none to have. */
static enum ppp_opinion
judge_address(const struct ppp_option *o, rte_be32_t right, struct ppp_writer *nak)
{
	uint32_t address = rte_be_to_cpu_32(right);

	if (address == 0)
		return PPP_REJECTS;
	if (o->size == 4 && ppp_option_u32(o) == address)
		return PPP_ACCEPTS;
	ppp_put_u32(nak, o->type, address);
	return PPP_NAKS;
}

static enum ppp_opinion
judge(struct ppp_run *run, const struct ppp_option *o, struct ppp_writer *nak)
{
	const struct ipcp *ipcp = run->self;

	switch (o->type) {
	case IPCP_ADDRESS:
		return judge_address(o, ipcp->address, nak);
	case IPCP_DNS_FIRST:
		return judge_address(o, ipcp->dns[0], nak);
	case IPCP_DNS_SECOND:
		return judge_address(o, ipcp->dns[1], nak);
	}
	return PPP_REJECTS;
}

/* RFC 1661 section 5.3: a Nak may ask for what was not listed. */
static void
want(struct ppp_run *run, const uint64_t seen[4], struct ppp_writer *nak)
{
	const struct ipcp *ipcp = run->self;

	if (!(seen[0] & UINT64_C(1) << IPCP_ADDRESS))
		ppp_put_u32(nak, IPCP_ADDRESS, rte_be_to_cpu_32(ipcp->address));
}

static void
take_reject(struct ppp_run *run, const struct ppp_option *o)
{
	if (o->type == IPCP_ADDRESS)
		run->machine->rejected |= REJECTED_ADDRESS;
}

const struct ppp_ops ipcp_ops = {
	.protocol = PPP_IPCP,
	.request = request,
	.judge = judge,
	.want = want,
	.take_reject = take_reject,
};
