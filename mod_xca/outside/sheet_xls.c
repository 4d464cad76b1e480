/* .xls: read by a program of its own, xca-xls, which holds no key and no password, and may be killed by what it reads. It gets
 * the file as its input and answers in CSV: "row",number,cells with a letter for their kind before the text; "merge" and four
 * numbers; "error" and a message; "end". */
#include "outside/sheet_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <apr_strings.h>
#include <apr_time.h>
#include "domain/csv.h"

#define ANSWER_MAX  (40 * 1024 * 1024)
#define ANSWER_WAIT apr_time_from_sec(15)
#define PIECE       65536

static xca_error_t *busy(apr_pool_t *pool, const char *why) {
    return xca_error_make(pool, XCA_E_UNAVAILABLE, "sheet.busy", "xca-xls: %s", why);
}

/* The file in memory that has no name. */
static int file_of(const void *data, apr_size_t length) {
    int file = memfd_create("xls", MFD_CLOEXEC);
    const char *at = data;

    while (file >= 0 && length > 0) {
        ssize_t written = write(file, at, length);

        if (written <= 0) {
            close(file);
            return -1;
        }
        at += written;
        length -= (apr_size_t)written;
    }
    if (file >= 0) {
        lseek(file, 0, SEEK_SET);
    }
    return file;
}

static pid_t start(int input, int output, const char *program, const char *preferred) {
    static char *const nothing[] = {NULL};
    char *const arguments[] = {(char *)(size_t)"xca-xls", (char *)(size_t)(preferred != NULL ? preferred : ""), NULL};
    posix_spawn_file_actions_t actions;
    pid_t child = -1;

    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, input, 0);
    posix_spawn_file_actions_adddup2(&actions, output, 1);
    if (posix_spawn(&child, program, &actions, NULL, arguments, nothing) != 0) {
        child = -1;
    }
    posix_spawn_file_actions_destroy(&actions);
    return child;
}

/* All that comes until the end, a limit or the time is over; 0 if it was not the end. */
static int collect(char *answer, apr_size_t *length, int from) {
    apr_time_t until = apr_time_now() + ANSWER_WAIT;

    for (*length = 0; *length < ANSWER_MAX;) {
        apr_interval_time_t left = until - apr_time_now();
        struct pollfd wait = {from, POLLIN, 0};
        apr_size_t room = ANSWER_MAX - *length < PIECE ? ANSWER_MAX - *length : PIECE;
        ssize_t got;

        if (left <= 0 || poll(&wait, 1, (int)apr_time_as_msec(left) + 1) < 0) {
            if (left > 0 && errno == EINTR) {
                continue;
            }
            return 0;
        }
        if (wait.revents == 0) {
            continue;
        }
        got = read(from, answer + *length, room);
        if (got <= 0) {
            return got == 0;
        }
        *length += (apr_size_t)got;
    }
    return 0;
}

static xca_error_t *ask(const char **answer, apr_size_t *length, xca_sheet_builder_t *builder, const void *data,
                        apr_size_t size) {
    char *space;
    int ends[2], status = 0, input, whole = 0;
    pid_t child = -1;

    *answer = "";
    *length = 0;
    input = file_of(data, size);
    if (input < 0 || pipe2(ends, O_CLOEXEC) != 0) {
        if (input >= 0) {
            close(input);
        }
        return busy(builder->pool, "no file or pipe");
    }
    child = start(input, ends[1], builder->options->xls_program, builder->options->preferred);
    close(input);
    close(ends[1]);
    /* Only what is written is taken from memory, so that the bound costs nothing. */
    space = mmap(NULL, ANSWER_MAX, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (child > 0 && space != MAP_FAILED) {
        whole = collect(space, length, ends[0]);
    }
    close(ends[0]);
    if (child > 0) {
        if (!whole) {
            kill(child, SIGKILL);
        }
        while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
        }
    }
    if (space != MAP_FAILED) {
        *answer = whole ? apr_pstrmemdup(builder->pool, space, *length) : "";
        munmap(space, ANSWER_MAX);
    }
    if (child <= 0) {
        return busy(builder->pool, builder->options->xls_program);
    }
    if (!whole) {
        return busy(builder->pool, "it took too long or had too much to say");
    }
    return NULL;
}

