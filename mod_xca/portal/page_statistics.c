#include "portal/page_statistics.h"

#include <string.h>
#include <apr_strings.h>
#include "directory/statistics_store.h"
#include "domain/calendar.h"
#include "domain/csv.h"
#include "portal/chart.h"
#include "portal/engine.h"
#include "portal/places.h"

#define NATIONAL "-" /* in addresses: bodies without a county */
#define BOM      "\xef\xbb\xbf"

/* What the visitor chose; NULL: everything. */
typedef struct {
    const char *year, *class, *county;
} choice_t;

/* One line of a table: a period, a class or a county. */
typedef struct {
    const char *id, *label;
    xca_count_t sum;
} line_t;

typedef struct {
    choice_t choice;
    apr_time_t counted;
    apr_array_header_t *years;   /* xca_period_t *, all of them */
    apr_array_header_t *periods; /* xca_period_t *: the months of the chosen year, or the years */
    apr_array_header_t *by_period, *by_class, *by_county; /* line_t */
    xca_count_t total;
} statistics_t;

static const char *text_of(const xca_visit_t *visit, const char *id) {
    return xca_catalogue_text(visit->portal->texts, id, visit->language);
}

static const char *class_id(xca_class class) {
    return xca_class_get(class)->id;
}

static const char *class_label(const xca_visit_t *visit, const char *id) {
    return strcmp(id, "none") == 0 ? text_of(visit, "statistics.class-none")
                                   : text_of(visit, apr_pstrcat(visit->pool, "class.", id, NULL));
}

static const char *county_label(xca_visit_t *visit, const char *id) {
    return strcmp(id, NATIONAL) == 0 ? text_of(visit, "statistics.national") : xca_places_county(visit, id);
}

/* "2026年" and "11月"; "2026", "Nov". */
static const char *period_label(const xca_visit_t *visit, const char *name) {
    static const char *const short_months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                               "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    int month = xca_month_parse(name);

    if (month < 0) {
        return visit->language == XCA_EN ? name : apr_pstrcat(visit->pool, name, " 年", NULL);
    }
    return visit->language == XCA_EN ? short_months[month % 12] : apr_psprintf(visit->pool, "%d 月", month % 12 + 1);
}

static int is_chosen(const choice_t *choice, const xca_count_t *count) {
    const char *county = count->county != NULL ? count->county : NATIONAL;

    return (choice->class == NULL || strcmp(choice->class, class_id(count->class)) == 0) &&
           (choice->county == NULL || strcmp(choice->county, county) == 0);
}

static line_t *line_of(apr_array_header_t *lines, const char *id) {
    line_t *line;
    int i;

    for (i = 0; i < lines->nelts; i++) {
        line = &APR_ARRAY_IDX(lines, i, line_t);
        if (strcmp(line->id, id) == 0) {
            return line;
        }
    }
    line = apr_array_push(lines);
    memset(line, 0, sizeof(*line));
    line->id = id;
    return line;
}

/* Classes and counties in the order of the forms, so that a table does not jump about; what is not known there comes last. */
static void begin_lines(statistics_t *statistics, xca_visit_t *visit) {
    const apr_array_header_t *counties = xca_postal_counties(visit->office->postal);
    int i;

    statistics->by_period = apr_array_make(visit->pool, 16, sizeof(line_t));
    statistics->by_class = apr_array_make(visit->pool, XCA_CLASS_COUNT, sizeof(line_t));
    statistics->by_county = apr_array_make(visit->pool, 32, sizeof(line_t));
    for (i = XCA_CLASS_NONE + 1; i < XCA_CLASS_COUNT; i++) {
        (void)line_of(statistics->by_class, class_id((xca_class)i));
    }
    for (i = 0; i < counties->nelts; i++) {
        (void)line_of(statistics->by_county, APR_ARRAY_IDX(counties, i, const xca_district_t *)->county);
    }
    (void)line_of(statistics->by_county, NATIONAL);
}

/* A chosen year has all its months, as far as they have come. */
static void begin_months(statistics_t *statistics, xca_visit_t *visit) {
    int month, i;

    if (statistics->choice.year == NULL) {
        return;
    }
    month = xca_month_parse(apr_pstrcat(visit->pool, statistics->choice.year, "-01", NULL));
    for (i = 0; i < 12 && month >= 0 && month + i <= xca_month_of(visit->now); i++) {
        (void)line_of(statistics->by_period, xca_month_format(visit->pool, month + i));
    }
}

