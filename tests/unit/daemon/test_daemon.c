/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The whole daemon in a child process, on queues of packets from memory; systemd's part is
 * played by the test, and its datagrams are what is waited for.
 */
#include <criterion/criterion.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "daemon/daemon.h"
#include "file.h"
#include "queue/queue_priv.h"
#include "replayed.h"

struct child {
	pid_t pid;
	int notify;            /* systemd's end */
	char *config, *folder; /* of the ctlink socket */
	char *log_path;
	struct replayed *entry, *confirm;
};

static const struct queue_ops *ops = &queue_replay;

static void *source_of(void *ctx, uint16_t number)
{
	struct child *c = ctx;

	return number == 0 ? &c->entry->source : &c->confirm->source;
}

/* The child: its log goes to a file. */
static void child_run(struct child *c, const char *notify_socket, const char *watchdog)
{
	struct options options = { .config = c->config, .log_level = LOG_LEVEL_INFO };
	struct daemon_env env = {
		.queue_ops = ops,
		.queue_source = source_of,
		.ctx = c,
		.notify_socket = notify_socket,
		.watchdog_usec = watchdog,
		.keep_privileges = true,
	};
	char *socket_path;
	int fd = open(c->log_path, O_WRONLY | O_TRUNC);

	if (fd < 0 || dup2(fd, STDERR_FILENO) < 0 ||
	    asprintf(&socket_path, "%s/ctl.sock", c->folder) < 0)
		exit(99);
	options.socket = socket_path;
	unsetenv("JOURNAL_STREAM");
	log_init("ctqd", LOG_LEVEL_NOTICE);
	exit(daemon_run(&options, &env));
}

static void systemd_open(struct child *c, char name[64])
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int length = snprintf(name, 64, "@ctqd-test-daemon-%d", (int)getpid());

	c->notify = socket(AF_UNIX, SOCK_DGRAM, 0);
	memcpy(address.sun_path + 1, name + 1, (size_t)length - 1);
	cr_assert(bind(c->notify, (struct sockaddr *)&address,
	               (socklen_t)(offsetof(struct sockaddr_un, sun_path) +
	                           (size_t)length)) == 0);
}

static struct child child_start(const char *config, const char *watchdog)
{
	struct child c = {
		.config = file_make(config),
		.log_path = file_make(""),
		.folder = strdup("/tmp/ctqd-test.XXXXXX"),
		.entry = replayed_new(PACKET_HOOK_PREROUTING, 1024),
		.confirm = replayed_new(PACKET_HOOK_POSTROUTING, 1024),
	};
	char name[64];

	cr_assert(mkdtemp(c.folder) != NULL);
	systemd_open(&c, name);
	fflush(NULL);
	c.pid = fork();
	cr_assert(c.pid >= 0);
	if (c.pid == 0)
		child_run(&c, name, watchdog);
	return c;
}

/* The next state that begins with @wanted; others are passed over. */
static const char *systemd_wait(struct child *c, const char *wanted)
{
	static char state[1024];
	ssize_t n;

	do {
		n = recv(c->notify, state, sizeof(state) - 1, 0);
		cr_assert(n >= 0);
		state[n] = '\0';
	} while (strncmp(state, wanted, strlen(wanted)) != 0);
	return state;
}

/* Wait for its end; returns its exit status. */
static int child_end(struct child *c)
{
	int status;

	cr_assert(waitpid(c->pid, &status, 0) == c->pid);
	cr_assert(WIFEXITED(status), "signal %d", WTERMSIG(status));
	close(c->notify);
	cr_expect(rmdir(c->folder) == 0, "something is left in %s", c->folder);
	return WEXITSTATUS(status);
}

static char *log_read(const struct child *c)
{
	FILE *f = fopen(c->log_path, "r");
	char *text = calloc(1, 65536);

	cr_assert(f != NULL && fread(text, 1, 65535, f) < 65535);
	fclose(f);
	return text;
}

static void child_forget(struct child *c)
{
	file_remove(c->config);
	file_remove(c->log_path);
	free(c->folder);
}

static const char two_queues[] =
	"queues 0 { hook prerouting; } queues 10 { hook postrouting; }\n";

TestSuite(daemon, .timeout = 60);

