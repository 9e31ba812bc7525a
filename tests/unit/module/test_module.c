/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The examples of contrib/module, compiled here, opened and run; and files that are refused. */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "module/module.h"
#include "tests/unit/fail.h"

static char directory[64], path[96], text[MODULE_TEXT_MAX];

/* @source as NAME.so in a directory of our own. */
static void compile(const char *name, const char *source)
{
	const char *top = getenv("top_srcdir"), *cc = getenv("CC");
	char command[1024];

	snprintf(path, sizeof(path), "%s/%s.so", directory, name);
	snprintf(command, sizeof(command),
	         "%s -std=c99 -Wall -fPIC -shared -I%s/include %s -o %s", cc ? cc : "cc",
	         top ? top : ".", source, path);
	cr_assert_eq(system(command), 0, "%s", command);
	cr_assert_eq(chmod(path, 0755), 0);
}

static void begin(void)
{
	strcpy(directory, "/tmp/ctqd-module-XXXXXX");
	cr_assert_not_null(mkdtemp(directory));
}

static void end(void)
{
	unlink(path);
	rmdir(directory);
}

TestSuite(module, .init = begin, .fini = end);

/* NAME.c of contrib/module. */
static void compile_example(const char *name)
{
	const char *top = getenv("top_srcdir");
	char source[512];

	snprintf(source, sizeof(source), "%s/contrib/module/%s.c", top ? top : ".", name);
	compile(name, source);
}

/* The same, open. */
static struct module *open_example(const char *name)
{
	struct module *m;

	compile_example(name);
	cr_assert_eq(module_open(&m, directory, name, geteuid(), text), 0, "%s", text);
	return m;
}

/* A module whose text is @body. */
static void compile_text(const char *name, const char *body)
{
	char source[128];
	FILE *f;

	snprintf(source, sizeof(source), "%s/source.c", directory);
	f = fopen(source, "w");
	cr_assert_not_null(f);
	fprintf(f, "#include <ctq/module.h>\n%s\n", body);
	fclose(f);
	compile(name, source);
	unlink(source);
}

static int open_it(const char *name)
{
	struct module *m = NULL;
	int r = module_open(&m, directory, name, geteuid(), text);

	if (r == 0)
		module_close(m);
	return r;
}

/* ---- the example ---------------------------------------------------------------------------- */

static struct track_result run(const struct track_proto *proto, union track_state *state,
                               bool first, enum track_dir dir, uint32_t status,
                               const char *payload)
{
	struct packet p = { .data = (const uint8_t *)payload };
	struct track_config cfg;
	struct track_result res;

	p.captured = p.length = p.l4_length = (uint32_t)strlen(payload);
	p.tuple.l3 = AF_INET;
	p.tuple.l4 = 253;
	track_config_init(&cfg);
	if (first)
		track_open(proto, state, &p, &cfg, 0, &res);
	else
		track_packet(proto, state, &p, dir, status, &cfg, 0, &res);
	return res;
}

Test(module, the_example_asks_and_answers)
{
	const struct track_proto *proto;
	struct track_result res;
	union track_state state;
	struct module *m = open_example("ping253");

	proto = module_proto(m);
	cr_assert_str_eq(proto->name, "ping253");
	cr_assert_eq(proto->l4, 253);

	cr_assert_eq(run(proto, &state, true, TRACK_ORIGINAL, 0, "!").invalid,
	             CTQ_INVALID_MODULE);
	cr_assert_eq(run(proto, &state, true, TRACK_ORIGINAL, 0, "").invalid,
	             CTQ_INVALID_MODULE);
	res = run(proto, &state, true, TRACK_ORIGINAL, 0, "?");
	cr_assert(!res.invalid && res.timeout_s == 10 && !res.changed);
	cr_assert_str_eq(track_state_name(proto, &state), "ASKED");
	cr_assert_eq(run(proto, &state, false, TRACK_REPLY, 0, "?").invalid,
	             CTQ_INVALID_MODULE);
	cr_assert_eq(track_state_number(proto, &state), 0,
	             "what is refused changes nothing");
	res = run(proto, &state, false, TRACK_REPLY, 0, "!");
	cr_assert(!res.invalid && res.timeout_s == 120 && res.changed);
	cr_assert_eq(res.set_status, TRACK_ASSURED | TRACK_SEEN_REPLY);
	cr_assert_str_eq(track_state_name(proto, &state), "ANSWERED");
	res = run(proto, &state, false, TRACK_ORIGINAL, res.set_status, "?");
	cr_assert(!res.changed && !res.set_status && res.timeout_s == 120);
	cr_assert(run(proto, &state, false, TRACK_ORIGINAL, 0, ".").close);
	module_close(m);
}