/* Sums of what is chosen. Without a year all are summed; with one its months. */
static void sum_up(statistics_t *statistics, xca_visit_t *visit) {
    int i, j;

    begin_lines(statistics, visit);
    begin_months(statistics, visit);
    for (i = 0; i < statistics->periods->nelts; i++) {
        const xca_period_t *period = APR_ARRAY_IDX(statistics->periods, i, const xca_period_t *);
        line_t *line = line_of(statistics->by_period, period->name);

        for (j = 0; j < period->counts->nelts; j++) {
            const xca_count_t *count = &APR_ARRAY_IDX(period->counts, j, const xca_count_t);

            if (is_chosen(&statistics->choice, count)) {
                xca_count_add(&line->sum, count);
                xca_count_add(&statistics->total, count);
                xca_count_add(&line_of(statistics->by_class, class_id(count->class))->sum, count);
                xca_count_add(&line_of(statistics->by_county, count->county != NULL ? count->county : NATIONAL)->sum, count);
            }
        }
    }
}

static void label_lines(statistics_t *statistics, xca_visit_t *visit) {
    int i;

    for (i = 0; i < statistics->by_period->nelts; i++) {
        line_t *line = &APR_ARRAY_IDX(statistics->by_period, i, line_t);

        line->label = period_label(visit, line->id);
    }
    for (i = 0; i < statistics->by_class->nelts; i++) {
        line_t *line = &APR_ARRAY_IDX(statistics->by_class, i, line_t);

        line->label = class_label(visit, line->id);
    }
    for (i = 0; i < statistics->by_county->nelts; i++) {
        line_t *line = &APR_ARRAY_IDX(statistics->by_county, i, line_t);

        line->label = county_label(visit, line->id);
    }
}

static int has_year(const apr_array_header_t *years, const char *year) {
    int i;

    for (i = 0; i < years->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(years, i, const xca_period_t *)->name, year) == 0) {
            return 1;
        }
    }
    return 0;
}

static int has_line(const apr_array_header_t *lines, const char *id) {
    int i;

    for (i = 0; i < lines->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(lines, i, const line_t).id, id) == 0) {
            return 1;
        }
    }
    return 0;
}

/* The choice of the address, as far as there is such a thing: what is not there counts as not chosen. */
static void take_choice(statistics_t *statistics, xca_visit_t *visit) {
    const char *class = xca_form_text(visit->form, "class"), *county = xca_form_text(visit->form, "county");

    begin_lines(statistics, visit);
    if (class != NULL && has_line(statistics->by_class, class)) {
        statistics->choice.class = class;
    }
    if (county != NULL && has_line(statistics->by_county, county)) {
        statistics->choice.county = county;
    }
}

static xca_error_t *read_statistics(statistics_t *statistics, xca_visit_t *visit) {
    const char *year = xca_form_text(visit->form, "year");
    xca_error_t *err;

    memset(statistics, 0, sizeof(*statistics));
    take_choice(statistics, visit);
    /* The counts of all years are not read for one of them. */
    err = xca_statistics_years(&statistics->years, &statistics->counted, visit->office->store, year == NULL, visit->pool);
    if (err != NULL) {
        return err;
    }
    statistics->periods = statistics->years;
    if (year != NULL && !has_year(statistics->years, year)) {
        err = xca_statistics_years(&statistics->periods, NULL, visit->office->store, 1, visit->pool);
    } else if (year != NULL) {
        statistics->choice.year = year;
        err = xca_statistics_months(&statistics->periods, visit->office->store, year, visit->pool);
    }
    if (err == NULL) {
        sum_up(statistics, visit);
        label_lines(statistics, visit);
    }
    return err;
}

/* "?year=2026&class=school" with what is chosen, and `more`. */
static const char *query_of(const choice_t *choice, const char *more, apr_pool_t *pool) {
    const char *query = apr_pstrcat(pool, choice->year != NULL ? apr_pstrcat(pool, "&year=", choice->year, NULL) : "",
                                    choice->class != NULL ? apr_pstrcat(pool, "&class=", choice->class, NULL) : "",
                                    choice->county != NULL ? apr_pstrcat(pool, "&county=", xca_path_encoded(choice->county, pool), NULL) : "",
                                    more != NULL ? apr_pstrcat(pool, "&", more, NULL) : "", NULL);

    return *query == '\0' ? "" : apr_pstrcat(pool, "?", query + 1, NULL);
}

