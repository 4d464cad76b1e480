/* Bar charts as SVG of their own: 360 units wide, so that their text can be read on a phone; series differ by pattern, and every
 * bar has its number. No script, no style: they are shown as pictures. */
#ifndef XCA_PORTAL_CHART_H
#define XCA_PORTAL_CHART_H

#include <apr_tables.h>
#include "base/text.h"

#define XCA_CHART_SERIES_MAX 5

typedef struct xca_chart_row {
    const char *label;
    apr_int64_t values[XCA_CHART_SERIES_MAX];
} xca_chart_row_t;

typedef struct xca_chart {
    const char *title, *description; /* what a screen reader says */
    int series_count;                /* at most XCA_CHART_SERIES_MAX */
    const char *series[XCA_CHART_SERIES_MAX];
    apr_array_header_t *rows;        /* xca_chart_row_t */
    int stacked;                     /* one bar a row, its series end to end and their sum behind it; else a bar each */
} xca_chart_t;

xca_bytes_t xca_chart_svg(const xca_chart_t *chart, apr_pool_t *pool);

/* "1,234,567" */
char *xca_number_grouped(apr_pool_t *pool, apr_int64_t number);

#endif
