#include "domain/calendar.h"

#include <string.h>
#include <apr_strings.h>

#define TAIWAN apr_time_from_sec(8 * 3600)

/* A day of the proleptic Gregorian calendar. */
typedef struct {
    long year, month, day;
} day_t;

static const char *const weekdays[] = {"Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"};
static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

static apr_int64_t floor_divide(apr_int64_t value, apr_int64_t by) {
    return value >= 0 ? value / by : -((-value + by - 1) / by);
}

static int is_leap(long year) {
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static long days_in_month(long year, long month) {
    static const long days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    return month == 2 && is_leap(year) ? 29 : days[month - 1];
}

/* Days from 1970-01-01. Years begin with March, so that the leap day is the last of its year;
 * 719468 days lie between 0000-03-01 and 1970-01-01. */
static apr_int64_t days_of(day_t day) {
    long year = day.month <= 2 ? day.year - 1 : day.year;
    long month = (day.month + 9) % 12;
    apr_int64_t leap_days =
        floor_divide(year, 4) - floor_divide(year, 100) + floor_divide(year, 400);

    return (apr_int64_t)year * 365 + leap_days + (153 * month + 2) / 5 + day.day - 1 - 719468;
}

static day_t day_of(apr_int64_t days) {
    day_t day;

    /* the year or an earlier one, to count up from */
    day.year = 1970 + (long)(days < 0 ? floor_divide(days, 365) - 1 : floor_divide(days, 366));
    while (days_of((day_t){day.year + 1, 1, 1}) <= days) {
        day.year++;
    }
    day.month = 1;
    days -= days_of((day_t){day.year, 1, 1});
    while (days >= days_in_month(day.year, day.month)) {
        days -= days_in_month(day.year, day.month++);
    }
    day.day = (long)days + 1;
    return day;
}

static char *roc_date(apr_pool_t *pool, day_t day) {
    if (day.year < 1912) {
        return apr_psprintf(pool, "民國前 %ld 年 %ld 月 %ld 日", 1912 - day.year, day.month,
                            day.day);
    }
    return apr_psprintf(pool, "民國 %ld 年 %ld 月 %ld 日", day.year - 1911, day.month, day.day);
}

char *xca_date_format(apr_pool_t *pool, apr_time_t when, xca_date_form form) {
    int local = form == XCA_DATE_ROC || form == XCA_DATE_ISO || form == XCA_DATE_ISO_TIME;
    apr_int64_t seconds = floor_divide(when + (local ? TAIWAN : 0), APR_USEC_PER_SEC);
    apr_int64_t days = floor_divide(seconds, 86400);
    int second = (int)(seconds - days * 86400);
    int hour = second / 3600, minute = second / 60 % 60;
    day_t day = day_of(days);

    second %= 60;
    switch (form) {
    case XCA_DATE_ROC:
        return roc_date(pool, day);
    case XCA_DATE_ISO:
        return apr_psprintf(pool, "%04ld-%02ld-%02ld", day.year, day.month, day.day);
    case XCA_DATE_ISO_TIME:
        return apr_psprintf(pool, "%04ld-%02ld-%02ld %02d:%02d", day.year, day.month, day.day, hour,
                            minute);
    case XCA_DATE_LDAP:
        return apr_psprintf(pool, "%04ld%02ld%02ld%02d%02d%02dZ", day.year, day.month, day.day,
                            hour, minute, second);
    case XCA_DATE_WIRE:
        return apr_psprintf(pool, "%04ld%02ld%02ldT%02d%02d%02dZ", day.year, day.month, day.day, hour, minute, second);
    case XCA_DATE_HTTP:
        return apr_psprintf(pool, "%s, %02ld %s %04ld %02d:%02d:%02d GMT",
                            weekdays[days - floor_divide(days, 7) * 7], day.day,
                            months[day.month - 1], day.year, hour, minute, second);
    case XCA_DATE_RFC3339:
        break;
    }
    return apr_psprintf(pool, "%04ld-%02ld-%02ldT%02d:%02d:%02dZ", day.year, day.month, day.day,
                        hour, minute, second);
}

/* Reads `length` digits; -1 if they are not. */
static long read_number(const char *text, int length) {
    long value = 0;
    int i;

    for (i = 0; i < length; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return -1;
        }
        value = value * 10 + (text[i] - '0');
    }
    return value;
}

/* Reads [.digits]Z; -1 if it is not that. */
static long read_fraction(const char *text) {
    long micros = 0, unit = 100000;

    if (*text == '.' || *text == ',') {
        text++;
        if (*text < '0' || *text > '9') {
            return -1;
        }
        for (; *text >= '0' && *text <= '9'; text++) {
            micros += (*text - '0') * unit;
            unit /= 10;
        }
    }
    return strcmp(text, "Z") == 0 ? micros : -1;
}

apr_time_t xca_date_parse_ldap(const char *text) {
    day_t day;
    long hour, minute, second, micros;

    if (strnlen(text, 64) < 15 || strnlen(text, 64) == 64 || read_number(text, 14) < 0) {
        return 0;
    }
    day = (day_t){read_number(text, 4), read_number(text + 4, 2), read_number(text + 6, 2)};
    hour = read_number(text + 8, 2);
    minute = read_number(text + 10, 2);
    second = read_number(text + 12, 2);
    micros = read_fraction(text + 14);
    if (day.month < 1 || day.month > 12 || day.day < 1 ||
        day.day > days_in_month(day.year, day.month) || hour > 23 || minute > 59 || second > 59 ||
        micros < 0) {
        return 0;
    }
    return apr_time_from_sec(days_of(day) * 86400 + hour * 3600 + minute * 60 + second) + micros;
}