static void put_numbers(xca_value_t *map, const xca_count_t *sum) {
    int i;

    for (i = 0; i < XCA_TALLY_COUNT; i++) {
        xca_map_number(map, xca_tally_id((xca_tally)i), sum->of[i]);
    }
}

/* `columns`: what the table shows, ended by XCA_TALLY_COUNT. */
static void put_cells(xca_visit_t *visit, xca_value_t *map, const xca_count_t *sum, const xca_tally *columns) {
    xca_value_t *cells = xca_map_list(map, "_cells");

    for (; *columns != XCA_TALLY_COUNT; columns++) {
        xca_list_text(cells, xca_number_grouped(visit->pool, sum->of[*columns]));
    }
}

static void put_lines(xca_visit_t *visit, const char *key, const char *name, const apr_array_header_t *lines,
                      const xca_tally *columns, int with_empty) {
    xca_value_t *list = xca_map_list(visit->model, key);
    int i;

    for (i = 0; i < lines->nelts; i++) {
        const line_t *line = &APR_ARRAY_IDX(lines, i, const line_t);
        xca_value_t *item;

        if (!with_empty && line->sum.of[XCA_TALLY_ISSUED] == 0 && line->sum.of[XCA_TALLY_REVOCATIONS] == 0 &&
            line->sum.of[XCA_TALLY_EXPIRIES] == 0) {
            continue;
        }
        item = xca_list_map(list);
        xca_map_text(item, name, line->id);
        xca_map_text(item, "_label", line->label);
        put_numbers(item, &line->sum);
        put_cells(visit, item, &line->sum, columns);
    }
}

static void put_option(xca_value_t *list, const char *value, const char *label, const char *chosen) {
    xca_value_t *item = xca_list_map(list);

    xca_map_text(item, "value", value);
    xca_map_text(item, "label", label);
    xca_map_true(item, "selected", chosen != NULL && strcmp(chosen, value) == 0);
}

static void put_options(xca_visit_t *visit, const statistics_t *statistics) {
    xca_value_t *list = xca_map_list(visit->model, "_years");
    int i;

    for (i = statistics->years->nelts - 1; i >= 0; i--) {
        const char *year = APR_ARRAY_IDX(statistics->years, i, const xca_period_t *)->name;

        put_option(list, year, period_label(visit, year), statistics->choice.year);
    }
    list = xca_map_list(visit->model, "_classes");
    for (i = 0; i < statistics->by_class->nelts; i++) {
        const line_t *line = &APR_ARRAY_IDX(statistics->by_class, i, const line_t);

        put_option(list, line->id, line->label, statistics->choice.class);
    }
    list = xca_map_list(visit->model, "_counties");
    for (i = 0; i < statistics->by_county->nelts; i++) {
        const line_t *line = &APR_ARRAY_IDX(statistics->by_county, i, const line_t);

        put_option(list, line->id, line->label, statistics->choice.county);
    }
}

static const xca_tally state_columns[] = {XCA_TALLY_ISSUED,  XCA_TALLY_VALID,   XCA_TALLY_PENDING, XCA_TALLY_SUSPENDED,
                                          XCA_TALLY_REVOKED, XCA_TALLY_EXPIRED, XCA_TALLY_COUNT};
static const xca_tally period_columns[] = {XCA_TALLY_ISSUED, XCA_TALLY_REVOCATIONS, XCA_TALLY_EXPIRIES,
                                           XCA_TALLY_VALID, XCA_TALLY_COUNT};

/* What is chosen, in words: "2026 年，學校，臺北市". */
static const char *scope_text(xca_visit_t *visit, const choice_t *choice) {
    const char *comma = visit->language == XCA_EN ? ", " : "，";

    return apr_pstrcat(visit->pool,
                       choice->year != NULL ? period_label(visit, choice->year) : text_of(visit, "statistics.all-years"), comma,
                       choice->class != NULL ? class_label(visit, choice->class) : text_of(visit, "statistics.all-classes"), comma,
                       choice->county != NULL ? county_label(visit, choice->county) : text_of(visit, "statistics.all-counties"),
                       NULL);
}

