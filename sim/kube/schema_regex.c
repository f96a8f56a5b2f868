/* The matcher: the compiled program run over all its states at once. */
#include "sim/kube/schema_regex.h"

#include <string.h>

#include "common/mem.h"
#include "sim/kube/schema_regex_prog.h"

/* Which program counters are live, in order of arrival, each once. */
struct threads {
	uint32_t *pc, *at; /* owned; at[pc] is its place in pc[] */
	uint32_t n;
};

struct run {
	const struct schema_regex *r;
	struct threads now, next;
	uint32_t *stack;    /* owned */
	const char *p;      /* text left */
	uint32_t prev, cur; /* code points around p; 0 at the ends */
	bool at_start;
	uint64_t steps;
};

uint32_t
regex_decode(const char *s, unsigned *n)
{
	/* By the length that the first byte announces. */
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *u = (const unsigned char *)s;
	unsigned len = u[0] < 0xe0 ? 2 : u[0] < 0xf0 ? 3 : 4;
	uint32_t c = u[0] & (0x7fU >> len);

	*n = 1;
	if (u[0] < 0x80)
		return u[0];
	if (u[0] < 0xc0 || u[0] >= 0xf8)
		return 0xfffd;
	for (unsigned i = 1; i < len; i++) {
		if ((u[i] & 0xc0) != 0x80)
			return 0xfffd;
		c = c << 6 | (u[i] & 0x3f);
	}
	if (c < least[len])
		return 0xfffd;
	*n = len;
	return c;
}

static bool
is_word(uint32_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	       (c >= 'A' && c <= 'Z') || c == '_';
}

static bool
in_class(const struct regex_class *k, uint32_t c)
{
	bool in = false;

	for (unsigned i = 0; i < k->n && !in; i++)
		in = c >= k->lo[i] && c <= k->hi[i];
	return in != k->negated;
}

static bool
holds(const struct run *x, enum regex_op op)
{
	bool edge = is_word(x->prev) != is_word(x->cur);

	if (op == RX_BEGIN)
		return x->at_start;
	if (op == RX_END)
		return *x->p == '\0';
	return op == RX_WORD_EDGE ? edge : !edge;
}

static void
add_one(struct threads *t, uint32_t pc)
{
	t->at[pc] = t->n;
	t->pc[t->n++] = pc;
}

static bool
has(const struct threads *t, uint32_t pc)
{
	return t->at[pc] < t->n && t->pc[t->at[pc]] == pc;
}

/* Adds pc and all that it reaches without a character; true on a match. */
static bool
add(struct run *x, struct threads *t, uint32_t pc)
{
	uint32_t top = 0;

	x->stack[top++] = pc;
	while (top > 0) {
		const struct regex_inst *i;

		pc = x->stack[--top];
		if (has(t, pc))
			continue;
		add_one(t, pc);
		x->steps++;
		i = &x->r->inst[pc];
		switch (i->op) {
		case RX_MATCH:
			return true;
		case RX_JUMP:
			x->stack[top++] = i->x;
			break;
		case RX_SPLIT:
			x->stack[top++] = i->y;
			x->stack[top++] = i->x;
			break;
		case RX_BEGIN:
		case RX_END:
		case RX_WORD_EDGE:
		case RX_NOT_WORD_EDGE:
			if (holds(x, i->op))
				x->stack[top++] = pc + 1;
			break;
		case RX_CHAR:
		case RX_ANY:
		case RX_CLASS:
			break;
		}
	}
	return false;
}

static bool
takes(const struct schema_regex *r, const struct regex_inst *i, uint32_t c)
{
	if (i->op == RX_CHAR)
		return i->x == c;
	if (i->op == RX_ANY)
		return c != '\n';
	return i->op == RX_CLASS && in_class(&r->class[i->x], c);
}

/* Moves to the next character; true on a match. */
static bool
step(struct run *x, unsigned n)
{
	uint32_t c = x->cur;
	struct threads t;

	x->p += n;
	x->prev = c;
	x->at_start = false;
	x->cur = *x->p == '\0' ? 0 : regex_decode(x->p, &n);
	x->next.n = 0;
	for (uint32_t k = 0; k < x->now.n; k++) {
		uint32_t pc = x->now.pc[k];

		x->steps++;
		if (takes(x->r, &x->r->inst[pc], c) && add(x, &x->next, pc + 1))
			return true;
	}
	t = x->now;
	x->now = x->next;
	x->next = t;
	return false;
}

static bool
run(struct run *x)
{
	for (;;) {
		unsigned n = 0;

		x->cur = *x->p == '\0' ? 0 : regex_decode(x->p, &n);
		/* A match may start anywhere. */
		if (add(x, &x->now, 0))
			return true;
		if (*x->p == '\0' || x->steps > REGEX_MAX_STEPS)
			return false;
		if (step(x, n))
			return true;
		if (x->now.n == 0 && x->r->anchored)
			return false;
	}
}

bool
schema_regex_match(const struct schema_regex *r, const char *s)
{
	size_t n = r->n;
	uint32_t *mem = xcalloc(6 * n + 2, sizeof(*mem));
	struct run x = { .r = r,
		.now = { mem, mem + n, 0 },
		.next = { mem + 2 * n, mem + 3 * n, 0 },
		.stack = mem + 4 * n,
		.p = s,
		.at_start = true };
	bool found = run(&x);

	xfree(mem);
	return found;
}

void
schema_regex_free(struct schema_regex *r)
{
	if (r == NULL)
		return;
	for (size_t i = 0; i < r->n_class; i++) {
		xfree(r->class[i].lo);
		xfree(r->class[i].hi);
	}
	xfree(r->class);
	xfree(r->inst);
	xfree(r);
}