apr_time_t xca_date_parse_wire(const char *text) {
    char ldap[16];

    if (strnlen(text, 17) != 16 || text[8] != 'T') {
        return 0;
    }
    memcpy(ldap, text, 8);
    memcpy(ldap + 8, text + 9, 8);
    return xca_date_parse_ldap(ldap);
}

apr_time_t xca_date_parse_http(const char *text) {
    static const char sample[] = "Tue, 24 Nov 2026 05:05:00 GMT";
    char ldap[16];
    int month, i;

    if (strnlen(text, sizeof(sample)) != sizeof(sample) - 1 || strcmp(text + 25, " GMT") != 0) {
        return 0;
    }
    for (i = 3; i < 25; i++) { /* what stands between the numbers; the name of the day is not looked at */
        if (strchr(", :", sample[i]) != NULL && text[i] != sample[i]) {
            return 0;
        }
    }
    for (month = 0; month < 12 && memcmp(text + 8, months[month], 3) != 0; month++) {
    }
    if (month == 12) {
        return 0;
    }
    memcpy(ldap, text + 12, 4);
    ldap[4] = (char)('0' + (month + 1) / 10);
    ldap[5] = (char)('0' + (month + 1) % 10);
    memcpy(ldap + 6, text + 5, 2);
    memcpy(ldap + 8, text + 17, 2);
    memcpy(ldap + 10, text + 20, 2);
    memcpy(ldap + 12, text + 23, 2);
    memcpy(ldap + 14, "Z", 2);
    return xca_date_parse_ldap(ldap);
}

apr_time_t xca_date_add_years(apr_time_t when, int years) {
    apr_int64_t days = floor_divide(when, XCA_DAY);
    apr_time_t time_of_day = when - days * XCA_DAY;
    day_t day = day_of(days);

    day.year += years;
    if (day.day > days_in_month(day.year, day.month)) {
        day.day = days_in_month(day.year, day.month);
    }
    return days_of(day) * XCA_DAY + time_of_day;
}

apr_time_t xca_date_parse_iso(const char *text) {
    day_t day;

    if (strnlen(text, 11) != 10 || text[4] != '-' || text[7] != '-') {
        return 0;
    }
    day = (day_t){read_number(text, 4), read_number(text + 5, 2), read_number(text + 8, 2)};
    if (day.year < 1 || day.month < 1 || day.month > 12 || day.day < 1 ||
        day.day > days_in_month(day.year, day.month)) {
        return 0;
    }
    return days_of(day) * XCA_DAY - TAIWAN;
}

apr_time_t xca_date_add_months(apr_time_t when, int count) {
    apr_int64_t days = floor_divide(when + TAIWAN, XCA_DAY);
    apr_time_t time_of_day = when + TAIWAN - days * XCA_DAY;
    day_t day = day_of(days);
    long month = day.year * 12 + day.month - 1 + count;

    day.year = month / 12;
    day.month = month % 12 + 1;
    if (day.day > days_in_month(day.year, day.month)) {
        day.day = days_in_month(day.year, day.month);
    }
    return days_of(day) * XCA_DAY + time_of_day - TAIWAN;
}

static int is_working_day(apr_int64_t days, const char *holidays, apr_pool_t *pool) {
    apr_int64_t weekday = days - floor_divide(days, 7) * 7; /* 0 is a Thursday */
    const char *date = xca_date_format(pool, days * XCA_DAY - TAIWAN, XCA_DATE_ISO);

    return weekday != 2 && weekday != 3 && (holidays == NULL || strstr(holidays, date) == NULL);
}

apr_time_t xca_working_day_end(apr_time_t when, int count, const char *holidays, apr_pool_t *pool) {
    apr_int64_t days = floor_divide(when + TAIWAN, XCA_DAY);

    while (count > 0) {
        days++;
        count -= is_working_day(days, holidays, pool);
    }
    return (days + 1) * XCA_DAY - TAIWAN - apr_time_from_sec(1);
}

apr_int64_t xca_day_of(apr_time_t when) {
    return floor_divide(floor_divide(when + TAIWAN, APR_USEC_PER_SEC), 86400);
}

apr_time_t xca_day_begin(apr_time_t when) {
    return xca_day_of(when) * XCA_DAY - TAIWAN;
}

int xca_month_of(apr_time_t when) {
    day_t day = day_of(xca_day_of(when));

    return (int)(day.year * 12 + day.month - 1);
}

char *xca_month_format(apr_pool_t *pool, int month) {
    return apr_psprintf(pool, "%04d-%02d", month / 12, month % 12 + 1);
}

int xca_month_parse(const char *text) {
    long year, month;

    if (text == NULL || strlen(text) != 7 || text[4] != '-') {
        return -1;
    }
    year = read_number(text, 4);
    month = read_number(text + 5, 2);
    if (year < 1900 || year > 2199 || month < 1 || month > 12) {
        return -1;
    }
    return (int)(year * 12 + month - 1);
}

int xca_month_days(int month) {
    return (int)days_in_month(month / 12, month % 12 + 1);
}
