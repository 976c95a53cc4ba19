/* SPDX-License-Identifier: Apache-2.0 */
/* From the file's words to what they mean. Main thread, before the EAL starts. */
#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <xxhash.h>

#include "config_file.h"
#include "config_take.h"

#define MILLISECOND_NS UINT64_C(1000000)
#define SECOND_NS UINT64_C(1000000000)
#define PPPOE_OVERHEAD 8u /* octets: PPPoE's head, and PPP's protocol field */
#define PPPOE_MTU 1492u   /* RFC 2516 section 7 */
#define LCP_MTU_MIN 576u
#define LIMIT_MAX 1000000u
#define MONTH_S (30u * 24 * 3600)

/* ---- LCP and limits --------------------------------------------------------------------------------------- */

static int
take_count(const struct pppoe_conversion *c, const char *path, const uint32_t *value,
	   uint32_t missing, uint8_t *ret_count)
{
	uint32_t count = 0;
	int error = nf_take_number(c->in, path, value, missing, 1, UINT8_MAX, &count);

	*ret_count = (uint8_t)count;
	return error;
}

/* Seconds, 0 among them. */
static int
take_time(const struct pppoe_conversion *c, const char *path, const uint32_t *value,
	  uint32_t missing, uint32_t max, uint64_t *ret_ns)
{
	uint32_t seconds = 0;
	int error = nf_take_number(c->in, path, value, missing, 0, max, &seconds);

	*ret_ns = seconds * SECOND_NS;
	return error;
}

int
pppoe_take_lcp(const struct pppoe_conversion *c)
{
	const struct pppoe_file_lcp *file = &c->file->lcp;
	struct pppoe_lcp_config *lcp = &c->config->lcp;
	uint32_t room = c->config->sides[PPPOE_ACCESS].mtu - PPPOE_OVERHEAD;
	uint32_t mtu = 0, delay = 0, restart = 0;

	if (nf_take_number(c->in, "lcp.mtu", file->mtu, RTE_MIN(room, PPPOE_MTU),
			   RTE_MIN(room, LCP_MTU_MIN), room, &mtu) != 0 ||
	    nf_take_number(c->in, "lcp.connect_delay", file->connect_delay, 100, 0, 10000,
			   &delay) != 0 ||
	    nf_take_number(c->in, "lcp.restart", file->restart, 3, 1, 60, &restart) != 0 ||
	    take_count(c, "lcp.max_configure", file->max_configure, 10, &lcp->max_configure) != 0 ||
	    take_count(c, "lcp.max_terminate", file->max_terminate, 2, &lcp->max_terminate) != 0 ||
	    take_count(c, "lcp.max_failure", file->max_failure, 5, &lcp->max_failure) != 0 ||
	    take_time(c, "lcp.echo_interval", file->echo_interval, 30, 3600, &lcp->echo_ns) != 0 ||
	    take_count(c, "lcp.echo_missed", file->echo_missed, 3, &lcp->echo_max) != 0)
		return -EINVAL;
	lcp->mtu = (uint16_t)mtu;
	lcp->connect_delay_ns = delay * MILLISECOND_NS;
	lcp->restart_ns = restart * SECOND_NS;
	return 0;
}

static int
take_times(const struct pppoe_conversion *c)
{
	const struct pppoe_file_limits *file = &c->file->limits;
	struct pppoe_limits *limits = &c->config->limits;

	if (take_time(c, "limits.wrong_password", file->wrong_password, 2, 3600,
		      &limits->wrong_password_ns) != 0 ||
	    take_time(c, "limits.session", file->session, 0, MONTH_S, &limits->session_ns) != 0 ||
	    take_time(c, "limits.idle", file->idle, 0, MONTH_S, &limits->idle_ns) != 0 ||
	    nf_take_number(c->in, "limits.cookie", file->cookie, 30, 1, 3600, &limits->cookie_s) !=
		    0)
		return -EINVAL;
	return nf_take_seconds(c->in, "timeouts.arp", c->file->timeouts.arp, 300,
			       &c->config->arp_ns);
}

int
pppoe_take_limits(const struct pppoe_conversion *c)
{
	const struct pppoe_file_limits *file = &c->file->limits;
	struct pppoe_limits *limits = &c->config->limits;
	const struct {
		const char *path;
		const uint32_t *value;
		uint32_t missing, min, max;
		uint32_t *ret;
	} numbers[] = {
		{"limits.sessions_per_mac", file->sessions_per_mac, 2, 1, PPPOE_MAX_SESSIONS,
		 &limits->sessions_per_mac},
		{"limits.sessions_per_vlan", file->sessions_per_vlan, 0, 0, PPPOE_MAX_SESSIONS,
		 &limits->sessions_per_vlan},
		{"limits.padi_per_second", file->padi_per_second, 10, 0, LIMIT_MAX,
		 &limits->padi_per_s},
		{"limits.padi_per_second_worker", file->padi_per_second_worker, 1000, 0, LIMIT_MAX,
		 &limits->padi_per_s_all},
		{"limits.logins_per_minute", file->logins_per_minute, 10, 0, LIMIT_MAX,
		 &limits->logins_per_minute},
	};

	for (size_t i = 0; i < RTE_DIM(numbers); i++)
		if (nf_take_number(c->in, numbers[i].path, numbers[i].value, numbers[i].missing,
				   numbers[i].min, numbers[i].max, numbers[i].ret) != 0)
			return -EINVAL;
	return take_times(c);
}

