/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may log in with which password, from a file as pppd's pap-secrets and chap-secrets have it: client, server, secret and
 * addresses a line. Read at the start and at SIGHUP; what was read stands until a better one is there. Passwords stand in
 * this memory alone: not in tables, logs, dumps or answers. A file that others than its owner may read is refused.
 */
#ifndef PPPOE_SECRETS_H
#define PPPOE_SECRETS_H

#include <stddef.h>
#include <stdint.h>

#include <rte_byteorder.h>

struct pppoe_secrets_file;

struct pppoe_credential {
	const char *secret;
	uint16_t secret_size;
	rte_be32_t address; /* it must have; 0: one of the pool */
};

/* -EINVAL, or the error of reading, and the reason with file and line in `error`. */
int pppoe_secrets_load(const char *path, const char *ac_name, struct pppoe_secrets_file **ret,
		       char error[256]);
int pppoe_secrets_parse(const char *name, const char *text, size_t size, const char *ac_name,
			struct pppoe_secrets_file **ret, char error[256]);
void pppoe_secrets_free(struct pppoe_secrets_file *f); /* overwritten before; NULL is allowed */
/* Any thread, as long as the file stands. NULL: no such user. */
const struct pppoe_credential *pppoe_secrets_find(const struct pppoe_secrets_file *f,
						  const char *user);
uint32_t pppoe_secrets_count(const struct pppoe_secrets_file *f);

#endif
