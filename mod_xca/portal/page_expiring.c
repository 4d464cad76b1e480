#include "portal/page_expiring.h"

#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>
#include "directory/expiry_store.h"
#include "domain/calendar.h"
#include "domain/csv.h"
#include "domain/expiry.h"
#include "portal/engine.h"

#define ROWS_A_PAGE  50
#define ROWS_A_FILE  50000 /* a month of a million certificates has a third of that */
#define YEARS_AHEAD  10    /* the longest validity */
#define DAY_LENGTH   10    /* "2026-12-31" */
#define SERIAL_DIGITS_MAX 40
#define BOM          "\xef\xbb\xbf"

/* What the visitor asked for. */
typedef struct {
    int month;
    xca_class class;   /* XCA_CLASS_NONE: all */
    int from_day;      /* of the month, counted from 1: where the page begins */
    const char *after; /* serial number on that day behind which it begins, or "" */
} question_t;

/* What is listed, in the order of the days, then of the numbers. */
typedef struct {
    apr_array_header_t *serials; /* const char * */
    apr_array_header_t *days;    /* const char *, of each */
    apr_array_header_t *certs;   /* xca_cert_t *, of each; NULL: gone since it was found */
    int more;
} listed_t;

static const char *text_of(const xca_visit_t *visit, const char *id) {
    return xca_catalogue_text(visit->portal->texts, id, visit->language);
}

static const char *day_name(int month, int day, apr_pool_t *pool) {
    return apr_psprintf(pool, "%s-%02d", xca_month_format(pool, month), day);
}

/* "month" is 2026-12, or with "year" beside it 12. What is no month within reach counts as this one. */
static int asked_month(const xca_visit_t *visit) {
    const char *month = xca_form_text(visit->form, "month"), *year = xca_form_text(visit->form, "year");
    int now = xca_month_of(visit->now), asked;

    if (month != NULL && year != NULL && strlen(month) <= 2 && strlen(year) == 4) {
        month = apr_psprintf(visit->pool, "%s-%s%s", year, strlen(month) == 1 ? "0" : "", month);
    }
    asked = xca_month_parse(month);
    return asked >= now - 12 * YEARS_AHEAD && asked <= now + 12 * YEARS_AHEAD ? asked : now;
}

/* "after" is day and serial number of the last row of the page before. */
static void take_start(question_t *question, const xca_visit_t *visit) {
    const char *after = xca_form_text(visit->form, "after");
    const char *month = xca_month_format(visit->pool, question->month), *serial;
    int day;

    question->from_day = 1;
    question->after = "";
    if (after == NULL || strlen(after) < DAY_LENGTH + 2 || strncmp(after, month, strlen(month)) != 0 ||
        after[DAY_LENGTH] != '.') {
        return;
    }
    day = (int)strtol(after + strlen(month) + 1, NULL, 10);
    serial = after + DAY_LENGTH + 1;
    if (day >= 1 && day <= xca_month_days(question->month) && strlen(serial) <= SERIAL_DIGITS_MAX &&
        strspn(serial, "0123456789abcdef") == strlen(serial)) {
        question->from_day = day;
        question->after = serial;
    }
}

static question_t asked(const xca_visit_t *visit) {
    question_t question;

    question.month = asked_month(visit);
    question.class = xca_class_by_id(xca_form_text(visit->form, "class"));
    take_start(&question, visit);
    return question;
}

/* Day by day until there are enough: each day is one question with an index. */
static xca_error_t *list_month(listed_t *listed, xca_visit_t *visit, const question_t *question, int limit) {
    int day, i;
    xca_error_t *err = NULL;

    listed->serials = apr_array_make(visit->pool, ROWS_A_PAGE, sizeof(const char *));
    listed->days = apr_array_make(visit->pool, ROWS_A_PAGE, sizeof(const char *));
    listed->more = 0;
    for (day = question->from_day; err == NULL && !listed->more && day <= xca_month_days(question->month); day++) {
        const char *name = day_name(question->month, day, visit->pool);
        apr_array_header_t *found;

        err = xca_cert_expiring(&found, visit->office->store, name, question->class, visit->pool);
        for (i = 0; err == NULL && i < found->nelts; i++) {
            const char *serial = APR_ARRAY_IDX(found, i, const char *);

            if (day == question->from_day && strcmp(serial, question->after) <= 0) {
                continue;
            }
            if (listed->serials->nelts == limit) {
                listed->more = 1;
                break;
            }
            APR_ARRAY_PUSH(listed->serials, const char *) = serial;
            APR_ARRAY_PUSH(listed->days, const char *) = name;
        }
    }
    return err == NULL ? xca_cert_read_these(&listed->certs, visit->office->store, listed->serials, visit->pool) : err;
}