Test(daemon, starts_and_stops_with_every_packet_answered)
{
	struct child c = child_start(two_queues, NULL);
	char *log, *entry, *confirm;

	systemd_wait(&c, "READY=1\nSTATUS=queues: 2, workers: 1");
	kill(c.pid, SIGTERM);
	systemd_wait(&c, "STOPPING=1");
	cr_expect(child_end(&c) == EXIT_SUCCESS);
	replayed_expect_all_answered(c.entry);
	replayed_expect_all_answered(c.confirm);
	cr_expect(c.entry->source.unbound && c.confirm->source.unbound);
	log = log_read(&c);
	entry = strstr(log, "queue 0: ");
	confirm = strstr(log, "queue 10: ");
	cr_expect(entry && confirm && entry < confirm, "entry queues close first:\n%s",
	          log);
	free(log);
	child_forget(&c);
}

Test(daemon, workers_that_go_round_feed_the_watchdog)
{
	struct child c = child_start(two_queues, "20000");

	systemd_wait(&c, "READY=1");
	systemd_wait(&c, "WATCHDOG=1");
	systemd_wait(&c, "WATCHDOG=1");
	kill(c.pid, SIGINT);
	cr_expect(child_end(&c) == EXIT_SUCCESS);
	child_forget(&c);
}

Test(daemon, a_reload_takes_what_it_can_and_names_the_rest)
{
	struct child c = child_start(two_queues, NULL);
	char *log, text[256];

	systemd_wait(&c, "READY=1");
	snprintf(text, sizeof(text), "%s timeouts { icmp 5s; } table { max 77; }",
	         two_queues);
	file_write(c.config, text);
	kill(c.pid, SIGHUP);
	cr_expect(strstr(systemd_wait(&c, "RELOADING=1"), "\nMONOTONIC_USEC=") != NULL);
	systemd_wait(&c, "READY=1");
	kill(c.pid, SIGTERM);
	cr_expect(child_end(&c) == EXIT_SUCCESS);
	log = log_read(&c);
	cr_expect(strstr(log,
	                 "table.max: changed in the configuration; takes effect at the "
	                 "next start\n") != NULL,
	          "%s", log);
	cr_expect(strstr(log, "timeouts") == NULL, "%s", log);
	cr_expect(strstr(log, "reloaded ") != NULL, "%s", log);
	free(log);
	child_forget(&c);
}

Test(daemon, a_reload_that_fails_changes_nothing)
{
	struct child c = child_start(two_queues, NULL);
	char *log;

	systemd_wait(&c, "READY=1");
	file_write(c.config, "nonsense 1;");
	kill(c.pid, SIGHUP);
	systemd_wait(&c, "RELOADING=1");
	systemd_wait(&c, "READY=1");
	systemd_wait(&c, "STATUS=degraded: the last reload failed");
	kill(c.pid, SIGTERM);
	cr_expect(child_end(&c) == EXIT_SUCCESS);
	log = log_read(&c);
	cr_expect(strstr(log, "unknown key 'nonsense'") != NULL, "%s", log);
	replayed_expect_all_answered(c.entry);
	free(log);
	child_forget(&c);
}

/* Whichever part fails, those before it are stopped and the reason is in the log. */
static void expect_no_start(const char *config, const char *reason)
{
	struct child c = child_start(config, NULL);
	char *log;

	cr_expect(child_end(&c) == OPTIONS_EXIT_FAILED, "%s", config);
	log = log_read(&c);
	cr_expect(strstr(log, reason) != NULL, "%s\n%s", config, log);
	free(log);
	child_forget(&c);
}

Test(daemon, a_start_that_fails_says_why)
{
	expect_no_start("nonsense 1;", "unknown key 'nonsense'");
	expect_no_start("rules /nonexistent/rules.ctq;", "/nonexistent/rules.ctq");
	expect_no_start("daemon { group no-such-group; }",
	                "daemon.group: there is no group 'no-such-group'");
	expect_no_start("queues 0 { hook prerouting; cpu 1023; }",
	                "worker 0: there is no CPU 1023 to run on");
}

/* A queue whose socket the kernel has taken away. */
static int broken_receive(struct queue *q, struct packet *packets, unsigned int max)
{
	return -EBADF;
}

Test(daemon, a_queue_that_breaks_ends_it)
{
	struct queue_ops broken = queue_replay;
	struct child c;
	char *log;

	broken.receive = broken_receive;
	ops = &broken;
	c = child_start(two_queues, NULL);
	systemd_wait(&c, "READY=1");
	cr_expect(child_end(&c) == OPTIONS_EXIT_FAILED, "so that systemd starts it anew");
	log = log_read(&c);
	cr_expect(strstr(log, "worker 0: a queue broke: Bad file descriptor") != NULL,
	          "%s", log);
	cr_expect(c.entry->source.closed && c.confirm->source.closed);
	free(log);
	child_forget(&c);
}
