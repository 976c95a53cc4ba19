/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See secrets.h. The whole text stays in one piece of memory, in which words lose their quotes where they stand; all else
 * points into it. So there is one place to overwrite.
 */
#include "secrets.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/crypto.h>
#include <xxhash.h>

#define ERROR_SIZE 256u
#define FILE_MAX (64u << 20)
#define USER_MAX 63u    /* octets, as in a session */
#define SECRET_MAX 127u /* octets, as in a question to who decides */
#define N_WORDS 4u      /* of a line: client, server, secret, address */

struct entry {
	const char *user;
	struct pppoe_credential credential;
	uint32_t line;
	bool for_us; /* the server's name is ours, and not any */
};

struct pppoe_secrets_file {
	char *text;
	size_t size; /* with a NUL at its end */
	struct entry *entries;
	uint32_t n;
	uint32_t room;
	uint32_t any;    /* entry of the client `*` + 1; 0: none */
	uint32_t *table; /* by hash: entry + 1; 0: nobody */
	uint32_t mask;
};

/* ---- words ------------------------------------------------------------------------------------------------ */

struct reader {
	struct pppoe_secrets_file *file;
	const char *name;
	const char *ac_name;
	char *at; /* in the line, which ends with a NUL */
	uint32_t line;
	char *error;
};

__attribute__((format(printf, 2, 3))) static int
wrong(const struct reader *r, const char *format, ...)
{
	char reason[ERROR_SIZE / 2];
	va_list args;

	va_start(args, format);
	vsnprintf(reason, sizeof(reason), format, args);
	va_end(args);
	snprintf(r->error, ERROR_SIZE, "%.100s:%u: %s", r->name, r->line, reason);
	return -EINVAL;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* A backslash takes the next character as it is. Letters and digits mean something else to pppd, and nothing here. */
static int
take_escape(struct reader *r, char **to)
{
	char c = r->at[1];

	if (c == '\0' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))
		return wrong(r, "a backslash before a letter, a digit or the end of the line");
	*(*to)++ = c;
	r->at += 2;
	return 0;
}

/* The next word, without quotes and backslashes, at its own place; NULL: there is none. */
static int
take_word(struct reader *r, char **ret_word)
{
	char quote = '\0', *to;
	bool more;

	while (is_blank(*r->at))
		r->at++;
	if (r->at[0] == '@' && r->at[1] == '/')
		return wrong(r, "secrets are not read from other files (@/ needs quotes)");
	*ret_word = *r->at == '\0' || *r->at == '#' ? NULL : r->at;
	for (to = r->at;
	     *ret_word != NULL && *r->at != '\0' && (quote != '\0' || !is_blank(*r->at));) {
		char c = *r->at;

		if (c == '\\') {
			if (take_escape(r, &to) != 0)
				return -EINVAL;
			continue;
		}
		r->at++;
		if (quote == '\0' && (c == '"' || c == '\''))
			quote = c;
		else if (c == quote)
			quote = '\0';
		else
			*to++ = c;
	}
	if (quote != '\0')
		return wrong(r, "a quote is not closed");
	more = *ret_word != NULL && *r->at != '\0';
	if (*ret_word != NULL)
		*to = '\0';
	r->at += more;
	return 0;
}

/* ---- lines ------------------------------------------------------------------------------------------------ */

/* Client, server, secret, address; *ret_n of them. */
static int
split(struct reader *r, char *words[N_WORDS], uint32_t *ret_n)
{
	char *word = NULL;

	for (*ret_n = 0;; (*ret_n)++) {
		if (take_word(r, &word) != 0)
			return -EINVAL;
		if (word == NULL)
			return 0;
		if (*ret_n == N_WORDS)
			return wrong(r, "more than one address");
		words[*ret_n] = word;
	}
}

/* None, any, or the one that the client must have. */
static int
take_address(const struct reader *r, const char *text, rte_be32_t *ret_address)
{
	*ret_address = 0;
	if (text == NULL || strcmp(text, "*") == 0)
		return 0;
	if (inet_pton(AF_INET, text, ret_address) != 1 || *ret_address == 0)
		return wrong(r, "'%.40s' is neither an IPv4 address nor *", text);
	return 0;
}

