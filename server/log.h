/*
 * One line an event, to standard error: "warn: hw:0: underrun, 3 so far".
 * Thread: control.
 */
#ifndef LOG_H
#define LOG_H

#include <stdint.h>

enum log_level {
	LOG_ERR,  /* a function is lost */
	LOG_WARN, /* degraded */
	LOG_INFO, /* state changed */
	LOG_DEBUG /* traces */
};

void log_set_level(enum log_level level);
enum log_level log_level(void);

void log_line(enum log_level level, const char *subject, const char *format,
    ...) __attribute__((format(printf, 3, 4)));

/*
 * A budget for lines that a peer can provoke: `burst` lines, then one line for
 * each `every` ms that says how many were left out.
 */
struct log_budget {
	uint32_t burst;	   /* constant */
	uint32_t every_ms; /* constant */
	uint32_t spent, dropped;
	uint64_t refill_at; /* ms, monotonic */
};

/* log_line() if the budget allows. */
void log_limited(struct log_budget *budget, enum log_level level,
    const char *subject, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#endif
