/* What differs between Linux, macOS and Windows, and nothing else: PC/SC's header, the terminal, folders, the locale. */
#ifndef XCA_CARD_PLATFORM_H
#define XCA_CARD_PLATFORM_H

#include <stddef.h>
#include <time.h>
#if defined(__APPLE__)
#include <PCSC/winscard.h>
#include <PCSC/wintypes.h>
#else
#include <winscard.h>
#endif

/* No core dumps and, where the system can, no debugger of another program of the same user. */
void platform_protect_memory(void);

/* PC/SC answers "in use elsewhere" at once instead of waiting in the library without end. */
void platform_pcsc_never_blocks(void);

/* Whether whoever waits is to stop waiting; asked some times a second. */
typedef int platform_over_fn(void *baton);

#define PLATFORM_OVER (-2)

/* Asks at the terminal (not at standard input, which may be a file) without showing what is typed. Returns the length,
 * -1 if there is no terminal or the line is longer than `size` - 1, PLATFORM_OVER if over() said so first (NULL: it never does). The line
 * has no line end. */
int platform_read_hidden(const char *prompt, char *line, size_t size, platform_over_fn *over, void *baton);

/* The same with what is typed shown. */
int platform_read_line(const char *prompt, char *line, size_t size, platform_over_fn *over, void *baton);

/* The name of the user's settings file (~/.config/xca-card/config) or of the system's; 0 if it does not fit. */
int platform_user_settings(char *path, size_t size);
int platform_system_settings(char *path, size_t size);

/* 1 if the user's locale is a Chinese one. */
int platform_speaks_chinese(void);

/* For a program that serves until it is told to end (Ctrl-C, SIGTERM): _prepare before the first thread, _wait sleeps until then. */
void platform_end_prepare(void);
void platform_end_wait(void);

void platform_sleep_ms(unsigned milliseconds);

/* Seconds that only ever go forward. */
double platform_clock(void);

/* Runs `work` in a thread of its own and waits for its end up to `seconds`. Returns 1 if it came to its end; otherwise the work goes on
 * alone and `abandon` will be called with the baton after it, in that thread. 0 without `abandon` called: there was no thread. */
typedef void platform_work_fn(void *baton);
int platform_run_within(double seconds, platform_work_fn *work, platform_work_fn *abandon, void *baton);

/* The time of a UTC date; there is no portable one. */
time_t platform_utc(struct tm *utc);

/* Runs pinentry with an Assuan dialogue: writes `request` and reads up to `size` - 1 bytes of what it answers.
 * Returns the length, -1 if it cannot be run, PLATFORM_OVER if it was ended because over() said so. */
int platform_run_pinentry(const char *program, const char *request, char *answer, size_t size, platform_over_fn *over,
                          void *baton);

#endif
