/* SPDX-License-Identifier: Apache-2.0 */
/* Who decides about log-ins, from the file's words; see config_take.h. No message has a secret in it. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "config.h"
#include "config_file.h"
#include "config_take.h"

#define SECOND_NS UINT64_C(1000000000)
#define AUTHENTICATION_PORT 1812u /* RFC 2865 section 3 */
#define ACCOUNTING_PORT 1813u     /* RFC 2866 section 3 */
#define DISCONNECT_PORT 3799u     /* RFC 5176 section 2.1 */
#define INTERIM_MIN 60u           /* RFC 2869 section 5.16 */

/* `key` of the radius mapping: its servers, or clients. `port`: the usual one. */
static int
take_servers(const struct pppoe_conversion *c, const char *key,
	     const struct pppoe_file_servers *file, uint32_t port,
	     struct pppoe_radius_server *servers, uint32_t *ret_n)
{
	for (unsigned int i = 0; i < file->n; i++) {
		const struct pppoe_file_server *from = &file->at[i];
		struct pppoe_radius_server *to = &servers[i];
		uint32_t number = 0;
		char path[80];

		snprintf(path, sizeof(path), "authentication.radius.%s.%u.host", key, i);
		if (nf_take_name(c->in, path, from->host, to->host, sizeof(to->host)) != 0)
			return -EINVAL;
		snprintf(path, sizeof(path), "authentication.radius.%s.%u.port", key, i);
		if (nf_take_number(c->in, path, from->port, port, 1, UINT16_MAX, &number) != 0)
			return -EINVAL;
		to->port = (uint16_t)number;
		snprintf(path, sizeof(path), "authentication.radius.%s.%u.secret", key, i);
		if (nf_take_name(c->in, path, from->secret, to->secret, sizeof(to->secret)) != 0)
			return -EINVAL;
	}
	*ret_n = file->n;
	return 0;
}

static int
take_disconnect(const struct pppoe_conversion *c, const struct pppoe_file_disconnect *file)
{
	struct pppoe_radius_config *radius = &c->config->radius;
	const char *path = "authentication.radius.disconnect";
	uint32_t port = 0;

	if (file == NULL)
		return 0;
	if (nf_take_address(c->in, "authentication.radius.disconnect.listen", file->listen,
			    &radius->listen) != 0 ||
	    nf_take_number(c->in, "authentication.radius.disconnect.port", file->port,
			   DISCONNECT_PORT, 1, UINT16_MAX, &port) != 0 ||
	    take_servers(c, "disconnect.clients", &file->clients, DISCONNECT_PORT, radius->clients,
			 &radius->n_clients) != 0)
		return -EINVAL;
	radius->listen_port = (uint16_t)port;
	if (radius->listen == 0)
		return nf_wrong(c->in, "authentication.radius.disconnect.listen",
				"'%.40s' is no host's", file->listen);
	if (radius->n_clients == 0)
		return nf_wrong(c->in, path, "has no clients");
	return 0;
}

static int
take_radius_numbers(const struct pppoe_conversion *c, const struct pppoe_file_radius *file)
{
	struct pppoe_radius_config *radius = &c->config->radius;
	uint32_t interim = 0;

	if (nf_take_number(c->in, "authentication.radius.timeout", file->timeout, 3, 1, 60,
			   &radius->timeout_s) != 0 ||
	    nf_take_number(c->in, "authentication.radius.tries", file->tries, 3, 1, 10,
			   &radius->tries) != 0 ||
	    nf_take_number(c->in, "authentication.radius.threads", file->threads, 4, 1, 64,
			   &radius->threads) != 0 ||
	    nf_take_number(c->in, "authentication.radius.interim", file->interim, 0,
			   file->interim != NULL && *file->interim != 0 ? INTERIM_MIN : 0, 86400,
			   &interim) != 0)
		return -EINVAL;
	radius->interim_ns = interim * SECOND_NS;
	return 0;
}

static int
take_radius(const struct pppoe_conversion *c)
{
	const struct pppoe_file_radius *file = &c->file->authentication.radius;
	struct pppoe_radius_config *radius = &c->config->radius;

	if (take_servers(c, "servers", &file->servers, AUTHENTICATION_PORT, radius->auth,
			 &radius->n_auth) != 0 ||
	    take_servers(c, "accounting", &file->accounting, ACCOUNTING_PORT, radius->accounting,
			 &radius->n_accounting) != 0 ||
	    take_radius_numbers(c, file) != 0 || take_disconnect(c, file->disconnect) != 0)
		return -EINVAL;
	return nf_take_name(c->in, "authentication.radius.nas_identifier",
			    file->nas_identifier != NULL ? file->nas_identifier
							 : c->config->service,
			    radius->nas_identifier, sizeof(radius->nas_identifier));
}

/* One decides, if anybody is asked. */
static int
check_decider(const struct pppoe_conversion *c)
{
	const struct pppoe_config *config = c->config;
	bool asks = config->lcp.pap || config->lcp.chap;
	bool decides = config->secrets_file[0] != '\0' || config->radius.n_auth != 0;

	if (config->secrets_file[0] != '\0' && config->radius.n_auth != 0)
		return nf_wrong(c->in, "authentication.secrets_file",
				"is there beside RADIUS servers: one of them decides");
	if (asks && !decides)
		return nf_wrong(
			c->in, "authentication",
			"has neither secrets_file nor radius.servers, and asks by pap or chap");
	if (decides && !asks)
		return nf_wrong(c->in, "authentication", "asks neither by pap nor by chap");
	return 0;
}

int
pppoe_take_authentication(const struct pppoe_conversion *c)
{
	const struct pppoe_file_authentication *file = &c->file->authentication;
	struct pppoe_config *config = c->config;

	config->lcp.pap = file->pap == NULL || *file->pap;
	config->lcp.chap = file->chap == NULL || *file->chap;
	if (file->secrets_file != NULL &&
	    nf_take_name(c->in, "authentication.secrets_file", file->secrets_file,
			 config->secrets_file, sizeof(config->secrets_file)) != 0)
		return -EINVAL;
	return take_radius(c) != 0 ? -EINVAL : check_decider(c);
}
