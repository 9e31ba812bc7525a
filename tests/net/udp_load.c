/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * udp_load.c - small UDP packets, many
 *
 *	udp-load send ADDRESS PORT PORTS COUNT [PACE]
 *		COUNT packets to PORT … PORT+PORTS-1 in turn; with PACE so many a second.
 *		Prints "sent=N" and "seconds=S".
 *	udp-load count PORT PORTS
 *		Counts what arrives at these ports, in both families; says "ready", and at
 *		SIGTERM "PORT=N" for each and "received=N".
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BATCH     64
#define PORTS_MAX 64
#define PAYLOAD   18 /* a packet of 60 bytes in Ethernet, the smallest */

static volatile sig_atomic_t stopping;

static void on_signal(int number)
{
	(void)number;
	stopping = 1;
}

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* -- send --------------------------------------------------------------------------- */

struct target {
	struct sockaddr_storage address;
	socklen_t length;
};

static void set_port(struct sockaddr_storage *address, uint16_t port)
{
	if (address->ss_family == AF_INET6)
		((struct sockaddr_in6 *)address)->sin6_port = htons(port);
	else
		((struct sockaddr_in *)address)->sin_port = htons(port);
}

static struct target resolve(const char *host)
{
	struct addrinfo hints = { .ai_socktype = SOCK_DGRAM, .ai_flags = AI_NUMERICHOST };
	struct addrinfo *list;
	struct target t = { 0 };

	if (getaddrinfo(host, "1", &hints, &list))
		fail(host);
	memcpy(&t.address, list->ai_addr, list->ai_addrlen);
	t.length = list->ai_addrlen;
	freeaddrinfo(list);
	return t;
}

/* A packet that waits in a queue counts to its sender's buffer, if both are on one machine:
 * a small one would stop the sender. */
static int open_sender(int family)
{
	int fd = socket(family, SOCK_DGRAM, 0), size = 512 << 20;

	if (fd < 0)
		fail("socket");
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)))
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	return fd;
}

/* Wait until @sent packets are due. */
static void keep_pace(double start, unsigned long sent, double pace)
{
	double ahead = start + (double)sent / pace - now();
	struct timespec ts = { .tv_nsec = (long)(ahead * 1e9) };

	if (ahead > 50e-6 && ahead < 1)
		nanosleep(&ts, NULL);
}

static void send_all(struct target *t, uint16_t first, unsigned int ports,
                     unsigned long count, double pace)
{
	struct sockaddr_storage addresses[BATCH];
	struct mmsghdr messages[BATCH] = { 0 };
	struct iovec vectors[BATCH];
	static char payload[PAYLOAD];
	unsigned long sent = 0;
	double start = now();
	int fd = open_sender(t->address.ss_family), i, n;

	for (i = 0; i < BATCH; i++) {
		vectors[i] = (struct iovec){ payload, sizeof(payload) };
		messages[i].msg_hdr = (struct msghdr){ .msg_name = &addresses[i],
			                               .msg_namelen = t->length,
			                               .msg_iov = &vectors[i],
			                               .msg_iovlen = 1 };
		addresses[i] = t->address;
	}
	while (sent < count && !stopping) {
		n = count - sent < BATCH ? (int)(count - sent) : BATCH;
		for (i = 0; i < n; i++)
			set_port(&addresses[i],
			         (uint16_t)(first + (sent + (unsigned long)i) % ports));
		n = sendmmsg(fd, messages, (unsigned int)n, 0);
		/* an ICMP error about an earlier packet, or a drop on the way out */
		if (n < 0 && errno != ECONNREFUSED && errno != ENOBUFS && errno != EPERM)
			fail("sendmmsg");
		sent += n > 0 ? (unsigned long)n : 1;
		if (pace > 0)
			keep_pace(start, sent, pace);
	}
	printf("sent=%lu\nseconds=%.6f\n", sent, now() - start);
	close(fd);
}

/* -- count -------------------------------------------------------------------------- */

static int open_port(uint16_t port)
{
	struct sockaddr_in6 address = { .sin6_family = AF_INET6,
		                        .sin6_port = htons(port) };
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK, 0), off = 0,
	    size = 32 << 20;

	if (fd < 0)
		fail("socket");
	setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)))
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)))
		fail("bind");
	return fd;
}

static unsigned long drain(int fd)
{
	static char payload[BATCH][64];
	struct mmsghdr messages[BATCH] = { 0 };
	struct iovec vectors[BATCH];
	unsigned long total = 0;
	int i, n;

	for (i = 0; i < BATCH; i++) {
		vectors[i] = (struct iovec){ payload[i], sizeof(payload[i]) };
		messages[i].msg_hdr.msg_iov = &vectors[i];
		messages[i].msg_hdr.msg_iovlen = 1;
	}
	while ((n = recvmmsg(fd, messages, BATCH, 0, NULL)) > 0)
		total += (unsigned long)n;
	return total;
}

static void count_all(uint16_t first, unsigned int ports)
{
	unsigned long counts[PORTS_MAX] = { 0 }, total = 0;
	struct pollfd pfds[PORTS_MAX];
	sigset_t blocked, waiting;
	unsigned int i;

	for (i = 0; i < ports; i++)
		pfds[i] = (struct pollfd){ open_port((uint16_t)(first + i)), POLLIN, 0 };
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGTERM);
	sigprocmask(SIG_BLOCK, &blocked, &waiting);
	printf("ready\n");
	fflush(stdout);
	while (!stopping) {
		ppoll(pfds, ports, NULL, &waiting);
		for (i = 0; i < ports; i++)
			counts[i] += drain(pfds[i].fd);
	}
	for (i = 0; i < ports; i++) {
		printf("%u=%lu\n", first + i, counts[i]);
		total += counts[i];
	}
	printf("received=%lu\n", total);
}

static unsigned long number(const char *text, unsigned long limit)
{
	unsigned long n = strtoul(text, NULL, 10);

	if (n == 0 || n > limit)
		exit(2);
	return n;
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_signal };
	struct target t;

	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	if (argc >= 6 && !strcmp(argv[1], "send")) {
		t = resolve(argv[2]);
		send_all(&t, (uint16_t)number(argv[3], 65535),
		         (unsigned int)number(argv[4], 65535), number(argv[5], ~0ul),
		         argc > 6 ? strtod(argv[6], NULL) : 0);
	} else if (argc == 4 && !strcmp(argv[1], "count")) {
		count_all((uint16_t)number(argv[2], 65535),
		          (unsigned int)number(argv[3], PORTS_MAX));
	} else {
		return 2;
	}
	return 0;
}