static int
add(struct pppoe_secrets_file *f, const struct entry *entry)
{
	if (f->n == f->room) {
		uint32_t room = f->room == 0 ? 64 : 2 * f->room;
		struct entry *entries = reallocarray(f->entries, room, sizeof(*entries));

		if (entries == NULL)
			return -ENOMEM;
		f->entries = entries;
		f->room = room;
	}
	f->entries[f->n++] = *entry;
	return 0;
}

static int
take_line(struct reader *r)
{
	char *words[N_WORDS] = {0};
	struct entry entry = {.line = r->line};
	uint32_t n;

	if (split(r, words, &n) != 0)
		return -EINVAL;
	if (n == 0)
		return 0;
	if (n < N_WORDS - 1)
		return wrong(r, "a line is: client, server, secret, address");
	if (words[0][0] == '\0' || strlen(words[0]) > USER_MAX)
		return wrong(r, "a client's name has 1 to %u octets", USER_MAX);
	if (words[2][0] == '\0' || strlen(words[2]) > SECRET_MAX)
		return wrong(r, "a secret has 1 to %u octets", SECRET_MAX);
	entry.user = words[0];
	entry.for_us = strcmp(words[1], r->ac_name) == 0;
	entry.credential.secret = words[2];
	entry.credential.secret_size = (uint16_t)strlen(words[2]);
	if (take_address(r, words[3], &entry.credential.address) != 0)
		return -EINVAL;
	return entry.for_us || strcmp(words[1], "*") == 0 ? add(r->file, &entry) : 0;
}

static int
take_lines(struct reader *r)
{
	char *line = r->file->text, *end = line + r->file->size - 1;

	if (memchr(line, '\0', r->file->size) != end)
		return wrong(r, "an octet of zero");
	for (r->line = 1; line < end; r->line++) {
		char *newline = memchr(line, '\n', (size_t)(end - line)),
		     *next = newline != NULL ? newline : end;

		*next = '\0';
		r->at = line;
		line = next + 1;
		if (take_line(r) != 0)
			return -EINVAL;
	}
	return 0;
}

/* ---- the index -------------------------------------------------------------------------------------------- */

/* The place of a user in the table, or the empty one where it would be. */
static uint32_t *
place_of(const struct pppoe_secrets_file *f, const char *user)
{
	uint32_t at = (uint32_t)XXH3_64bits(user, strlen(user)) & f->mask;

	while (f->table[at] != 0 && strcmp(f->entries[f->table[at] - 1].user, user) != 0)
		at = (at + 1) & f->mask;
	return &f->table[at];
}

/* A line for our name goes before one for any. */
static int
put(struct reader *r, uint32_t *place, uint32_t i)
{
	const struct entry *entry = &r->file->entries[i];
	const struct entry *other = *place != 0 ? &r->file->entries[*place - 1] : NULL;

	r->line = entry->line;
	if (other != NULL && other->for_us == entry->for_us)
		return wrong(r, "'%.63s' is in line %u already", entry->user, other->line);
	if (other == NULL || entry->for_us)
		*place = i + 1;
	return 0;
}

static int
make_index(struct reader *r)
{
	struct pppoe_secrets_file *f = r->file;
	uint32_t size = 16;

	while (size < 2 * f->n)
		size *= 2;
	f->mask = size - 1;
	f->table = calloc(size, sizeof(*f->table));
	if (f->table == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; i < f->n; i++) {
		const char *user = f->entries[i].user;

		if (put(r, strcmp(user, "*") == 0 ? &f->any : place_of(f, user), i) != 0)
			return -EINVAL;
	}
	return 0;
}

const struct pppoe_credential *
pppoe_secrets_find(const struct pppoe_secrets_file *f, const char *user)
{
	uint32_t found = *place_of(f, user);

	if (found == 0)
		found = f->any;
	return found != 0 ? &f->entries[found - 1].credential : NULL;
}

uint32_t
pppoe_secrets_count(const struct pppoe_secrets_file *f)
{
	return f->n;
}

/* ---- the file --------------------------------------------------------------------------------------------- */

