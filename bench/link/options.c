/* SPDX-License-Identifier: Apache-2.0 */
/* Command line of slim-link; one table that usage is printed from. */
#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>

#define N_ENTRIES 9u

enum type { TEXT, SHAPE, FLAG };

struct entry {
	const char *name;
	enum type type;
	const char **target; /* of a TEXT */
	const char *text;
};

struct table {
	struct entry entries[N_ENTRIES];
};

static struct table
table_of(struct link_options *o)
{
	struct wire_config *w = &o->wire;

	return (struct table){{
		{"help", FLAG, NULL, "print this"},
		{"listen", TEXT, &w->listen[0],
		 "address:port where the near end dials; port 0: any, which is printed"},
		{"to", TEXT, &w->to[0], "address:port that is dialled for it at the far end"},
		{"back-listen", TEXT, &w->listen[1],
		 "where the far end dials, through the same link (default: nowhere)"},
		{"back-to", TEXT, &w->to[1], "and what is dialled for it at the near end"},
		{"rate", SHAPE, NULL,
		 "bits a second, each direction, with k, M or G; 0: no limit (0)"},
		{"delay-ms", SHAPE, NULL, "milliseconds of one way (0)"},
		{"queue-octets", SHAPE, NULL,
		 "most that waits for the rate (0: 200 ms of it, at least 256Ki)"},
		{"control", TEXT, &o->control, "path of the control socket"},
	}};
}

static int
complain(const char *what, const char *why)
{
	fprintf(stderr, "slim-link: %s: %s\n", what, why);
	return -EINVAL;
}

static int
read_value(const struct entry *e, struct link_options *o, const char *value)
{
	const char *why = NULL;

	switch (e->type) {
	case TEXT:
		*e->target = value;
		break;
	case SHAPE:
		why = shape_read(&o->wire.shape, e->name, value);
		break;
	case FLAG:
		o->help = true;
		break;
	}
	return why != NULL ? complain(e->name, why) : 0;
}

static int
check(const struct link_options *o)
{
	const struct wire_config *w = &o->wire;

	if (w->listen[0] == NULL || w->to[0] == NULL)
		return complain("--listen and --to", "both are needed");
	if ((w->listen[1] == NULL) != (w->to[1] == NULL))
		return complain("--back-listen and --back-to", "both or none");
	return 0;
}

int
link_options_parse(int argc, char **argv, struct link_options *ret_options)
{
	struct link_options o = {0};
	struct table table = table_of(&o);
	struct option longs[N_ENTRIES + 1u] = {0};
	int index, c, error = 0;

	for (unsigned i = 0; i < N_ENTRIES; i++)
		longs[i] = (struct option){
			.name = table.entries[i].name,
			.has_arg = table.entries[i].type == FLAG ? no_argument : required_argument};
	optind = 1;
	while (error == 0 && (c = getopt_long(argc, argv, "", longs, &index)) != -1)
		error = c == 0 ? read_value(&table.entries[index], &o, optarg) : -EINVAL;
	if (error == 0 && optind < argc)
		error = complain(argv[optind], "unexpected");
	if (error == 0 && !o.help)
		error = check(&o);
	if (error == 0)
		*ret_options = o;
	return error;
}

void
link_options_print_usage(void)
{
	struct link_options o;
	struct table table = table_of(&o);

	printf("slim-link [options]\n\n"
	       "A wire for TCP connections, with a limited rate and a delay: what is dialled at "
	       "one "
	       "end is\n"
	       "dialled on at the other, and all connections share the rate of their "
	       "direction.\n\n");
	for (unsigned i = 0; i < N_ENTRIES; i++)
		printf("  --%-13s %s\n", table.entries[i].name, table.entries[i].text);
	printf("\nControl socket, one command a line: set [rate=BITS] [delay-ms=MS], cut, mend, "
	       "stats.\n");
}
