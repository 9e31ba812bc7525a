/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/log.h"
#include "base/suggest.h"
#include "rules/backend.h"
#include "config.h"

enum { OPTION_LOG_LEVEL = 256, OPTION_SOCKET };

static const struct option long_options[] = {
	{ "config", required_argument, NULL, 'c' },
	{ "check", no_argument, NULL, 't' },
	{ "print", no_argument, NULL, 'p' },
	{ "foreground", no_argument, NULL, 'f' },
	{ "socket", required_argument, NULL, OPTION_SOCKET },
	{ "log-level", required_argument, NULL, OPTION_LOG_LEVEL },
	{ "version", no_argument, NULL, 'V' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

static const char help[] =
	"Usage: ctqd [OPTION]...\n"
	"Track the connections of packets from netfilter queues and judge them by "
	"rules.\n"
	"\n"
	"  -c, --config FILE     configuration, instead of " OPTIONS_CONFIG_DEFAULT "\n"
	"  -t, --check           check configuration and rules, change nothing\n"
	"  -p, --print           print the configuration with all defaults and exit\n"
	"  -f, --foreground      stay in the foreground (the default; there is no "
	"other)\n"
	"      --socket PATH     ctlink socket, instead of the configuration's\n"
	"      --log-level LEVEL error, warning, notice, info or debug\n"
	"  -V, --version         print the version\n"
	"  -h, --help            print this\n"
	"\n"
	"SIGHUP reads configuration and rules again, SIGTERM stops. See ctqd(8).\n";

static bool usage_failed(FILE *err, int *status)
{
	fprintf(err, "Try: ctqd --help\n");
	*status = OPTIONS_EXIT_USAGE;
	return false;
}

static bool unknown_option(const char *typed, FILE *err, int *status)
{
	const char *names[BASE_ARRAY_LENGTH(long_options)], *near = NULL;
	size_t n = 0;

	for (; long_options[n].name; n++)
		names[n] = long_options[n].name;
	if (strncmp(typed, "--", 2) == 0)
		near = suggest_word(typed + 2, names, n);
	fprintf(err, "ctqd: unknown option '%s'", typed);
	if (near)
		fprintf(err, "; did you mean '--%s'?", near);
	fputc('\n', err);
	return usage_failed(err, status);
}

static bool bad_level(const char *typed, FILE *err, int *status)
{
	fprintf(err,
	        "ctqd: '%s' is no log level: error, warning, notice, info, debug are\n",
	        typed);
	return usage_failed(err, status);
}

bool options_parse(struct options *o, int argc, char **argv, FILE *out, FILE *err,
                   int *status)
{
	enum log_level level;
	int option;

	*o = (struct options){ .config = OPTIONS_CONFIG_DEFAULT, .log_level = -1 };
	*status = EXIT_SUCCESS;
	opterr = 0;
	optind = 0; /* GNU: begin anew, for callers that parse more than once */
	while ((option = getopt_long(argc, argv, ":c:tpfVh", long_options, NULL)) != -1) {
		switch (option) {
		case 'c': o->config = optarg; break;
		case 't': o->check = true; break;
		case 'p': o->print = true; break;
		case 'f': break;
		case OPTION_SOCKET: o->socket = optarg; break;
		case OPTION_LOG_LEVEL:
			if (log_level_parse(optarg, &level) < 0)
				return bad_level(optarg, err, status);
			o->log_level = (int)level;
			break;
		case 'V': fprintf(out, "ctqd " PACKAGE_VERSION "\n"); return false;
		case 'h': fputs(help, out); return false;
		case ':':
			fprintf(err, "ctqd: '%s' wants a value\n", argv[optind - 1]);
			return usage_failed(err, status);
		default: return unknown_option(argv[optind - 1], err, status);
		}
	}
	if (optind == argc)
		return true;
	fprintf(err, "ctqd: '%s' is too much: ctqd takes options only\n", argv[optind]);
	return usage_failed(err, status);
}

int options_config_read(const struct options *o, struct config *cfg,
                        config_report *report, void *ctx)
{
	struct config_reader reader = config_reader_files;
	int r;

	reader.backends = rules_backend_names();
	r = config_load(cfg, o->config, &reader, report, ctx);
	if (r < 0)
		return r;
	if (o->log_level >= 0)
		cfg->daemon.log = (uint32_t)o->log_level;
	if (!o->socket)
		return 0;
	if (strlen(o->socket) >= sizeof(cfg->daemon.socket)) {
		report(ctx, "error: the path after --socket is too long");
		return -EINVAL;
	}
	strcpy(cfg->daemon.socket, o->socket);
	return 0;
}
