/*
 * One event a line: "time level process msg key=value ...". A log belongs to
 * a process (real or simulated), so that two agents in one test do not mix.
 * Values are escaped; secrets have no field type on purpose.
 */
#ifndef B7_LOG_H
#define B7_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loop;
struct err;

enum log_level {
	LOG_ERROR,
	LOG_WARN,
	LOG_INFO,
	LOG_DEBUG,
	LOG_TRACE
};

struct log {
	enum log_level level;
	const char *process;     /* borrowed; "" = left out */
	const struct loop *loop; /* for the time stamp; NULL = none */
	void (*sink)(void *arg, const char *line, size_t n); /* no newline */
	void *arg;
};

struct log_field {
	const char *key;
	enum {
		LOG_F_END,
		LOG_F_STR,
		LOG_F_INT,
		LOG_F_BOOL,
		LOG_F_ERR
	} type;
	union {
		const char *s;
		int64_t i;
		bool b;
		const struct err *e;
	} v;
};
#define F_STR(k, x) ((struct log_field){ (k), LOG_F_STR, { .s = (x) } })
#define F_INT(k, x) ((struct log_field){ (k), LOG_F_INT, { .i = (x) } })
#define F_BOOL(k, x) ((struct log_field){ (k), LOG_F_BOOL, { .b = (x) } })
#define F_ERR(x) ((struct log_field){ "err", LOG_F_ERR, { .e = (x) } })
#define F_END ((struct log_field){ NULL, LOG_F_END, { .i = 0 } })

/* fields may be NULL, else ends with F_END. */
void log_write(const struct log *l, enum log_level level, const char *msg,
    const struct log_field *fields);
/* At least one field: LOGI(l, "host powered on", F_STR("host", key)). */
#define LOG_AT(l, lvl, msg, ...) \
	log_write((l), (lvl), (msg), \
	    (const struct log_field[]){ __VA_ARGS__, F_END })
#define LOGE(l, msg, ...) LOG_AT(l, LOG_ERROR, msg, __VA_ARGS__)
#define LOGW(l, msg, ...) LOG_AT(l, LOG_WARN, msg, __VA_ARGS__)
#define LOGI(l, msg, ...) LOG_AT(l, LOG_INFO, msg, __VA_ARGS__)
#define LOGD(l, msg, ...) LOG_AT(l, LOG_DEBUG, msg, __VA_ARGS__)
bool log_level_parse(const char *s, enum log_level *out);
void log_sink_stderr(void *arg, const char *line, size_t n);

#endif
