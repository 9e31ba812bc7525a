/* SPDX-License-Identifier: GPL-2.0-or-later */
/* file.h - files that live as long as a test */
#ifndef TEST_DAEMON_FILE_H
#define TEST_DAEMON_FILE_H

/** A new file in $TMPDIR with that text; returns its path. */
char *file_make(const char *text);

/** Overwrite it. */
void file_write(const char *path, const char *text);

/** Remove it and free @path. */
void file_remove(char *path);

#endif
