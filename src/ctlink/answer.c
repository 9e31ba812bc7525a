/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctlink/answer.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <string.h>

#include "ctlink/attr.h"

/* ---- errors and acknowledgements --------------------------------------------------- */

/* The attributes behind the request's header. */
enum answer_bit { ANSWER_TEXT, ANSWER_OFFSET, ANSWER_HINT };

struct answer {
	uint64_t has;
	uint32_t offset;
	char text[CTLINK_ERROR_TEXT_MAX];
	char hint[CTLINK_ERROR_TEXT_MAX];
};

/* The offset is in host order, as the kernel has it. */
static const struct ctlink_attr answer_attrs[] = {
	CTLINK_ATTR(NLMSGERR_ATTR_MSG, CTLINK_TEXT, struct answer, text, ANSWER_TEXT),
	CTLINK_ATTR(NLMSGERR_ATTR_OFFS, CTLINK_U32, struct answer, offset, ANSWER_OFFSET,
	            .flags = CTLINK_HOST),
	CTLINK_ATTR(CTQ_ERR_HINT, CTLINK_TEXT, struct answer, hint, ANSWER_HINT),
};
static const struct ctlink_layout answer_layout = CTLINK_LAYOUT("error", answer_attrs);

static void answer_fill(struct answer *answer, const struct ctlink_error *error)
{
	memset(answer, 0, sizeof(*answer));
	if (!error || !error->code)
		return;
	if (error->text[0])
		ctlink_mark(answer, ANSWER_TEXT);
	if (error->offset)
		ctlink_mark(answer, ANSWER_OFFSET);
	if (error->hint[0])
		ctlink_mark(answer, ANSWER_HINT);
	memcpy(answer->text, error->text, sizeof(answer->text));
	answer->offset = error->offset;
	memcpy(answer->hint, error->hint, sizeof(answer->hint));
}

int ctlink_answer_build(struct ctlink_message *m, const struct nlmsghdr *request,
                        const struct ctlink_error *error)
{
	struct nlmsgerr payload = { .error = error ? error->code : 0, .msg = *request };
	struct ctlink_header header = { .type = NLMSG_ERROR,
		                        .flags = NLM_F_CAPPED,
		                        .seq = request->nlmsg_seq,
		                        .portid = request->nlmsg_pid };
	struct answer answer;

	answer_fill(&answer, error);
	if (answer.has)
		header.flags |= NLM_F_ACK_TLVS;
	ctlink_message_begin_bytes(m, &header, &payload, sizeof(payload));
	ctlink_layout_put(&answer_layout, m, &answer);
	return ctlink_message_end(m);
}

/* Where the attributes begin: behind what of the request is quoted. */
static uint32_t attrs_offset(const struct nlmsghdr *nlh, const struct nlmsgerr *payload)
{
	uint32_t quoted = sizeof(payload->msg);

	if (!(nlh->nlmsg_flags & NLM_F_CAPPED) && payload->error &&
	    payload->msg.nlmsg_len > quoted)
		quoted = payload->msg.nlmsg_len;
	if (quoted > nlh->nlmsg_len)
		return UINT32_MAX;
	return MNL_NLMSG_HDRLEN + sizeof(payload->error) + MNL_ALIGN(quoted);
}

int ctlink_answer_parse(const struct nlmsghdr *nlh, struct ctlink_error *answer,
                        struct nlmsghdr *request, struct ctlink_error *error)
{
	struct answer attrs = { .has = 0 };
	struct nlmsgerr payload;
	uint32_t offset;
	int err;

	if (nlh->nlmsg_len < MNL_NLMSG_HDRLEN + sizeof(payload))
		return ctlink_error_set(error, -EBADMSG, 0, "an answer of %u bytes",
		                        nlh->nlmsg_len);
	memcpy(&payload, mnl_nlmsg_get_payload(nlh), sizeof(payload));
	offset = attrs_offset(nlh, &payload);
	if (payload.error > 0 || offset > nlh->nlmsg_len)
		return ctlink_error_set(error, -EBADMSG, 0, "a malformed answer");
	if (nlh->nlmsg_flags & NLM_F_ACK_TLVS) {
		err = ctlink_layout_parse_at(&answer_layout, nlh, offset, &attrs, NULL,
		                             error);
		if (err)
			return err;
	}
	ctlink_error_clear(answer);
	answer->code = payload.error;
	answer->offset = attrs.offset;
	memcpy(answer->text, attrs.text, sizeof(answer->text));
	memcpy(answer->hint, attrs.hint, sizeof(answer->hint));
	if (request)
		*request = payload.msg;
	return 0;
}

/* ---- ends of dumps ----------------------------------------------------------------- */

enum done_bit { DONE_GENERATION, DONE_GENERATION_END };

struct done {
	uint64_t has;
	uint64_t generation, generation_end;
};

static const struct ctlink_attr done_attrs[] = {
	CTLINK_ATTR(CTQ_DONE_GENERATION, CTLINK_U64, struct done, generation,
	            DONE_GENERATION),
	CTLINK_ATTR(CTQ_DONE_GENERATION_END, CTLINK_U64, struct done, generation_end,
	            DONE_GENERATION_END),
};
static const struct ctlink_layout done_layout =
	CTLINK_LAYOUT("the end of a list", done_attrs);

int ctlink_done_put(struct ctlink_message *m, const struct nlmsghdr *request,
                    const struct ctlink_done *done)
{
	struct ctlink_header header = { .type = NLMSG_DONE,
		                        .flags = NLM_F_MULTI,
		                        .seq = request->nlmsg_seq,
		                        .portid = request->nlmsg_pid };
	struct done attrs = { .generation = done->generation,
		              .generation_end = done->generation_end };

	if (done->interrupted)
		header.flags |= NLM_F_DUMP_INTR;
	if (done->generation)
		ctlink_mark(&attrs, DONE_GENERATION);
	if (done->generation_end)
		ctlink_mark(&attrs, DONE_GENERATION_END);
	if (attrs.has)
		header.flags |= NLM_F_ACK_TLVS;
	ctlink_message_begin_bytes(m, &header, &done->code, sizeof(done->code));
	ctlink_layout_put(&done_layout, m, &attrs);
	return ctlink_message_end(m);
}

int ctlink_done_build(struct ctlink_message *m, const struct nlmsghdr *request,
                      bool interrupted, int code)
{
	struct ctlink_done done = { .code = code, .interrupted = interrupted };

	return ctlink_done_put(m, request, &done);
}

int ctlink_done_parse(const struct nlmsghdr *nlh, struct ctlink_done *done,
                      struct ctlink_error *error)
{
	const uint32_t fixed = MNL_NLMSG_HDRLEN + sizeof(done->code);
	struct done attrs = { .has = 0 };
	int err = 0;

	if (nlh->nlmsg_len < fixed)
		return ctlink_error_set(error, -EBADMSG, 0, "NLMSG_DONE of %u bytes",
		                        nlh->nlmsg_len);
	memcpy(&done->code, mnl_nlmsg_get_payload(nlh), sizeof(done->code));
	if (done->code > 0)
		return ctlink_error_set(error, -EBADMSG, 0, "NLMSG_DONE with code %d",
		                        done->code);
	if (nlh->nlmsg_flags & NLM_F_ACK_TLVS)
		err = ctlink_layout_parse_at(&done_layout, nlh, fixed, &attrs, NULL,
		                             error);
	done->interrupted = (nlh->nlmsg_flags & NLM_F_DUMP_INTR) != 0;
	done->generation = attrs.generation;
	done->generation_end = attrs.generation_end;
	return err;
}
