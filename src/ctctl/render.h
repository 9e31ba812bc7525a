/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * render.h - how flows are written: one interface, a file for each format
 *
 *	render_begin(&render, tool, 0);
 *	render_flow(&render, flow, NULL);      for each
 *	err = render_end(&render);
 *
 * Flows are written as they come; nothing is held but what render_text.c needs for the
 * widths of its columns.
 */
#ifndef CTCTL_RENDER_H
#define CTCTL_RENDER_H

#include "ctctl/ctctl.h"
#include "ctctl/json.h"
#include "ctctl/table.h"
#include "ctctl/view.h"

struct render;

/** What happened to a flow, when it is part of an announcement. */
struct render_event {
	enum ctq_event_kind kind; /* CTQ_EVENT_FLOW_* */
	uint64_t time_ns;         /* when it was received, since 1970 */
	uint64_t sequence;        /* its number among those of its kind; 0: none */
};

/** One format. */
struct render_ops {
	void (*begin)(struct render *render);
	void (*flow)(struct render *render, const struct view *view,
	             const struct render_event *event);
	int (*end)(struct render *render); /* 0 or a negative errno */
};

#define RENDER_REFERENCES 0x1 /* who holds the flows is of interest */
#define RENDER_DETAILS    0x2 /* one flow at a time, with all its members */
#define RENDER_EVENTS     0x4 /* announcements: nothing may wait for the next one */

struct render {
	const struct render_ops *ops;
	struct tool *tool;
	unsigned int flags; /* RENDER_* */
	size_t shown;       /* flows */
	struct table table;
	struct json json;
};

extern const struct render_ops render_text, render_details, render_save, render_dump,
	render_conntrack, render_json;

void render_begin(struct render *render, struct tool *tool, unsigned int flags);
void render_flow(struct render *render, const struct ctq_flow *flow,
                 const struct render_event *event);

/** Returns 0 or a negative errno. */
int render_end(struct render *render);

/** "new", "update", "destroy". */
const char *render_event_name(const struct render_event *event);

/** One flow as a JSON object: for those that write more than lists. */
void render_json_flow(struct json *json, const struct view *view,
                      const struct render_event *event);

#endif
