/* SPDX-License-Identifier: Apache-2.0 */
#include "trouble.h"

#include <stdio.h>
#include <string.h>

const char *
trouble_name(enum trouble trouble)
{
	static const char *const names[] = {
#define X(NAME, name) [NAME] = name,
		TROUBLES(X)
#undef X
	};

	return (unsigned)trouble < N_TROUBLES ? names[trouble] : "?";
}

bool
trouble_is_news(struct trouble_words *words, const char *text, uint64_t now_ns, uint64_t *ret_n)
{
	bool is_same = strncmp(words->text, text, sizeof(words->text) - 1) == 0;
	uint64_t pause_ns = is_same ? TROUBLE_AGAIN_NS : TROUBLE_OTHER_NS;

	words->n_since++;
	if (words->told_ns != 0 && now_ns - words->told_ns < pause_ns)
		return false;
	*ret_n = words->n_since;
	words->n_since = 0;
	words->told_ns = now_ns;
	snprintf(words->text, sizeof(words->text), "%s", text);
	return true;
}
