/*
 * CSV as spreadsheets write it (RFC 4180): quotes, doubled quotes and line ends
 * inside of them, CRLF or LF, a byte order mark; comma, semicolon or tab, which
 * the first line decides. Decoded in place: fields point into the text. Pure.
 */
#ifndef B7_AGENT_ENROLL_CSV_H
#define B7_AGENT_ENROLL_CSV_H

#include <stdbool.h>
#include <stddef.h>

#include "common/err.h"

#define CSV_FIELDS 64
#define CSV_FIELD_MAX 4096 /* bytes of one field */

struct csv {
	char *p, *end;
	char sep;
	unsigned line; /* of p, from 1 */
};

enum csv_got {
	CSV_ROW,
	CSV_END,
	CSV_BAD /* e says line and why; nothing more can be read */
};

/* text[n] must be writable: it becomes a NUL. false: bytes that no text has. */
bool csv_open(struct csv *c, char *text, size_t n, struct err *e);
/* The next row that is not empty; *line is where it begins. Blanks around
 * fields without quotes are left out. */
enum csv_got csv_next(struct csv *c, char *fields[CSV_FIELDS], size_t *n,
    unsigned *line, struct err *e);

#endif
