/* Logging: the core writes through one function that the program sets (httpd's error log,
 * standard error of the tools). Secrets never go in: xca_secret_t has no string to print. */
#ifndef XCA_BASE_LOG_H
#define XCA_BASE_LOG_H

#include "base/error.h"

typedef enum { XCA_LOG_ERROR, XCA_LOG_WARNING, XCA_LOG_INFO, XCA_LOG_DEBUG } xca_log_level;

/* A sink writes one line (UTF-8, no newline, control characters already escaped). */
typedef void xca_log_sink(xca_log_level level, const char *line, void *baton);

/* Sets the process's sink; called once at start. Without one, lines go to standard error. */
void xca_log_set_sink(xca_log_sink *sink, void *baton, xca_log_level threshold);

/* Formats and writes one line; bytes below 0x20 and 0x7f are written as \xNN. */
void xca_log(xca_log_level level, const char *format, ...) XCA_PRINTF(2, 3);

/* Logs an error list with what was being done; NULL is ignored. Kinds that are the user's doing
 * (invalid, not found, denied) go to info, the others to error. */
void xca_log_error(const char *doing, const xca_error_t *err);

#endif