static const char *kind_label(const xca_visit_t *visit, const xca_cert_t *cert) {
    return text_of(visit, cert->card_number != NULL ? "expiring.card"
                          : cert->use == XCA_USE_ENCRYPTION ? "use.encryption" : "use.signature");
}

static void put_rows(xca_visit_t *visit, const listed_t *listed) {
    xca_value_t *list = xca_map_list(visit->model, "certificates");
    int i;

    for (i = 0; i < listed->certs->nelts; i++) {
        const xca_cert_t *cert = APR_ARRAY_IDX(listed->certs, i, const xca_cert_t *);
        xca_value_t *item;

        if (cert == NULL) {
            continue;
        }
        item = xca_list_map(list);
        xca_map_text(item, "name", cert->org_name);
        xca_map_text(item, "oid", cert->oid);
        xca_map_text(item, "class", cert->class != XCA_CLASS_NONE ? xca_class_get(cert->class)->id : NULL);
        xca_map_text(item, "card_number", cert->card_number);
        xca_map_text(item, "serial", cert->serial);
        xca_map_text(item, "ends", APR_ARRAY_IDX(listed->days, i, const char *));
        xca_map_text(item, "_kind", kind_label(visit, cert));
        xca_map_text(item, "_number", cert->card_number != NULL ? cert->card_number : cert->serial);
        xca_map_text(item, "_href", apr_pstrcat(visit->pool, "/certificates/", cert->serial, NULL));
    }
}

static void put_option(xca_value_t *list, const char *value, const char *label, int selected) {
    xca_value_t *item = xca_list_map(list);

    xca_map_text(item, "value", value);
    xca_map_text(item, "label", label);
    xca_map_true(item, "selected", selected);
}

static const char *month_label(const xca_visit_t *visit, int month) {
    return visit->language == XCA_EN ? xca_month_format(visit->pool, month)
                                     : apr_psprintf(visit->pool, "%d 年 %d 月", month / 12, month % 12 + 1);
}

static void put_options(xca_visit_t *visit, const question_t *question) {
    int this_year = xca_month_of(visit->now) / 12, asked_year = question->month / 12, year, i;
    xca_value_t *list = xca_map_list(visit->model, "_years");

    for (year = asked_year < this_year - 1 ? asked_year : this_year - 1; year <= this_year + YEARS_AHEAD; year++) {
        put_option(list, apr_itoa(visit->pool, year),
                   visit->language == XCA_EN ? apr_itoa(visit->pool, year) : apr_psprintf(visit->pool, "%d 年", year),
                   year == asked_year);
    }
    list = xca_map_list(visit->model, "_months");
    for (i = 1; i <= 12; i++) {
        put_option(list, apr_itoa(visit->pool, i),
                   visit->language == XCA_EN ? apr_itoa(visit->pool, i) : apr_psprintf(visit->pool, "%d 月", i),
                   i == question->month % 12 + 1);
    }
    list = xca_map_list(visit->model, "_classes");
    for (i = XCA_CLASS_NONE + 1; i < XCA_CLASS_COUNT; i++) {
        const char *id = xca_class_get((xca_class)i)->id;

        put_option(list, id, text_of(visit, apr_pstrcat(visit->pool, "class.", id, NULL)), i == (int)question->class);
    }
}

/* The address of a month of this class, with what may stand behind. */
static const char *address_of(const xca_visit_t *visit, const question_t *question, int month, const char *more) {
    const char *class = question->class != XCA_CLASS_NONE
                            ? apr_pstrcat(visit->pool, "&class=", xca_class_get(question->class)->id, NULL)
                            : "";

    return apr_pstrcat(visit->pool, "/expiring?month=", xca_month_format(visit->pool, month), class, more, NULL);
}

/* This month and the three that come: what may be applied for anew by now. */
static void put_near(xca_visit_t *visit, const question_t *question) {
    xca_value_t *list = xca_map_list(visit->model, "_near");
    int now = xca_month_of(visit->now), i;

    for (i = 0; i <= XCA_EXPIRY_FIRST / 30; i++) {
        xca_value_t *item = xca_list_map(list);

        xca_map_text(item, "label", month_label(visit, now + i));
        xca_map_text(item, "href", address_of(visit, question, now + i, ""));
        if (now + i == question->month) {
            xca_map_text(item, "current", "true");
        }
    }
}

