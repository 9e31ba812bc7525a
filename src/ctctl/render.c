/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctctl/render.h"

static const struct render_ops *ops_of(const struct tool *tool, unsigned int flags)
{
	switch (tool->format) {
	case TOOL_FORMAT_SAVE: return &render_save;
	case TOOL_FORMAT_DUMP: return &render_dump;
	case TOOL_FORMAT_CONNTRACK: return &render_conntrack;
	case TOOL_FORMAT_JSON:
	case TOOL_FORMAT_NDJSON: return &render_json;
	default: return flags & RENDER_DETAILS ? &render_details : &render_text;
	}
}

void render_begin(struct render *render, struct tool *tool, unsigned int flags)
{
	*render = (struct render){ .ops = ops_of(tool, flags),
		                   .tool = tool,
		                   .flags = flags };
	if (render->ops->begin)
		render->ops->begin(render);
}

void render_flow(struct render *render, const struct ctq_flow *flow,
                 const struct render_event *event)
{
	struct view view;

	view_init(&view, flow);
	render->ops->flow(render, &view, event);
	render->shown++;
}

int render_end(struct render *render)
{
	return render->ops->end ? render->ops->end(render) : 0;
}

const char *render_event_name(const struct render_event *event)
{
	switch (event->kind) {
	case CTQ_EVENT_FLOW_NEW: return "new";
	case CTQ_EVENT_FLOW_UPDATE: return "update";
	default: return "destroy";
	}
}