void
pppoe_secrets_free(struct pppoe_secrets_file *f)
{
	if (f == NULL)
		return;
	if (f->text != NULL)
		OPENSSL_cleanse(f->text, f->size);
	free(f->text);
	free(f->entries);
	free(f->table);
	free(f);
}

/* Zeros of `size` octets and one behind them. */
static struct pppoe_secrets_file *
allocate(size_t size)
{
	struct pppoe_secrets_file *f = calloc(1, sizeof(*f));

	if (f == NULL)
		return NULL;
	f->size = size + 1;
	f->text = calloc(1, f->size);
	if (f->text == NULL) {
		free(f);
		return NULL;
	}
	return f;
}

/* Makes of the text what is looked up; frees it on failure. */
static int
parse(struct pppoe_secrets_file *f, const char *name, const char *ac_name,
      struct pppoe_secrets_file **ret, char error[ERROR_SIZE])
{
	struct reader r = {.file = f, .name = name, .ac_name = ac_name, .line = 1, .error = error};
	int result = take_lines(&r);

	if (result == 0)
		result = make_index(&r);
	if (result == 0) {
		*ret = f;
		return 0;
	}
	if (result == -ENOMEM)
		snprintf(error, ERROR_SIZE, "%.100s: no memory", name);
	pppoe_secrets_free(f);
	return result;
}

int
pppoe_secrets_parse(const char *name, const char *text, size_t size, const char *ac_name,
		    struct pppoe_secrets_file **ret, char error[ERROR_SIZE])
{
	struct pppoe_secrets_file *f = allocate(size);

	if (f == NULL) {
		snprintf(error, ERROR_SIZE, "%.100s: no memory", name);
		return -ENOMEM;
	}
	if (size != 0)
		memcpy(f->text, text, size);
	return parse(f, name, ac_name, ret, error);
}

static int
fail(const char *path, int result, const char *reason, char error[ERROR_SIZE])
{
	snprintf(error, ERROR_SIZE, "%.100s: %s", path, reason);
	return result;
}

/* Who may read it knows all passwords: its owner, who is the one that runs this, or root. */
static int
check_status(const char *path, const struct stat *status, char error[ERROR_SIZE])
{
	if (!S_ISREG(status->st_mode))
		return fail(path, -EINVAL, "is not a file", error);
	if ((status->st_mode & (S_IRWXG | S_IRWXO)) != 0)
		return fail(path, -EPERM, "others than its owner may read or write it (chmod 600)",
			    error);
	if (status->st_uid != geteuid() && status->st_uid != 0)
		return fail(path, -EPERM, "is another user's", error);
	if (status->st_size > (off_t)FILE_MAX)
		return fail(path, -EFBIG, "is too large", error);
	return 0;
}

/* Into memory that is overwritten later, past no buffer of stdio. */
static int
read_all(int fd, const char *path, struct pppoe_secrets_file **ret, char error[ERROR_SIZE])
{
	struct stat status;
	struct pppoe_secrets_file *f;
	size_t at = 0;
	ssize_t n = 1;
	int result;

	if (fstat(fd, &status) != 0)
		return fail(path, -errno, strerror(errno), error);
	result = check_status(path, &status, error);
	if (result != 0)
		return result;
	f = allocate((size_t)status.st_size);
	if (f == NULL)
		return fail(path, -ENOMEM, "no memory", error);
	while (at < (size_t)status.st_size && n > 0) {
		n = read(fd, f->text + at, (size_t)status.st_size - at);
		at += n > 0 ? (size_t)n : 0;
	}
	if (at != (size_t)status.st_size) {
		result = n < 0 ? -errno : -EAGAIN;
		pppoe_secrets_free(f);
		return fail(path, result, result == -EAGAIN ? "became shorter" : strerror(-result),
			    error);
	}
	*ret = f;
	return 0;
}

int
pppoe_secrets_load(const char *path, const char *ac_name, struct pppoe_secrets_file **ret,
		   char error[ERROR_SIZE])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct pppoe_secrets_file *f = NULL;
	int result;

	if (fd < 0)
		return fail(path, -errno, strerror(errno), error);
	result = read_all(fd, path, &f, error);
	close(fd);
	return result == 0 ? parse(f, path, ac_name, ret, error) : result;
}
