/*
 * Tokens of the media server: a MAC over whom they are for, so that every
 * replica with the key knows the same ones and nothing is stored. Lower-case
 * base32 (RFC 4648) of 128 bits: no BMC mangles that, and a URL stays short.
 */
#ifndef B7_AGENT_SERVE_TOKEN_H
#define B7_AGENT_SERVE_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TOKEN_KEY 32 /* bytes of a key */
#define TOKEN_LEN 26
#define TOKEN_CAP (TOKEN_LEN + 1)

enum token_purpose {
	TOKEN_MEDIUM,               /* GET /m/TOKEN/b.iso: what is booted */
	TOKEN_CONFIG,               /* GET /m/TOKEN/c.iso: the data alone */
	TOKEN_MEDIA,                /* the ones above are media */
	TOKEN_REPORT = TOKEN_MEDIA, /* POST /r/TOKEN */
	TOKEN_PURPOSES
};
struct token_of { /* all borrowed */
	const char *ns, *name, *claim;
	int attempt;
};
void token_make(const uint8_t key[TOKEN_KEY], enum token_purpose purpose,
    const struct token_of *of, char out[TOKEN_CAP]);
/* In a time that tells nothing of where they differ. */
bool token_same(const char a[TOKEN_CAP], const char b[TOKEN_CAP]);

/* What a request's target asks for. Exactly "/m/TOKEN/b.iso", "/m/TOKEN/c.iso" or
 * "/r/TOKEN"; letters of the token in either case, out in lower case. false:
 * another path. */
bool token_path(
    const char *target, enum token_purpose *purpose, char out[TOKEN_CAP]);
/* The URL of a purpose below a base ("http://10.0.0.1:8090"). false: it does
 * not fit. */
bool token_url(char *out, size_t cap, const char *base,
    enum token_purpose purpose, const char token[TOKEN_CAP]);
/* For logs: whatever follows "/m/" or "/r/" and could be a token becomes
 * "...". Cut to cap. */
void token_mask(char *out, size_t cap, const char *text);

#endif
