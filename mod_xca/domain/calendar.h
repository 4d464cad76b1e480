/* Dates: apr_time_t everywhere (microseconds since 1970 UTC), shown in Taiwan time (UTC+8, no
 * summer time); ROC years (民國, 1912 = 1) on printed forms; GeneralizedTime in the directory. */
#ifndef XCA_DOMAIN_CALENDAR_H
#define XCA_DOMAIN_CALENDAR_H

#include <apr_time.h>
#include "base/error.h"

#define XCA_DAY apr_time_from_sec(86400)

typedef enum {
    XCA_DATE_ROC,      /* 民國 115 年 11 月 24 日           */
    XCA_DATE_ISO,      /* 2026-11-24                        */
    XCA_DATE_ISO_TIME, /* 2026-11-24 13:05                  */
    XCA_DATE_LDAP,     /* 20261124050500Z  (RFC 4517 3.3.13) */
    XCA_DATE_WIRE,     /* 20261124T050500Z, as signed texts have it (wire/lines.h) */
    XCA_DATE_HTTP,     /* Tue, 24 Nov 2026 05:05:00 GMT      */
    XCA_DATE_RFC3339   /* 2026-11-24T05:05:00Z               */
} xca_date_form;

char *xca_date_format(apr_pool_t *pool, apr_time_t when, xca_date_form form);

/* Reads GeneralizedTime YYYYMMDDHHMMSS[.fraction]Z; 0 if it is not one. */
apr_time_t xca_date_parse_ldap(const char *text);

/* Reads YYYYMMDDTHHMMSSZ; 0 if it is not one. */
apr_time_t xca_date_parse_wire(const char *text);

/* Reads the preferred form of HTTP dates, "Tue, 24 Nov 2026 05:05:00 GMT" (RFC 9110 section 5.6.7); 0 if it
 * is not one. */
apr_time_t xca_date_parse_http(const char *text);

/* Reads a day YYYY-MM-DD, as typed: its beginning in Taiwan time; 0 if it is not one. */
apr_time_t xca_date_parse_iso(const char *text);

/* The same day of the month and time of day `months` later, in Taiwan time; the last day of a shorter month. */
apr_time_t xca_date_add_months(apr_time_t when, int months);

/* The last second of the working day `days` (1: the next one) after the day of `when`, in Taiwan time. Saturdays, Sundays and the
 * days in `holidays` (YYYY-MM-DD, spaces between, or NULL) are none. */
apr_time_t xca_working_day_end(apr_time_t when, int days, const char *holidays, apr_pool_t *pool);

/* The same day and time of day `years` later (29 February becomes 28), in UTC. */
apr_time_t xca_date_add_years(apr_time_t when, int years);

/* Days of Taiwan, counted from 1 January 1970; the beginning of the day of `when`. */
apr_int64_t xca_day_of(apr_time_t when);
apr_time_t xca_day_begin(apr_time_t when);

/* Months of Taiwan as one number, year * 12 + month - 1, so that they can be counted and compared. */
int xca_month_of(apr_time_t when);
char *xca_month_format(apr_pool_t *pool, int month); /* "2026-11" */
/* Reads that form, years 1900 to 2199; -1 if it is not one. */
int xca_month_parse(const char *text);
int xca_month_days(int month);

#endif
