/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PPP's control packets by lines, for tests in other languages. Reads from standard input, and answers each with a line:
 *
 *   write PROTOCOL CODE IDENTIFIER options [TYPE=HEX]...     what stands in a session frame, as hexadecimal digits
 *   write PROTOCOL CODE IDENTIFIER pap-request USER PASSWORD
 *   write PROTOCOL CODE IDENTIFIER pap-answer MESSAGE
 *   write PROTOCOL CODE IDENTIFIER value HEX NAME            of CHAP
 *   write PROTOCOL CODE IDENTIFIER data HEX
 *   read PROTOCOL HEX         code, identifier, and what is in the packet behind the protocol field
 *   digest IDENTIFIER SECRET HEX                             of CHAP
 *
 * or `refused`. A text is one word; `-` stands for an empty one.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth.h"
#include "option.h"
#include "ppp.h"

#define LINE_SIZE 8192
#define DATA_SIZE (PPP_CONTROL_MAX - PPP_HEAD)

/* The next word of the line; "" behind the last one, and for `-`. */
static const char *
word(void)
{
	const char *text = strtok(NULL, " \n");

	return text == NULL || strcmp(text, "-") == 0 ? "" : text;
}

static unsigned long
number(void)
{
	return strtoul(word(), NULL, 0);
}

/* Digits to octets; what has no room is left out. */
static uint16_t
octets(const char *text, uint8_t *ret, size_t room)
{
	uint16_t n = 0;

	while (n < room && text[0] != '\0' && sscanf(text, "%2hhx", &ret[n]) == 1) {
		text += text[1] != '\0' ? 2 : 1;
		n++;
	}
	return n;
}

static void
print(const uint8_t *data, uint16_t size)
{
	for (uint16_t i = 0; i < size; i++)
		printf("%02x", data[i]);
}

/* ---- write --------------------------------------------------------------------------------------------- */

static uint16_t
write_options(uint8_t *data)
{
	struct ppp_writer w = {.at = data, .left = DATA_SIZE};
	uint8_t value[PPP_OPTION_MAX];

	for (const char *text = word(); *text != '\0'; text = word()) {
		const char *digits = strchr(text, '=');
		uint8_t size =
			digits == NULL ? 0 : (uint8_t)octets(digits + 1, value, sizeof(value));

		ppp_put_option(&w, (uint8_t)strtoul(text, NULL, 0), value, size);
	}
	return (uint16_t)(w.at - data);
}

static uint16_t
write_data(uint8_t *data)
{
	uint8_t value[CHAP_MD5_SIZE];
	const char *kind = word(), *first;

	if (strcmp(kind, "options") == 0)
		return write_options(data);
	first = word();
	if (strcmp(kind, "pap-request") == 0)
		return pap_put_request(data, DATA_SIZE, first, word());
	if (strcmp(kind, "pap-answer") == 0)
		return pap_put_answer(data, DATA_SIZE, first);
	if (strcmp(kind, "value") == 0)
		return chap_put_value(data, DATA_SIZE, value,
				      (uint8_t)octets(first, value, sizeof(value)), word());
	return octets(first, data, DATA_SIZE);
}

static void
play_write(void)
{
	uint8_t packet[2 + PPP_CONTROL_MAX];
	uint16_t size;

	nf_put16(packet, (uint16_t)number());
	packet[2] = (uint8_t)number();
	packet[3] = (uint8_t)number();
	size = write_data(packet + 2 + PPP_HEAD);
	size = ppp_control_head(packet + 2, packet[2], packet[3], size);
	print(packet, (uint16_t)(2 + size));
}

/* ---- read ---------------------------------------------------------------------------------------------- */

static void
read_options(const struct ppp_control *c)
{
	struct ppp_options list = {c->data, c->size};
	struct ppp_option o;

	if (!ppp_options_are_whole(c->data, c->size)) {
		printf(" refused");
		return;
	}
	while (ppp_option_next(&list, &o) == PPP_NEXT_OPTION) {
		printf(" %u=", o.type);
		print(o.data, o.size);
	}
}

static void
read_texts(bool good, struct ppp_text first, struct ppp_text second)
{
	if (!good) {
		printf(" refused");
		return;
	}
	printf(" %u:", first.size);
	print(first.data, first.size);
	printf(" %u:", second.size);
	print(second.data, second.size);
}

static void
read_data(uint16_t protocol, const struct ppp_control *c)
{
	struct pap_request request = {0};
	struct ppp_text message = {0};
	struct chap_value value = {0};

	if (protocol == PPP_PAP && c->code == PAP_REQUEST) {
		bool good = pap_parse_request(c, &request);

		read_texts(good, request.user, request.password);
	} else if (protocol == PPP_PAP) {
		bool good = pap_parse_answer(c, &message);

		read_texts(good, message, (struct ppp_text){0});
	} else if (protocol == PPP_CHAP && c->code <= CHAP_RESPONSE) {
		bool good = chap_parse_value(c, &value);

		read_texts(good, value.value, value.name);
	} else if (protocol != PPP_CHAP && c->code <= PPP_CONFIGURE_REJECT) {
		read_options(c);
	} else {
		read_texts(true, (struct ppp_text){c->data, c->size}, message);
	}
}

static void
play_read(void)
{
	uint16_t protocol = (uint16_t)number();
	uint8_t packet[LINE_SIZE / 2];
	uint16_t size = octets(word(), packet, sizeof(packet));
	struct ppp_control c;

	if (!ppp_control_parse(packet, size, &c)) {
		printf("refused");
		return;
	}
	printf("%u %u", c.code, c.identifier);
	read_data(protocol, &c);
}

static void
play_digest(void)
{
	uint8_t identifier = (uint8_t)number();
	const char *secret = word();
	uint8_t challenge[256], digest[CHAP_MD5_SIZE];
	uint16_t size = octets(word(), challenge, sizeof(challenge));

	if (chap_md5(identifier, secret, (uint16_t)strlen(secret), challenge, size, digest))
		print(digest, sizeof(digest));
	else
		printf("refused");
}

int
main(void)
{
	static char line[LINE_SIZE];

	while (fgets(line, sizeof(line), stdin) != NULL) {
		const char *verb = strtok(line, " \n");

		if (verb != NULL && strcmp(verb, "write") == 0)
			play_write();
		else if (verb != NULL && strcmp(verb, "read") == 0)
			play_read();
		else if (verb != NULL && strcmp(verb, "digest") == 0)
			play_digest();
		else
			printf("refused");
		printf("\n");
		fflush(stdout);
	}
	return 0;
}
