/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of JSON; see reply.h. */
#include "reply.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void
put(struct nf_reply *reply, const char *text, size_t size)
{
	if (reply->too_long || size > reply->size - reply->used) {
		reply->too_long = true;
		return;
	}
	memcpy(reply->data + reply->used, text, size);
	reply->used += size;
}

static void
put_text(struct nf_reply *reply, const char *text)
{
	put(reply, text, strlen(text));
}

/* With its quotes. Bytes beyond ASCII go as they are: names are UTF-8, or their owner's fault. */
static void
put_string(struct nf_reply *reply, const char *text)
{
	char escaped[8];

	put_text(reply, "\"");
	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '"' || c == '\\')
			snprintf(escaped, sizeof(escaped), "\\%c", c);
		else if (c < 0x20 || c == 0x7f)
			snprintf(escaped, sizeof(escaped), "\\u%04x", c);
		else
			snprintf(escaped, sizeof(escaped), "%c", c);
		put_text(reply, escaped);
	}
	put_text(reply, "\"");
}

static void
put_key(struct nf_reply *reply, const char *key)
{
	if (reply->used - reply->row > 1)
		put_text(reply, ",");
	put_string(reply, key);
	put_text(reply, ":");
}

void
nf_reply_begin(struct nf_reply *reply)
{
	reply->row = reply->used;
	reply->too_long = false;
	put_text(reply, "{");
}

void
nf_reply_text(struct nf_reply *reply, const char *key, const char *format, ...)
{
	char text[NF_ROW_SIZE];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	put_key(reply, key);
	put_string(reply, text);
}

void
nf_reply_number(struct nf_reply *reply, const char *key, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, value);
	put_key(reply, key);
	put_text(reply, text);
}

void
nf_reply_flag(struct nf_reply *reply, const char *key, bool value)
{
	put_key(reply, key);
	put_text(reply, value ? "true" : "false");
}

void
nf_reply_end(struct nf_reply *reply)
{
	put_text(reply, "}\n");
	if (reply->too_long)
		reply->used = reply->row;
	else
		reply->n_rows++;
}

void
nf_reply_line(struct nf_reply *reply, const char *format, ...)
{
	char text[NF_ROW_SIZE];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	reply->row = reply->used;
	reply->too_long = false;
	put_text(reply, text);
	put_text(reply, "\n");
	if (reply->too_long)
		reply->used = reply->row;
}
