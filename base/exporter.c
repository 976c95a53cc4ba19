/* SPDX-License-Identifier: Apache-2.0 */
#include "exporter.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/buffer.h>
#include <event2/http.h>

#include "address.h"

#define MAX_HEADERS 8192 /* bytes of a request */
#define TIMEOUT_S 5

struct exporter {
	struct event_base *base;
	struct evhttp *http;
	exporter_print_fn *print;
	void *ctx;
	int port;
};

/* ---- text ----------------------------------------------------------------------- */

/* \\, \", and no line ends. */
const char *
exporter_escape(const char *value, char text[EXPORTER_LABEL_SIZE])
{
	size_t n = 0;

	for (; *value != '\0' && n + 3 < EXPORTER_LABEL_SIZE; value++) {
		if (*value == '\\' || *value == '"')
			text[n++] = '\\';
		text[n++] = *value == '\n' ? '?' : *value;
	}
	text[n] = '\0';
	return text;
}

void
exporter_print_type(struct evbuffer *out, const char *name, const char *type)
{
	evbuffer_add_printf(out, "# TYPE %s %s\n", name, type);
}

/* ---- http ------------------------------------------------------------------------- */

static void
on_request(struct evhttp_request *request, void *ctx)
{
	const struct exporter *exporter = ctx;
	struct evbuffer *out = evbuffer_new();

	if (out == NULL) {
		evhttp_send_error(request, HTTP_INTERNAL, NULL);
		return;
	}
	exporter->print(exporter->ctx, out);
	evhttp_add_header(evhttp_request_get_output_headers(request), "Content-Type",
			  "text/plain; version=0.0.4; charset=utf-8");
	evhttp_send_reply(request, HTTP_OK, "OK", out);
	evbuffer_free(out);
}

static int
find_port(struct evhttp_bound_socket *bound)
{
	struct sockaddr_storage address = {0};
	socklen_t size = sizeof(address);

	if (getsockname(evhttp_bound_socket_get_fd(bound), (struct sockaddr *)&address, &size) < 0)
		return -errno;
	return address_port(&address);
}

static int
listen_http(struct exporter *exporter, const char *text)
{
	struct evhttp_bound_socket *bound;
	struct address address;

	if (address_parse(text, &address) != NULL)
		return -EINVAL;
	exporter->http = evhttp_new(exporter->base);
	if (exporter->http == NULL)
		return -ENOMEM;
	evhttp_set_allowed_methods(exporter->http, EVHTTP_REQ_GET);
	evhttp_set_max_headers_size(exporter->http, MAX_HEADERS);
	evhttp_set_max_body_size(exporter->http, 0);
	evhttp_set_timeout(exporter->http, TIMEOUT_S);
	evhttp_set_cb(exporter->http, "/metrics", on_request, exporter);
	bound = evhttp_bind_socket_with_handle(exporter->http, address.host, address.port);
	if (bound == NULL)
		return -EADDRNOTAVAIL;
	exporter->port = find_port(bound);
	return 0;
}

int
exporter_create(struct event_base *base, const char *address, exporter_print_fn *print, void *ctx,
		struct exporter **ret_exporter)
{
	struct exporter *exporter = calloc(1, sizeof(*exporter));
	int error;

	if (exporter == NULL)
		return -ENOMEM;
	exporter->base = base;
	exporter->print = print;
	exporter->ctx = ctx;
	error = listen_http(exporter, address);
	if (error < 0) {
		exporter_destroy(exporter);
		return error;
	}
	*ret_exporter = exporter;
	return 0;
}

void
exporter_destroy(struct exporter *exporter)
{
	if (exporter == NULL)
		return;
	if (exporter->http != NULL)
		evhttp_free(exporter->http);
	free(exporter);
}

int
exporter_port(const struct exporter *exporter)
{
	return exporter->port;
}
