/* SPDX-License-Identifier: Apache-2.0 */
#include "port_list.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int
port_list_init(struct port_list *list)
{
	*list = (struct port_list){.ports = calloc(PORT_LIST_MAX, sizeof(list->ports[0]))};
	return list->ports ? 0 : -ENOMEM;
}

void
port_list_fini(struct port_list *list)
{
	free(list->ports);
	*list = (struct port_list){0};
}

void
port_list_clear(struct port_list *list)
{
	list->n = 0;
}

void
port_list_remove(struct port_list *list, uint32_t number)
{
	for (unsigned i = 0; i < list->n; i++) {
		if (list->ports[i].number == number)
			list->ports[i--] = list->ports[--list->n];
	}
	list->sorted = false;
}

bool
port_list_put(struct port_list *list, const struct of_port *port)
{
	port_list_remove(list, port->number);
	if (list->n == PORT_LIST_MAX)
		return false;
	list->ports[list->n++] = *port;
	return true;
}

static int
compare_names(const void *a, const void *b)
{
	return strcmp(((const struct of_port *)a)->name, ((const struct of_port *)b)->name);
}

uint32_t
port_list_find(struct port_list *list, const char *name)
{
	const struct of_port *found;
	struct of_port wanted = {0};

	if (!list->sorted)
		qsort(list->ports, list->n, sizeof(list->ports[0]), compare_names);
	list->sorted = true;
	if (strlen(name) >= sizeof(wanted.name))
		return 0;
	memcpy(wanted.name, name, strlen(name) + 1);
	found = bsearch(&wanted, list->ports, list->n, sizeof(list->ports[0]), compare_names);
	return found && found->number < OF_PORT_MAX ? found->number : 0;
}

bool
port_list_has(const struct port_list *list, uint32_t number)
{
	for (unsigned i = 0; i < list->n; i++) {
		if (list->ports[i].number == number)
			return true;
	}
	return false;
}

const char *
port_list_local(const struct port_list *list)
{
	for (unsigned i = 0; i < list->n; i++) {
		if (list->ports[i].number == OF_PORT_LOCAL)
			return list->ports[i].name;
	}
	return NULL;
}
