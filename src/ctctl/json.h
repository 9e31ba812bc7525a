/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * json.h - JSON written as it comes, never held
 *
 * A million connections are a gigabyte as a tree and nothing as a stream. The writer keeps
 * one bit for each open object or list: whether a comma is due. Strings become valid JSON
 * whatever bytes they have: what is not UTF-8 is written as U+FFFD. Write errors
 * stay in the FILE. Our own mistakes (too deep, end without begin) are asserted.
 *
 *	json_init(&json, stdout);
 *	json_object_begin(&json, NULL);
 *	json_string(&json, "proto", "tcp");
 *	json_number(&json, "mark", 16);
 *	json_object_end(&json);
 */
#ifndef CTCTL_JSON_H
#define CTCTL_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define JSON_DEPTH_MAX 64

struct json {
	FILE *out;
	unsigned int depth;
	uint64_t comma; /* bit i: a value stands at depth i already */
};

void json_init(struct json *json, FILE *out);

/* @key: within an object the member's name, within a list and outside NULL. */
void json_object_begin(struct json *json, const char *key);
void json_object_end(struct json *json);
void json_list_begin(struct json *json, const char *key);
void json_list_end(struct json *json);
void json_string(struct json *json, const char *key, const char *value);
void json_number(struct json *json, const char *key, uint64_t value);
void json_bool(struct json *json, const char *key, bool value);

/** A whole text of one number, with its newline: {"deleted":5} */
void json_write_number(FILE *out, const char *key, uint64_t value);

/** End a line between values: lists of many objects stay readable by lines. */
void json_newline(struct json *json);

/** Forget the comma: the next value begins a text of its own (one object per line). */
void json_separate(struct json *json);

#endif