static void put_page(xca_visit_t *visit, const question_t *question, const listed_t *listed) {
    int last = listed->serials->nelts - 1;

    xca_map_text(visit->model, "month", xca_month_format(visit->pool, question->month));
    xca_map_text(visit->model, "class",
                 question->class != XCA_CLASS_NONE ? xca_class_get(question->class)->id : NULL);
    xca_map_text(visit->model, "_month", month_label(visit, question->month));
    xca_map_text(visit->model, "_class",
                 question->class != XCA_CLASS_NONE
                     ? text_of(visit, apr_pstrcat(visit->pool, "class.", xca_class_get(question->class)->id, NULL))
                     : text_of(visit, "statistics.all-classes"));
    put_options(visit, question);
    put_near(visit, question);
    put_rows(visit, listed);
    xca_map_text(visit->model, "_csv", address_of(visit, question, question->month, "&format=csv"));
    if (*question->after != '\0') {
        xca_map_text(visit->model, "_first", address_of(visit, question, question->month, ""));
    }
    if (listed->more) {
        const char *after = apr_pstrcat(visit->pool, APR_ARRAY_IDX(listed->days, last, const char *), ".",
                                        APR_ARRAY_IDX(listed->serials, last, const char *), NULL);

        xca_map_text(visit->model, "next_after", after);
        xca_map_text(visit->model, "_next",
                     address_of(visit, question, question->month, apr_pstrcat(visit->pool, "&after=", after, NULL)));
    }
    xca_map_true(visit->model, "_pages", listed->more || *question->after != '\0');
}

#define CSV_FIELDS 7

static void put_csv_line(apr_array_header_t *lines, const char *const *fields, apr_pool_t *pool) {
    const char *line = "";
    int i;

    for (i = 0; i < CSV_FIELDS; i++) {
        line = apr_pstrcat(pool, line, i > 0 ? "," : "", xca_csv_quote(pool, fields[i] != NULL ? fields[i] : ""), NULL);
    }
    APR_ARRAY_PUSH(lines, const char *) = apr_pstrcat(pool, line, "\r\n", NULL);
}

static xca_error_t *give_csv(xca_visit_t *visit, const question_t *question, const listed_t *listed) {
    static const char *const heads[CSV_FIELDS] = {"field.org_name", "field.oid",    "statistics.class", "expiring.kind",
                                                  "field.card_number", "field.serial", "expiring.end"};
    apr_array_header_t *lines = apr_array_make(visit->pool, listed->certs->nelts + 1, sizeof(const char *));
    const char *fields[CSV_FIELDS], *text;
    int i;

    for (i = 0; i < CSV_FIELDS; i++) {
        fields[i] = text_of(visit, heads[i]);
    }
    put_csv_line(lines, fields, visit->pool);
    for (i = 0; i < listed->certs->nelts; i++) {
        const xca_cert_t *cert = APR_ARRAY_IDX(listed->certs, i, const xca_cert_t *);

        if (cert == NULL) {
            continue;
        }
        fields[0] = cert->org_name;
        fields[1] = cert->oid;
        fields[2] = cert->class != XCA_CLASS_NONE
                        ? text_of(visit, apr_pstrcat(visit->pool, "class.", xca_class_get(cert->class)->id, NULL))
                        : "";
        fields[3] = kind_label(visit, cert);
        fields[4] = cert->card_number;
        fields[5] = cert->serial;
        fields[6] = APR_ARRAY_IDX(listed->days, i, const char *);
        put_csv_line(lines, fields, visit->pool);
    }
    text = apr_pstrcat(visit->pool, BOM, apr_array_pstrcat(visit->pool, lines, '\0'), NULL);
    xca_visit_give_text(visit, text, "text/csv; charset=utf-8");
    visit->data_name = apr_pstrcat(visit->pool, "xca-expiring-", xca_month_format(visit->pool, question->month), ".csv", NULL);
    return NULL;
}

xca_error_t *xca_page_expiring(xca_visit_t *visit) {
    const char *format = xca_form_text(visit->form, "format");
    int is_file = format != NULL && strcmp(format, "csv") == 0;
    question_t question = asked(visit);
    listed_t listed;
    xca_error_t *err = list_month(&listed, visit, &question, is_file ? ROWS_A_FILE : ROWS_A_PAGE);

    if (err != NULL) {
        return err;
    }
    if (is_file) {
        return give_csv(visit, &question, &listed);
    }
    put_page(visit, &question, &listed);
    return NULL;
}
