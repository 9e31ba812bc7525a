/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cmd_capture.c - packets into a pcapng file, each with its verdict and reason as a comment
 *
 * What a packet has is what its queue copies of it (copy in ctqd.conf): the original length is
 * noted, as in every capture.
 */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "ctctl/announcements.h"
#include "ctctl/arguments.h"
#include "ctctl/cmd.h"
#include "ctctl/filter.h"
#include "ctctl/message.h"
#include "ctctl/packet.h"
#include "ctctl/pcapng.h"

#define MS_PER_S        1000
#define DURATION_MAX_S  1000000u
#define SNAPLEN_DEFAULT 256 /* what queues copy, unless ctqd.conf says otherwise */

struct capture {
	struct tool *tool;
	struct pcapng file;
	unsigned long packets, bytes; /* limits; 0: none */
	unsigned long duration_s, snaplen, rate;
	unsigned long written;
	uint64_t lost;
};

static void capture_packet(struct capture *capture, const struct ctq_record *record)
{
	char comment[PACKET_TEXT_MAX];
	struct pcapng_packet packet = {
		.interface = ctq_record_string(record, CTQA_PACKET_IN)
				?: ctq_record_string(record, CTQA_PACKET_OUT)
				?: "",
		.time_ns = ctq_record_number(record, CTQA_PACKET_TIME),
		.length = (uint32_t)ctq_record_number(record, CTQA_PACKET_LENGTH),
		.comment = packet_outcome(record, comment),
	};
	size_t size = 0;

	packet.data = ctq_record_bytes(record, CTQA_PACKET_DATA, &size);
	if (!packet.data)
		return; /* nothing of it was copied */
	packet.captured = (uint32_t)size;
	pcapng_packet_write(&capture->file, &packet);
	capture->written++;
}

static int capture_event(void *data, const struct ctq_event *event)
{
	struct capture *capture = data;

	if (event->kind == CTQ_EVENT_OVERRUN)
		capture->lost += event->lost;
	if (event->kind != CTQ_EVENT_PACKET)
		return 0;
	capture_packet(capture, event->record);
	if (fflush(capture->file.out))
		return -errno;
	if ((capture->packets && capture->written >= capture->packets) ||
	    (capture->bytes && capture->file.bytes >= capture->bytes))
		return ANNOUNCEMENTS_ENOUGH;
	return 0;
}

static int capture_listen(struct capture *capture, const struct ctq_filter *filter)
{
	struct tool *tool = capture->tool;
	const uint32_t group =
		tool_has(tool, OPTION_DROPPED) ? CTQ_GROUP_DROP : CTQ_GROUP_TRACE;
	const struct ctq_watch watch = { .filter = filter,
		                         .bytes = (uint32_t)capture->snaplen,
		                         .rate = (uint32_t)capture->rate };
	int err;

	announcements_begin();
	err = ctq_watch(tool->ctq, &group, 1, &watch, capture_event, capture);
	return announcements_wait(
		tool, err,
		capture->duration_s ? (int)capture->duration_s * MS_PER_S : -1);
}

static int capture_end(struct capture *capture)
{
	struct tool *tool = capture->tool;

	if (!tool_has(tool, OPTION_QUIET))
		fprintf(tool->err, "%lu packets written, %" PRIu64 " lost\n",
		        capture->written, capture->lost);
	return capture->lost ? TOOL_INCOMPLETE : TOOL_OK;
}

static int capture_run(struct capture *capture, const struct ctq_filter *filter)
{
	struct tool *tool = capture->tool;
	const char *path = tool->options[OPTION_WRITE].text;
	bool to_stdout = strcmp(path, "-") == 0, failed;
	FILE *out;
	int err;

	err = tool_connect(tool);
	if (err)
		return err;
	out = to_stdout ? tool->out : fopen(path, "we");
	if (!out) {
		message_error(tool, "%s: %s", path, strerror(errno));
		return TOOL_FAILED;
	}
	pcapng_init(&capture->file, out, (uint32_t)capture->snaplen);
	fflush(out);
	err = capture_listen(capture, filter);
	failed = fflush(out) || ferror(out);
	if (!to_stdout && fclose(out))
		failed = true;
	if (failed) {
		message_error(tool, "%s: cannot write", path);
		return TOOL_FAILED;
	}
	return err ? tool_failed(tool, err) : capture_end(capture);
}

static int capture_limits(struct capture *capture)
{
	const struct {
		enum option_id option;
		const char *what;
		unsigned long min, max, *number;
	} limits[] = {
		{ OPTION_LIMIT, "a number", 1, UINT32_MAX, &capture->packets },
		{ OPTION_BYTES, "a number of bytes", 1, ULONG_MAX, &capture->bytes },
		{ OPTION_DURATION, "a time in seconds", 1, DURATION_MAX_S,
		  &capture->duration_s },
		{ OPTION_SNAPLEN, "a number of bytes", 1, CTQ_GROUP_BYTES_MAX,
		  &capture->snaplen },
		{ OPTION_RATE, "a rate", 0, UINT32_MAX, &capture->rate },
	};
	struct tool *tool = capture->tool;
	int code = TOOL_OK;
	size_t i;

	for (i = 0; i < BASE_ARRAY_LENGTH(limits) && code == TOOL_OK; i++)
		if (tool_has(tool, limits[i].option))
			code = arguments_number(tool, &tool->options[limits[i].option],
			                        limits[i].what, limits[i].min,
			                        limits[i].max, limits[i].number);
	return code;
}

int cmd_capture(struct tool *tool)
{
	struct capture *capture = calloc(1, sizeof(*capture));
	struct ctq_filter *filter = NULL;
	int code;

	if (!capture) {
		message_error(tool, "no memory");
		return TOOL_FAILED;
	}
	capture->tool = tool;
	capture->snaplen = SNAPLEN_DEFAULT;
	capture->rate = CTQ_GROUP_RATE_DEFAULT;
	code = capture_limits(capture);
	if (code == TOOL_OK)
		code = filter_from_words(tool, 0, tool->n_words, &filter);
	if (code == TOOL_OK && !tool_has(tool, OPTION_WRITE)) {
		message_error(tool, "'capture' needs a file: ctctl capture --dropped -w "
		                    "FILE; - is standard output");
		code = TOOL_USAGE;
	} else if (code == TOOL_OK && !filter && !tool_has(tool, OPTION_DROPPED)) {
		message_error(tool, "'capture' needs --dropped or a filter; for every "
		                    "packet say: ctctl capture all -w FILE");
		code = TOOL_USAGE;
	}
	if (code == TOOL_OK)
		code = capture_run(capture, filter);
	ctq_filter_destroy(filter);
	free(capture);
	return code;
}
