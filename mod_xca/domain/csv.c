#include "domain/csv.h"

#include <string.h>
#include <apr_strings.h>
#include "base/text.h"

struct xca_csv {
    const char *at, *end;
    int line;           /* number of the line that begins at `at` */
    apr_size_t rereads; /* bytes that recovery may still read again */
};

xca_csv_t *xca_csv_open(apr_pool_t *pool, const char *text, apr_size_t length) {
    xca_csv_t *csv = apr_palloc(pool, sizeof(*csv));

    csv->at = text;
    csv->end = text + length;
    csv->line = 1;
    csv->rereads = length;
    if (length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
        csv->at += 3;
    }
    return csv;
}

/* Length of the line end at `at`: 2 for CRLF, 1 for LF, 0 if there is none. */
static int line_end(const char *at, const char *end) {
    if (at < end && *at == '\n') {
        return 1;
    }
    return end - at >= 2 && at[0] == '\r' && at[1] == '\n' ? 2 : 0;
}

static int at_field_end(const char *at, const char *end) {
    return at == end || *at == ',' || line_end(at, end) > 0;
}

/* Reads an unquoted field. Returns what is wrong with it, or NULL. */
static const char *read_plain(const char **at, const char *end, const char **field,
                              apr_pool_t *pool) {
    const char *start = *at;

    while (!at_field_end(*at, end)) {
        if (**at == '"') {
            return "csv.quote";
        }
        if (++*at - start > XCA_CSV_FIELD_MAX) {
            return "csv.field-long";
        }
    }
    *field = apr_pstrmemdup(pool, start, (apr_size_t)(*at - start));
    if (!xca_text_valid(start, (apr_size_t)(*at - start), 1)) {
        return "csv.utf8";
    }
    return NULL;
}

/* Moves *at behind the closing quote, counting doubled quotes. Returns what is wrong, or NULL. */
static const char *find_closing_quote(const char **at, const char *end, apr_size_t *doubled) {
    const char *start = *at;

    for (; *at < end; ++*at) {
        if (*at - start > XCA_CSV_FIELD_MAX) {
            return "csv.field-long";
        }
        if (**at != '"') {
            continue;
        }
        if (*at + 1 < end && (*at)[1] == '"') {
            ++*doubled;
            ++*at;
            continue;
        }
        ++*at;
        return at_field_end(*at, end) ? NULL : "csv.quote";
    }
    return "csv.quote";
}

/* Reads a quoted field; *at stands on its first quote. */
static const char *read_quoted(const char **at, const char *end, const char **field,
                               apr_pool_t *pool) {
    const char *start = ++*at, *from;
    apr_size_t doubled = 0;
    const char *wrong = find_closing_quote(at, end, &doubled);
    char *to;

    if (wrong != NULL) {
        return wrong;
    }
    *field = to = apr_palloc(pool, (apr_size_t)(*at - start) - doubled);
    for (from = start; from < *at - 1; from++) {
        from += *from == '"';
        *to++ = *from;
    }
    *to = '\0';
    return xca_text_valid(start, (apr_size_t)(*at - 1 - start), 1) ? NULL : "csv.utf8";
}

static int count_lines(const char *from, const char *to) {
    int lines = 0;

    while (from < to && (from = memchr(from, '\n', (apr_size_t)(to - from))) != NULL) {
        lines++;
        from++;
    }
    return lines;
}

/* Finds where to go on after a row that broke off at `broken`: on the line behind the one where
 * the row began, because a forgotten quote swallows good rows. Reading them again is bounded, so
 * that hostile input costs no more than twice its length. */
static const char *resume_at(xca_csv_t *csv, const char *row, const char *broken) {
    const char *newline = memchr(row, '\n', (apr_size_t)(csv->end - row));

    if (newline != NULL && newline < broken) {
        apr_size_t again = (apr_size_t)(broken - newline);

        if (again <= csv->rereads) {
            csv->rereads -= again;
            return newline + 1;
        }
        newline = memchr(broken, '\n', (apr_size_t)(csv->end - broken));
    }
    return newline != NULL ? newline + 1 : csv->end;
}

static xca_error_t *bad_row(xca_csv_t *csv, const char *wrong, const char *row, const char *at,
                            int columns, apr_pool_t *pool) {
    xca_error_t *err = xca_error_make(pool, XCA_E_INVALID, wrong, NULL);

    err->arg = apr_psprintf(pool, "%d:%d", csv->line, columns);
    csv->at = resume_at(csv, row, at);
    csv->line += count_lines(row, csv->at);
    return err;
}

xca_error_t *xca_csv_next(xca_csv_t *csv, const char ***fields, int *count, int *line,
                          apr_pool_t *row_pool) {
    const char **columns = apr_pcalloc(row_pool, (XCA_CSV_COLUMNS_MAX + 1) * sizeof(*columns));
    const char *at, *row;
    const char *bad_text = NULL;
    int bad_column = 0;

    while (line_end(csv->at, csv->end) > 0) { /* empty lines */
        csv->at += line_end(csv->at, csv->end);
        csv->line++;
    }
    at = row = csv->at;
    *fields = columns;
    *line = csv->line;
    *count = 0;
    if (at == csv->end) {
        return NULL;
    }
    for (;;) {
        const char *wrong;
        int column = *count;

        if (column == XCA_CSV_COLUMNS_MAX) {
            return bad_row(csv, "csv.columns", row, at, column + 1, row_pool);
        }
        wrong = at < csv->end && *at == '"' ? read_quoted(&at, csv->end, &columns[column], row_pool)
                                            : read_plain(&at, csv->end, &columns[column], row_pool);
        if (wrong != NULL && strcmp(wrong, "csv.utf8") != 0) {
            return bad_row(csv, wrong, row, at, column + 1, row_pool);
        }
        if (wrong != NULL && bad_text == NULL) { /* the row's end can still be found */
            bad_text = wrong;
            bad_column = column + 1;
        }
        ++*count;
        if (at == csv->end || *at != ',') {
            break;
        }
        at++;
    }
    at += line_end(at, csv->end);
    if (bad_text != NULL) {
        xca_error_t *err = xca_error_make(row_pool, XCA_E_INVALID, bad_text, NULL);

        err->arg = apr_psprintf(row_pool, "%d:%d", csv->line, bad_column);
        *count = 0;
        csv->line += count_lines(row, at);
        csv->at = at;
        return err;
    }
    csv->line += count_lines(row, at);
    csv->at = at;
    return NULL;
}

/* Non-zero for a text that a spreadsheet would run as a formula, or that looks like one with the
 * guard before it (so that taking the guard off gives the same text back). */
static int looks_like_formula(const char *field) {
    while (*field == '\'') {
        field++;
    }
    return *field != '\0' && strchr("=+-@\t\r", *field) != NULL;
}

char *xca_csv_quote(apr_pool_t *pool, const char *field) {
    char *quoted = apr_palloc(pool, strlen(field) * 2 + 4);
    char *to = quoted;
    int guard = looks_like_formula(field);

    if (strpbrk(field, ",\"\r\n") == NULL) {
        return apr_pstrcat(pool, guard ? "'" : "", field, NULL);
    }
    *to++ = '"';
    if (guard) {
        *to++ = '\'';
    }
    for (; *field != '\0'; field++) {
        if (*field == '"') {
            *to++ = '"';
        }
        *to++ = *field;
    }
    *to++ = '"';
    *to = '\0';
    return quoted;
}

const char *xca_csv_unguard(const char *field) {
    return *field == '\'' && looks_like_formula(field) ? field + 1 : field;
}