static void put_columns(xca_visit_t *visit, const char *key, const xca_tally *columns, const char *prefix) {
    xca_value_t *list = xca_map_list(visit->model, key);

    for (; *columns != XCA_TALLY_COUNT; columns++) {
        xca_list_text(list, text_of(visit, apr_pstrcat(visit->pool, prefix, xca_tally_id(*columns), NULL)));
    }
}

static void put_page(xca_visit_t *visit, const statistics_t *statistics) {
    const choice_t *choice = &statistics->choice;
    xca_value_t *total;

    xca_map_text(visit->model, "year", choice->year);
    xca_map_text(visit->model, "class", choice->class);
    xca_map_text(visit->model, "county", choice->county);
    if (statistics->counted != 0) {
        xca_map_text(visit->model, "counted", xca_date_format(visit->pool, statistics->counted, XCA_DATE_RFC3339));
        xca_map_text(visit->model, "_counted", xca_date_format(visit->pool, statistics->counted, XCA_DATE_ISO_TIME));
    }
    xca_map_text(visit->model, "_scope", scope_text(visit, choice));
    put_options(visit, statistics);
    put_columns(visit, "_state_columns", state_columns, "statistics.state.");
    put_columns(visit, "_period_columns", period_columns, "statistics.event.");
    total = xca_map_map(visit->model, "total");
    put_numbers(total, &statistics->total);
    put_cells(visit, total, &statistics->total, state_columns);
    put_cells(visit, xca_map_map(visit->model, "_total_period"), &statistics->total, period_columns);
    put_lines(visit, "by_period", "period", statistics->by_period, period_columns, 1);
    put_lines(visit, "by_class", "class", statistics->by_class, state_columns, choice->class == NULL);
    put_lines(visit, "by_county", "county", statistics->by_county, state_columns, 0);
    xca_map_text(visit->model, "_period_chart",
                 apr_pstrcat(visit->pool, "/statistics/chart/periods.svg", query_of(choice, NULL, visit->pool), NULL));
    xca_map_text(visit->model, "_class_chart",
                 apr_pstrcat(visit->pool, "/statistics/chart/classes.svg", query_of(choice, NULL, visit->pool), NULL));
    xca_map_text(visit->model, "_csv",
                 apr_pstrcat(visit->pool, "/statistics", query_of(choice, "format=csv", visit->pool), NULL));
}

static void put_csv_line(apr_array_header_t *lines, const char *const *fields, int count, apr_pool_t *pool) {
    apr_array_header_t *quoted = apr_array_make(pool, count, sizeof(const char *));
    int i;

    for (i = 0; i < count; i++) {
        APR_ARRAY_PUSH(quoted, const char *) = xca_csv_quote(pool, fields[i]);
    }
    APR_ARRAY_PUSH(lines, const char *) = apr_pstrcat(pool, apr_array_pstrcat(pool, quoted, ','), "\r\n", NULL);
}

#define CSV_FIELDS (3 + XCA_TALLY_COUNT)

/* A line a period, class and county: what the tables are sums of. */
static xca_error_t *give_csv(xca_visit_t *visit, const statistics_t *statistics) {
    apr_array_header_t *lines = apr_array_make(visit->pool, 64, sizeof(const char *));
    const char *fields[CSV_FIELDS] = {text_of(visit, "statistics.period"), text_of(visit, "statistics.class"),
                                      text_of(visit, "statistics.county")};
    const char *text;
    int i, j, k;

    for (k = 0; k < XCA_TALLY_COUNT; k++) {
        const char *prefix = k >= XCA_TALLY_REVOCATIONS ? "statistics.event." : "statistics.state.";

        fields[3 + k] = text_of(visit, apr_pstrcat(visit->pool, prefix, xca_tally_id((xca_tally)k), NULL));
    }
    put_csv_line(lines, fields, CSV_FIELDS, visit->pool);
    for (i = 0; i < statistics->periods->nelts; i++) {
        const xca_period_t *period = APR_ARRAY_IDX(statistics->periods, i, const xca_period_t *);

        for (j = 0; j < period->counts->nelts; j++) {
            const xca_count_t *count = &APR_ARRAY_IDX(period->counts, j, const xca_count_t);

            if (!is_chosen(&statistics->choice, count)) {
                continue;
            }
            fields[0] = period->name;
            fields[1] = class_label(visit, class_id(count->class));
            fields[2] = county_label(visit, count->county != NULL ? count->county : NATIONAL);
            for (k = 0; k < XCA_TALLY_COUNT; k++) {
                fields[3 + k] = apr_psprintf(visit->pool, "%" APR_INT64_T_FMT, count->of[k]);
            }
            put_csv_line(lines, fields, CSV_FIELDS, visit->pool);
        }
    }
    text = apr_pstrcat(visit->pool, BOM, apr_array_pstrcat(visit->pool, lines, '\0'), NULL);
    xca_visit_give_text(visit, text, "text/csv; charset=utf-8");
    visit->data_name = "xca-statistics.csv";
    return NULL;
}