static xca_error_t *take_row(xca_sheet_builder_t *builder, const char *const *fields, int count) {
    int i;
    xca_error_t *err = NULL;

    if (count < 2) {
        return xca_sheet_damaged(builder->pool, "row without a number");
    }
    xca_sheet_row_begin(builder, atoi(fields[1]));
    for (i = 2; err == NULL && i < count; i++) {
        const char *text = xca_csv_unguard(fields[i]);
        xca_cell_kind kind = *text == 'n'   ? XCA_CELL_NUMBER
                             : *text == 'd' ? XCA_CELL_DATE
                             : *text == 'f' ? XCA_CELL_FORMULA
                             : *text == 'e' ? XCA_CELL_ERROR
                                            : XCA_CELL_TEXT;

        if (*text != '\0') {
            err = xca_sheet_cell(builder, i - 2, kind, text + 1, strlen(text + 1));
        }
    }
    return err == NULL ? xca_sheet_row_end(builder, 1) : err;
}

static xca_error_t *take_merge(xca_sheet_builder_t *builder, const char *const *fields, int count) {
    xca_merge_t merge;

    if (count != 5) {
        return xca_sheet_damaged(builder->pool, "merged cells");
    }
    merge.first_row = atoi(fields[1]);
    merge.last_row = atoi(fields[2]);
    merge.first_column = atoi(fields[3]);
    merge.last_column = atoi(fields[4]);
    return xca_sheet_merge(builder, &merge);
}

/* What the program may say went wrong; anything else is damage. */
static xca_error_t *take_error(xca_sheet_builder_t *builder, const char *message) {
    if (strcmp(message, "sheet.encrypted") == 0) {
        return xca_error_make(builder->pool, XCA_E_INVALID, "sheet.encrypted", NULL);
    }
    if (strcmp(message, "sheet.macros") == 0) {
        return xca_error_make(builder->pool, XCA_E_INVALID, "sheet.macros", NULL);
    }
    return xca_sheet_damaged(builder->pool, "xca-xls could not read it");
}

xca_error_t *xca_sheet_read_xls(xca_sheet_builder_t *builder, const void *data, apr_size_t length) {
    const char *answer;
    apr_size_t answer_length;
    xca_csv_t *csv;
    xca_error_t *err;

    if (builder->options->xls_program == NULL) {
        return xca_error_make(builder->pool, XCA_E_INVALID, "sheet.no-xls", NULL);
    }
    err = ask(&answer, &answer_length, builder, data, length);
    if (err != NULL) {
        return err;
    }
    csv = xca_csv_open(builder->pool, answer, answer_length);
    for (;;) {
        const char **fields;
        int count, line;

        err = xca_csv_next(csv, &fields, &count, &line, builder->pool);
        if (err != NULL || count == 0) {
            return xca_sheet_damaged(builder->pool, "xca-xls stopped in the middle");
        }
        if (strcmp(fields[0], "row") == 0) {
            err = take_row(builder, fields, count);
        } else if (strcmp(fields[0], "merge") == 0) {
            err = take_merge(builder, fields, count);
        } else if (strcmp(fields[0], "table") == 0 && count == 2) {
            builder->sheet->name = fields[1];
        } else if (strcmp(fields[0], "error") == 0 && count == 2) {
            return take_error(builder, fields[1]);
        } else if (strcmp(fields[0], "end") == 0) {
            return NULL;
        } else {
            err = xca_sheet_damaged(builder->pool, "answer of xca-xls");
        }
        if (err != NULL) {
            return err;
        }
    }
}