/* The actions of one payload from the original direction. */
static struct helper_result say(const struct helper *helper, enum track_dir dir,
                                const char *payload, uint32_t length)
{
	uint64_t state[HELPER_STATE_SIZE / sizeof(uint64_t)] = { 0 };
	struct helper_input in = { .data = (const uint8_t *)payload, .dir = dir };
	struct helper_result res;

	in.captured = (uint32_t)strlen(payload);
	in.length = length;
	in.tuple[0] = (struct tuple){
		.l3 = AF_INET, .l4 = helper->l4, .src = { 1 }, .dst = { 2 }
	};
	cr_assert_eq(tuple_invert(&in.tuple[0], &in.tuple[1]), 0);
	helper_look(helper, state, &in, &res);
	return res;
}

Test(module, the_example_of_a_helper_announces)
{
	const struct helper *helper;
	struct helper_result res;
	struct module *m = open_example("callback");

	helper = module_helper(m);
	cr_assert_null(module_proto(m));
	cr_assert_str_eq(helper->name, "callback");
	cr_assert_eq(helper->ports[0], 2530);
	res = say(helper, TRACK_ORIGINAL, "PORT 6000\n", 10);
	cr_assert_eq(res.length, 1);
	cr_assert_eq(res.actions[0].kind, HELPER_EXPECT);
	cr_assert_eq(res.actions[0].tuple.dst[0], 1);
	cr_assert_eq(ntohs(res.actions[0].tuple.dst_id), 6000);
	cr_assert_eq(say(helper, TRACK_ORIGINAL, "PORT 65535", 10).length, 1);
	cr_assert_eq(say(helper, TRACK_ORIGINAL, "PORT 65536", 10).length, 0);
	cr_assert_eq(say(helper, TRACK_ORIGINAL, "PORT 60x0", 9).length, 0);
	cr_assert_eq(say(helper, TRACK_ORIGINAL, "PORT ", 5).length, 0);
	cr_assert_eq(say(helper, TRACK_ORIGINAL, "POR", 3).length, 0);
	cr_assert_eq(say(helper, TRACK_ORIGINAL, "PORT 600", 9).length, 0,
	             "half a number");
	cr_assert_eq(say(helper, TRACK_REPLY, "PORT 6000", 9).length, 0);
	res = say(helper, TRACK_ORIGINAL, "BYE", 3);
	cr_assert(res.length == 1 && res.actions[0].kind == HELPER_FLUSH);
	module_close(m);
}

/* ---- what is refused -------------------------------------------------------------------------- */

Test(module, names_are_no_paths)
{
	static const char *const names[] = {
		"", "../x", "a/b", ".", "a.b", "a b", "aaaaaaaaaabbbbbbbbbbccccccccccdddd"
	};
	size_t i;

	for (i = 0; i < BASE_ARRAY_LENGTH(names); i++)
		cr_assert_eq(open_it(names[i]), -EINVAL, "%s", names[i]);
	cr_assert_eq(open_it("missing"), -ENOENT);
}

Test(module, files_and_directories_that_others_may_write_are_refused)
{
	struct module *m;

	compile_example("ping253");
	cr_assert_eq(open_it("ping253"), 0, "%s", text);
	cr_assert_eq(module_open(&m, directory, "ping253", geteuid() + 1, text), -EACCES);
	chmod(path, 0775);
	cr_assert_eq(open_it("ping253"), -EACCES);
	chmod(path, 0757);
	cr_assert_eq(open_it("ping253"), -EACCES);
	chmod(path, 0755);
	chmod(directory, 0777);
	cr_assert_eq(open_it("ping253"), -EACCES);
	chmod(directory, 0700);
	cr_assert_eq(open_it("ping253"), 0);
	unlink(path);
	mkdir(path, 0700);
	cr_assert_eq(open_it("ping253"), -EACCES);
	rmdir(path);
}

