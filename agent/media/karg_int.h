/* Syntaxes of karg_add(): false if out is full. */
#ifndef B7_AGENT_MEDIA_KARG_INT_H
#define B7_AGENT_MEDIA_KARG_INT_H

#include "agent/media/karg.h"

bool karg_grub(struct karg *k, const char *text, size_t n, struct buf *out);
bool karg_syslinux(struct karg *k, const char *text, size_t n, struct buf *out);

#endif
