#include "portal/chart.h"

#include <string.h>
#include <apr_escape.h>
#include <apr_strings.h>

#define WIDTH        360
#define LABEL_WIDTH  52 /* of rows that are not stacked: their labels stand at the left */
#define NUMBER_WIDTH 66 /* behind the longest bar */
#define LEGEND_LINE  20
#define BAR          11
#define BAR_STEP     14
#define STACK_BAR    15
#define STACK_LABEL  17
#define ROW_GAP      9
#define INK          "#1c2530"

/* Fills of the series: they differ in grey and for those who see no colours. */
static const char patterns[] =
    "<defs>"
    "<pattern id=\"s0\" width=\"8\" height=\"8\" patternUnits=\"userSpaceOnUse\">"
    "<rect width=\"8\" height=\"8\" fill=\"#0b4f57\"/></pattern>"
    "<pattern id=\"s1\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\">"
    "<rect width=\"6\" height=\"6\" fill=\"#fff\"/><rect width=\"3\" height=\"6\" fill=\"#a8321f\"/></pattern>"
    "<pattern id=\"s2\" width=\"5\" height=\"5\" patternUnits=\"userSpaceOnUse\">"
    "<rect width=\"5\" height=\"5\" fill=\"#fff\"/><circle cx=\"2.5\" cy=\"2.5\" r=\"1.4\" fill=\"#55606c\"/></pattern>"
    "<pattern id=\"s3\" width=\"4\" height=\"4\" patternUnits=\"userSpaceOnUse\">"
    "<rect width=\"4\" height=\"4\" fill=\"#fdf3dd\"/><rect width=\"4\" height=\"1.5\" fill=\"#7a4b00\"/></pattern>"
    "<pattern id=\"s4\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\">"
    "<rect width=\"6\" height=\"6\" fill=\"#e6f0f0\"/><path d=\"M0 0L6 6M6 0L0 6\" stroke=\"#55606c\"/></pattern>"
    "</defs>";

char *xca_number_grouped(apr_pool_t *pool, apr_int64_t number) {
    char *digits = apr_psprintf(pool, "%" APR_INT64_T_FMT, number);
    apr_size_t length = strlen(digits), i;
    char *grouped = apr_palloc(pool, length * 2 + 1), *to = grouped;

    for (i = 0; i < length; i++) {
        *to++ = digits[i];
        if ((length - i) % 3 == 1 && i + 1 < length && digits[i] != '-') {
            *to++ = ',';
        }
    }
    *to = '\0';
    return grouped;
}

static void put(apr_array_header_t *parts, const char *part) {
    APR_ARRAY_PUSH(parts, const char *) = part;
}

static const char *escaped(apr_pool_t *pool, const char *text) {
    return apr_pescape_entity(pool, text, 0);
}

static void put_text(apr_array_header_t *parts, double x, double y, const char *text, apr_pool_t *pool) {
    put(parts, apr_psprintf(pool, "<text x=\"%.1f\" y=\"%.1f\">%s</text>", x, y, escaped(pool, text)));
}

static void put_bar(apr_array_header_t *parts, double x, double y, double width, int height, int series,
                    apr_pool_t *pool) {
    put(parts, apr_psprintf(pool, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%d\" fill=\"url(#s%d)\" stroke=\"" INK "\"/>",
                            x, y, width, height, series));
}

static apr_int64_t sum_of(const xca_chart_t *chart, const xca_chart_row_t *row) {
    apr_int64_t sum = 0;
    int i;

    for (i = 0; i < chart->series_count; i++) {
        sum += row->values[i];
    }
    return sum;
}

/* The longest bar; at least 1. */
static apr_int64_t longest(const xca_chart_t *chart) {
    apr_int64_t most = 1;
    int i, j;

    for (i = 0; i < chart->rows->nelts; i++) {
        const xca_chart_row_t *row = &APR_ARRAY_IDX(chart->rows, i, const xca_chart_row_t);

        for (j = 0; j < chart->series_count; j++) {
            apr_int64_t bar = chart->stacked ? sum_of(chart, row) : row->values[j];

            most = bar > most ? bar : most;
        }
    }
    return most;
}

static double put_legend(apr_array_header_t *parts, const xca_chart_t *chart, apr_pool_t *pool) {
    int i;

    for (i = 0; i < chart->series_count; i++) {
        double x = i % 2 * (WIDTH / 2), y = i / 2 * LEGEND_LINE;

        put_bar(parts, x + 1, y + 3, 16, 12, i, pool);
        put_text(parts, x + 23, y + 13, chart->series[i], pool);
    }
    return (chart->series_count + 1) / 2 * LEGEND_LINE + 8;
}

static double put_row(apr_array_header_t *parts, const xca_chart_t *chart, const xca_chart_row_t *row, apr_int64_t most,
                      double y, apr_pool_t *pool) {
    double room = WIDTH - LABEL_WIDTH - NUMBER_WIDTH;
    int i;

    put_text(parts, 0, y + 11, row->label, pool);
    for (i = 0; i < chart->series_count; i++) {
        double width = room * (double)row->values[i] / (double)most;

        put_bar(parts, LABEL_WIDTH, y + i * BAR_STEP, width, BAR, i, pool);
        put_text(parts, LABEL_WIDTH + width + 5, y + i * BAR_STEP + 10, xca_number_grouped(pool, row->values[i]), pool);
    }
    return y + chart->series_count * BAR_STEP + ROW_GAP;
}

static double put_stack(apr_array_header_t *parts, const xca_chart_t *chart, const xca_chart_row_t *row,
                        apr_int64_t most, double y, apr_pool_t *pool) {
    double x = 1, room = WIDTH - NUMBER_WIDTH;
    int i;

    put_text(parts, 0, y + 12, row->label, pool);
    for (i = 0; i < chart->series_count; i++) {
        double width = room * (double)row->values[i] / (double)most;

        if (row->values[i] > 0) {
            put_bar(parts, x, y + STACK_LABEL, width, STACK_BAR, i, pool);
        }
        x += width;
    }
    put_text(parts, x + 5, y + STACK_LABEL + 12, xca_number_grouped(pool, sum_of(chart, row)), pool);
    return y + STACK_LABEL + STACK_BAR + ROW_GAP;
}

xca_bytes_t xca_chart_svg(const xca_chart_t *chart, apr_pool_t *pool) {
    apr_array_header_t *parts = apr_array_make(pool, 128, sizeof(const char *));
    apr_int64_t most = longest(chart);
    double y = put_legend(parts, chart, pool);
    xca_bytes_t svg;
    const char *text;
    int i;

    for (i = 0; i < chart->rows->nelts; i++) {
        const xca_chart_row_t *row = &APR_ARRAY_IDX(chart->rows, i, const xca_chart_row_t);

        y = chart->stacked ? put_stack(parts, chart, row, most, y, pool) : put_row(parts, chart, row, most, y, pool);
    }
    text = apr_psprintf(pool,
                        "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" aria-labelledby=\"t d\" viewBox=\"0 0 %d %.0f\" "
                        "width=\"%d\" height=\"%.0f\" font-family=\"system-ui, 'Noto Sans TC', 'Noto Sans CJK TC', sans-serif\" "
                        "font-size=\"12\" fill=\"" INK "\"><title id=\"t\">%s</title><desc id=\"d\">%s</desc>%s"
                        "<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>%s</svg>\n",
                        WIDTH, y, WIDTH, y, escaped(pool, chart->title), escaped(pool, chart->description), patterns,
                        apr_array_pstrcat(pool, parts, '\0'));
    svg.data = (const unsigned char *)text;
    svg.length = strlen(text);
    return svg;
}