xca_error_t *xca_page_statistics(xca_visit_t *visit) {
    const char *format = xca_form_text(visit->form, "format");
    statistics_t statistics;
    xca_error_t *err = read_statistics(&statistics, visit);

    if (err != NULL) {
        return err;
    }
    if (format != NULL && strcmp(format, "csv") == 0) {
        return give_csv(visit, &statistics);
    }
    put_page(visit, &statistics);
    return NULL;
}

static void add_row(xca_chart_t *chart, const line_t *line, const xca_tally *series) {
    xca_chart_row_t *row = apr_array_push(chart->rows);
    int i;

    memset(row, 0, sizeof(*row));
    row->label = line->label;
    for (i = 0; i < chart->series_count; i++) {
        row->values[i] = line->sum.of[series[i]];
    }
}

/* `series` ended by XCA_TALLY_COUNT; `only`: the one line to show, or NULL for all. */
static void draw(xca_visit_t *visit, xca_chart_t *chart, const apr_array_header_t *lines, const char *only,
                 const xca_tally *series, const char *prefix) {
    xca_bytes_t *svg = apr_palloc(visit->pool, sizeof(*svg));
    int i;

    for (; series[chart->series_count] != XCA_TALLY_COUNT; chart->series_count++) {
        chart->series[chart->series_count] =
            text_of(visit, apr_pstrcat(visit->pool, prefix, xca_tally_id(series[chart->series_count]), NULL));
    }
    chart->rows = apr_array_make(visit->pool, 16, sizeof(xca_chart_row_t));
    for (i = 0; i < lines->nelts; i++) {
        const line_t *line = &APR_ARRAY_IDX(lines, i, const line_t);

        if (only == NULL || strcmp(only, line->id) == 0) {
            add_row(chart, line, series);
        }
    }
    *svg = xca_chart_svg(chart, visit->pool);
    visit->data = svg;
    visit->data_type = "image/svg+xml";
}

xca_error_t *xca_page_statistics_chart(xca_visit_t *visit) {
    static const xca_tally events[] = {XCA_TALLY_ISSUED, XCA_TALLY_REVOCATIONS, XCA_TALLY_EXPIRIES, XCA_TALLY_COUNT};
    static const xca_tally states[] = {XCA_TALLY_VALID,   XCA_TALLY_REVOKED,   XCA_TALLY_EXPIRED,
                                       XCA_TALLY_PENDING, XCA_TALLY_SUSPENDED, XCA_TALLY_COUNT};
    int periods = strcmp(visit->arg, "periods.svg") == 0;
    statistics_t statistics;
    xca_chart_t chart = {0};
    xca_error_t *err;

    if (!periods && strcmp(visit->arg, "classes.svg") != 0) {
        return xca_error_make(visit->pool, XCA_E_NOT_FOUND, "page.not-found", "chart %s", visit->arg);
    }
    err = read_statistics(&statistics, visit);
    if (err != NULL) {
        return err;
    }
    chart.title = apr_pstrcat(visit->pool, text_of(visit, periods ? "statistics.by-period" : "statistics.by-class"),
                              visit->language == XCA_EN ? ": " : "：", scope_text(visit, &statistics.choice), NULL);
    chart.description = text_of(visit, "statistics.chart-alt");
    chart.stacked = !periods;
    draw(visit, &chart, periods ? statistics.by_period : statistics.by_class, periods ? NULL : statistics.choice.class,
         periods ? events : states, periods ? "statistics.event." : "statistics.state.");
    return NULL;
}
