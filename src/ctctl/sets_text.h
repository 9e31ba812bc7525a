/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sets_text.h - named sets in the language of rules
 *
 *	set ban { type address; flags timeout, counter; size 1000000
 *		elements {
 *			192.0.2.7 timeout 59m12s,  # packets 3 bytes 180
 *		}
 *	}
 *
 * What is written can be loaded again.
 */
#ifndef CTCTL_SETS_TEXT_H
#define CTCTL_SETS_TEXT_H

#include "ctctl/ctctl.h"

/** One set with its elements. 0 or a negative errno. */
int sets_text_one(struct tool *tool, const char *name) BASE_MUST_CHECK;

/** All sets, as far as they are when they are asked for: with their elements, or each in one
 * line that tells how many they are. 0 or a negative errno. */
int sets_text_all(struct tool *tool, bool elements) BASE_MUST_CHECK;

/** A CTQA_ELEMENT_* record of a set of @type, without a line's end; with what it has counted, when
 * its set @counts and no -H was given. @comma: others may follow it. */
void sets_text_element(struct tool *tool, unsigned int type, bool counts, bool comma,
                       const struct ctq_record *element);

#endif
