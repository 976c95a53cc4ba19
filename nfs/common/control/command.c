/* SPDX-License-Identifier: Apache-2.0 */
/* Words of a request; see command.h. */
#include "command.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *const nf_status_words[NF_N_STATUSES] = {
#define X(name, word, text) word,
	NF_STATUSES(X)
#undef X
};

const char *const nf_status_texts[NF_N_STATUSES] = {
#define X(name, word, text) text,
	NF_STATUSES(X)
#undef X
};

enum nf_status
nf_refuse(struct nf_request *r, enum nf_status status, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(r->reason, sizeof(r->reason), format, args);
	va_end(args);
	r->status = status;
	return status;
}

/* ---- words ------------------------------------------------------------------------------ */

bool
nf_words_split(char *line, struct nf_words *ret_words)
{
	char *place, *word;

	ret_words->n = 0;
	for (word = strtok_r(line, " ", &place); word != NULL; word = strtok_r(NULL, " ", &place)) {
		if (ret_words->n == NF_MAX_WORDS)
			return false;
		ret_words->at[ret_words->n++] = word;
	}
	return true;
}

static void
take_away(struct nf_words *words, uint32_t first, uint32_t n)
{
	words->n -= n;
	memmove(&words->at[first], &words->at[first + n],
		(words->n - first) * sizeof(words->at[0]));
}

/* How many words the name has if they stand in front, else 0. */
static uint32_t
match_name(const char *name, const struct nf_words *words)
{
	uint32_t n = 0;

	while (n < words->n) {
		size_t size = strcspn(name, " ");

		if (strlen(words->at[n]) != size || memcmp(words->at[n], name, size) != 0)
			return 0;
		n++;
		if (name[size] == '\0')
			return n;
		name += size + 1;
	}
	return 0;
}

const struct nf_command *
nf_command_find(const struct nf_command *commands, struct nf_words *words)
{
	for (const struct nf_command *c = commands; c->name != NULL; c++) {
		uint32_t n = match_name(c->name, words);

		if (n == 0)
			continue;
		take_away(words, 0, n);
		return c;
	}
	return NULL;
}

const char *
nf_words_next(struct nf_words *words)
{
	const char *word = words->n > 0 ? words->at[0] : NULL;

	if (word != NULL)
		take_away(words, 0, 1);
	return word;
}

const char *
nf_words_option(struct nf_words *words, const char *name)
{
	for (uint32_t i = 0; i + 1 < words->n; i++)
		if (strcmp(words->at[i], name) == 0) {
			const char *value = words->at[i + 1];

			take_away(words, i, 2);
			return value;
		}
	return NULL;
}

bool
nf_words_flag(struct nf_words *words, const char *name)
{
	for (uint32_t i = 0; i < words->n; i++)
		if (strcmp(words->at[i], name) == 0) {
			take_away(words, i, 1);
			return true;
		}
	return false;
}

/* ---- values ------------------------------------------------------------------------------ */

bool
nf_parse_number(const char *text, uint64_t max, uint64_t *ret_number)
{
	uint64_t number = 0;

	if (text == NULL || *text == '\0')
		return false;
	for (; *text != '\0'; text++) {
		uint64_t digit = (uint64_t)*text - '0';

		if (digit > 9 || number > (max - digit) / 10 || digit > max)
			return false;
		number = number * 10 + digit;
	}
	*ret_number = number;
	return true;
}

bool
nf_parse_ipv4(const char *text, uint32_t *ret_address)
{
	struct in_addr address;

	if (text == NULL || inet_pton(AF_INET, text, &address) != 1)
		return false;
	*ret_address = address.s_addr;
	return true;
}

bool
nf_parse_endpoint(const char *text, uint32_t *ret_address, uint16_t *ret_port)
{
	const char *colon = text != NULL ? strchr(text, ':') : NULL;
	char address[INET_ADDRSTRLEN];
	uint64_t port;

	if (colon == NULL || (size_t)(colon - text) >= sizeof(address) ||
	    !nf_parse_number(colon + 1, UINT16_MAX, &port))
		return false;
	memcpy(address, text, (size_t)(colon - text));
	address[colon - text] = '\0';
	if (!nf_parse_ipv4(address, ret_address))
		return false;
	*ret_port = htons((uint16_t)port);
	return true;
}
