/* Strings, numbers in strings, base64, hex, SHA-256 and RFC 3339 times. */
#ifndef B7_STR_H
#define B7_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

bool str_eq(const char *a, const char *b);  /* NULL equals only NULL */
bool str_ieq(const char *a, const char *b); /* ASCII case folded */
bool str_empty(const char *s);              /* NULL or "" */
bool str_has_prefix(const char *s, const char *prefix);
bool str_has_iprefix(const char *s, const char *prefix); /* ASCII folded */
bool str_has_suffix(const char *s, const char *suffix);
/* Copies with truncation; false if it had to cut. dst is always terminated. */
bool str_copy(char *dst, size_t cap, const char *src);
/* snprintf that says whether it fitted. */
bool str_format(char *dst, size_t cap, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* Whole string, base 10, no sign but '-', no spaces. */
bool str_to_i64(const char *s, int64_t *out);
bool str_to_u64(const char *s, uint64_t *out);
/* Whole string; a finite decimal number with optional fraction and exponent. */
bool str_to_double(const char *s, double *out);
/* Bytes of the valid UTF-8 sequence that starts at s (n left), 0 if none. */
size_t str_utf8_len(const char *s, size_t n);
/* '*' any run, '?' one character; used for fault patterns. */
bool str_glob(const char *pattern, const char *s);
uint64_t str_hash(const char *s, uint64_t seed); /* FNV-1a 64 */
/* Of ASCII: what a locale calls letters and digits is never meant. */
bool str_is_alnum(char c);
/* true for a valid RFC 1123 label (63) or subdomain (253). */
bool str_is_dns_label(const char *s);
bool str_is_dns_subdomain(const char *s);
/* Escapes control bytes, quotes and backslash as \xNN / \" / \\. */
void str_escape(char *dst, size_t cap, const char *src, size_t n);

bool b64_decode(const char *s, size_t n, void *out, size_t cap, size_t *len);
char *b64_encode(const void *p, size_t n);           /* owned */
void hex_encode(char *out, const void *p, size_t n); /* 2n + 1 bytes */
bool hex_decode(const char *s, void *out, size_t n);
void sha256(const void *p, size_t n, uint8_t out[32]);

/* "2026-11-22T18:25:00Z" (whole seconds) and with micros; UTC only. */
#define RFC3339_CAP 40
void rfc3339_s(char out[RFC3339_CAP], int64_t wall_us);
void rfc3339_us(char out[RFC3339_CAP], int64_t wall_us);
/* Accepts fractions and offsets "Z", "+hh:mm", "-hhmm" (iDRAC SSE). */
bool rfc3339_parse(const char *s, int64_t *wall_us);

#endif