/* ---- the file --------------------------------------------------------------------------------------------- */

static int
convert(const struct nf_conversion *in, const void *file, void *ret_config)
{
	static int (*const takes[])(const struct pppoe_conversion *c) = {
		pppoe_take_sides,          pppoe_take_lcp,    pppoe_take_concentrator,
		pppoe_take_authentication, pppoe_take_limits,
	};
	struct pppoe_config config = {0};
	const struct pppoe_conversion c = {.in = in, .file = file, .config = &config};
	int error = 0;

	for (size_t i = 0; i < RTE_DIM(takes) && error == 0; i++)
		error = takes[i](&c);
	if (error == 0)
		*(struct pppoe_config *)ret_config = config;
	return error;
}

static const struct nf_config_reader reader = {.schema = &pppoe_file_schema, .convert = convert};

int
pppoe_config_parse(const char *name, const char *text, size_t size, struct pppoe_config *ret_config,
		   char error[NF_CONFIG_ERROR_SIZE])
{
	return nf_config_parse(&reader, name, text, size, ret_config, error);
}

/* The file may hold secrets that are shared with RADIUS servers. */
static int
check_mode(const char *path, const struct pppoe_config *config, char error[NF_CONFIG_ERROR_SIZE])
{
	const struct pppoe_radius_config *radius = &config->radius;
	struct stat status;

	if (radius->n_auth + radius->n_accounting + radius->n_clients == 0)
		return 0;
	if (stat(path, &status) == 0 && (status.st_mode & S_IROTH) == 0)
		return 0;
	snprintf(error, NF_CONFIG_ERROR_SIZE,
		 "%.100s: has secrets of RADIUS servers, and everybody may read it (chmod o-r)",
		 path);
	return -EPERM;
}

int
pppoe_config_load(const char *path, struct pppoe_config *ret_config,
		  char error[NF_CONFIG_ERROR_SIZE])
{
	struct pppoe_config config;
	int result = nf_config_load(&reader, path, &config, error);

	if (result == 0)
		result = check_mode(path, &config, error);
	if (result == 0)
		*ret_config = config;
	return result;
}

/* ---- identity --------------------------------------------------------------------------------------------- */

static void
mix(struct nf_fingerprint *f, const void *data, size_t size)
{
	nf_fingerprint_number(f, XXH3_64bits(data, size));
}

static void
mix_ranges(struct nf_fingerprint *f, const struct pppoe_vlan_range *ranges, uint32_t n)
{
	nf_fingerprint_number(f, n);
	for (uint32_t i = 0; i < n; i++) {
		nf_fingerprint_number(f, ranges[i].first);
		nf_fingerprint_number(f, ranges[i].last);
	}
}

static void
mix_access(struct nf_fingerprint *f, const struct pppoe_config *config)
{
	const struct pppoe_access *tags = &config->access_tags;

	nf_fingerprint_number(f, tags->untagged);
	nf_fingerprint_number(f, tags->outer_type);
	mix_ranges(f, tags->outer, tags->n_outer);
	mix_ranges(f, tags->inner, tags->n_inner);
	mix(f, config->ac_name, strlen(config->ac_name));
	for (uint32_t i = 0; i < config->n_services; i++)
		mix(f, config->services[i], strlen(config->services[i]));
	nf_fingerprint_number(f, config->lcp.mtu);
	nf_fingerprint_number(f, config->lcp.pap);
	nf_fingerprint_number(f, config->lcp.chap);
}

static void
mix_addresses(struct nf_fingerprint *f, const struct pppoe_config *config)
{
	for (uint32_t i = 0; i < config->n_pools; i++) {
		nf_fingerprint_number(f, config->pools[i].address);
		nf_fingerprint_number(f, config->pools[i].mask);
	}
	nf_fingerprint_number(f, config->dns[0]);
	nf_fingerprint_number(f, config->dns[1]);
	mix(f, config->ipv6_pool.address, sizeof(config->ipv6_pool.address));
	nf_fingerprint_number(f, config->ipv6_pool.bits);
	mix(f, config->core_ipv6, sizeof(config->core_ipv6));
	nf_fingerprint_number(f, config->core_ipv6_bits);
	mix(f, config->core_router, sizeof(config->core_router));
	mix(f, config->dns_ipv6, sizeof(config->dns_ipv6));
	nf_fingerprint_number(f, config->clamp_mss);
}

void
pppoe_config_identity(const struct pppoe_config *config, char identity[SLIM_IDENTITY_SIZE])
{
	struct nf_fingerprint f = {0};

	nf_fingerprint_settings(&f, &config->frame); /* the gateway is the access side's address */
	mix_access(&f, config);
	mix_addresses(&f, config);
	mix(&f, config->radius.nas_identifier, strlen(config->radius.nas_identifier));
	snprintf(identity, SLIM_IDENTITY_SIZE, "pppoe config %016" PRIx64, f.hash);
}