#define FUNCTIONS                                                                      \
	"static void f(void *s, const struct ctq_packet *p, struct ctq_outcome *o) {}" \
	"static const struct ctq_handler_timeout t[] = { { \"t\", 1 } };"
#define HANDLER(fields)                                                                  \
	FUNCTIONS "static const struct ctq_handler h = { .name = \"m\", .protocol = 99," \
		  ".timeouts = 1, .timeout_table = t, .open = f, .packet = f, " fields   \
		  " }; const struct ctq_module ctq_module = CTQ_MODULE(&h);"

#define HELPER(fields)                                                                  \
	"static void f(void *s, const struct ctq_payload *p, struct ctq_announcements " \
	"*o) {}"                                                                        \
	"static const struct ctq_helper h = { .name = \"m\", .protocol = 17, .ports = " \
	"{ 1 },"                                                                        \
	".ports_length = 1, .max_expected = 1, .timeout_s = 1, .look = f, " fields      \
	" }; const struct ctq_module ctq_module = CTQ_MODULE_HELPER(&h);"

Test(module, what_is_wrong_in_itself_is_refused)
{
	static const char *const bodies[] = {
		"int nothing;",
		"const struct ctq_module ctq_module = CTQ_MODULE(0);",
		"const struct ctq_module ctq_module = { CTQ_MODULE_ABI + 1, "
		"sizeof(ctq_module), 0 };",
		"const struct ctq_module ctq_module = { CTQ_MODULE_ABI, 1, 0 };",
		HANDLER(".name = \"other\""),
		HANDLER(".name = 0"),
		HANDLER(".protocol = 0"),
		HANDLER(".state_size = 65"),
		HANDLER(".open = 0"),
		HANDLER(".timeouts = 0"),
		HANDLER(".states = 2"),
		HELPER(".name = \"other\""),
		HELPER(".protocol = 253"),
		HELPER(".look = 0"),
		"static const struct ctq_handler a; static const struct ctq_helper b;"
		"const struct ctq_module ctq_module = { CTQ_MODULE_ABI, "
		"sizeof(ctq_module), &a, &b };",
	};
	size_t i;

	for (i = 0; i < BASE_ARRAY_LENGTH(bodies); i++) {
		compile_text("m", bodies[i]);
		cr_assert_eq(open_it("m"), -ENOEXEC, "%s", bodies[i]);
		cr_assert_neq(text[0], '\0');
	}
	compile_text("m", HANDLER(".state_size = 64"));
	cr_assert_eq(open_it("m"), 0, "%s", text);
	compile_text("m", HELPER(".state_size = 24"));
	cr_assert_eq(open_it("m"), 0, "%s", text);
}

Test(module, without_memory_none_is_open)
{
	struct module *m = NULL;
	long n;
	int r = -ENOMEM;

	compile_example("callback");
	for (n = 0; r == -ENOMEM && n < 100; n++) {
		fail_after = n;
		text[0] = '\0';
		r = module_open(&m, directory, "callback", geteuid(), text);
		cr_assert(r == 0 || text[0], "a text stands beside the error");
	}
	fail_after = -1;
	cr_assert_eq(r, 0, "%s", text);
	cr_assert_gt(n, 1, "nothing was allocated");
	module_close(m);
}

Test(module, an_answer_outside_of_its_tables_is_invalid)
{
	struct track_result res;
	union track_state state;
	struct module *m;

	compile_text("m",
	             "static void f(void *s, const struct ctq_packet *p, "
	             "struct ctq_outcome *o) { o->timeout = 1; }"
	             "static const struct ctq_handler_timeout t[] = { { \"t\", 1 } };"
	             "static const struct ctq_handler h = { .name = \"m\", "
	             ".protocol = 99, .timeouts = 1, .timeout_table = t, "
	             ".open = f, .packet = f };"
	             "const struct ctq_module ctq_module = CTQ_MODULE(&h);");
	cr_assert_eq(module_open(&m, directory, "m", geteuid(), text), 0, "%s", text);
	res = run(module_proto(m), &state, true, TRACK_ORIGINAL, 0, "x");
	cr_assert_eq(res.invalid, CTQ_INVALID_MODULE);
	module_close(m);
}
