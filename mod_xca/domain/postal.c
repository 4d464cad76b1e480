#include "domain/postal.h"

#include <string.h>
#include <apr_strings.h>
#include "base/text.h"
#include "domain/csv.h"
#include "domain/names.h"

#define ROWS_MAX 2000

/* A row with the search forms of its names. */
typedef struct {
    xca_district_t shown;
    const char *county, *district; /* folded */
} place_t;

struct xca_postal {
    apr_array_header_t *places;     /* place_t */
    apr_array_header_t *counties;   /* const xca_district_t * */
    apr_array_header_t **districts; /* of each county */
    apr_array_header_t *none;
};

/* Counties that were merged or renamed in 2010 and 2014; records and habits still have them. */
static const char *const former_counties[][2] = {
    {"臺北縣", "新北市"}, {"桃園縣", "桃園市"}, {"臺中縣", "臺中市"},
    {"臺南縣", "臺南市"}, {"高雄縣", "高雄市"},
};

static xca_error_t *bad_row(apr_pool_t *pool, int line) {
    xca_error_t *err = xca_error_make(pool, XCA_E_INVALID, "csv.row", "postal codes");

    err->arg = apr_itoa(pool, line);
    return err;
}

static int is_zip(const char *text) {
    return strlen(text) == 3 && strspn(text, "0123456789") == 3;
}

static xca_error_t *read_places(xca_postal_t *postal, const char *csv_text, apr_size_t length,
                                apr_pool_t *pool) {
    xca_csv_t *csv = xca_csv_open(pool, csv_text, length);

    for (;;) {
        const char **fields;
        int count, line;
        place_t *place;
        xca_error_t *err = xca_csv_next(csv, &fields, &count, &line, pool);

        if (err != NULL) {
            return bad_row(pool, line);
        }
        if (count == 0) {
            return NULL;
        }
        if (line == 1 && strcmp(fields[0], "zipcode") == 0) {
            continue;
        }
        if (count < 3 || !is_zip(fields[0]) || fields[1][0] == '\0' || fields[2][0] == '\0' ||
            postal->places->nelts == ROWS_MAX) {
            return bad_row(pool, line);
        }
        place = apr_array_push(postal->places);
        place->shown = (xca_district_t){fields[0], fields[1], fields[2], count > 3 ? fields[3] : "",
                                        count > 4 ? fields[4] : ""};
        place->county = xca_name_fold(pool, fields[1]);
        place->district = xca_name_fold(pool, fields[2]);
    }
}

static const place_t *place_at(const xca_postal_t *postal, int i) {
    return &APR_ARRAY_IDX(postal->places, i, place_t);
}

/* Place of a county in the list of counties by its folded name, -1 if there is none. */
static int county_index(const xca_postal_t *postal, const char *folded) {
    int i;

    for (i = 0; i < postal->counties->nelts; i++) {
        const place_t *first = (const place_t *)(const void *)APR_ARRAY_IDX(postal->counties, i,
                                                                            const xca_district_t *);

        if (strcmp(first->county, folded) == 0) {
            return i;
        }
    }
    return -1;
}

xca_error_t *xca_postal_make(xca_postal_t **postal, const char *csv, apr_size_t length,
                             apr_pool_t *pool) {
    xca_postal_t *made = apr_pcalloc(pool, sizeof(*made));
    xca_error_t *err;
    int i;

    made->places = apr_array_make(pool, 400, sizeof(place_t));
    made->counties = apr_array_make(pool, 32, sizeof(const xca_district_t *));
    made->none = apr_array_make(pool, 1, sizeof(const xca_district_t *));
    err = read_places(made, csv, length, pool);
    if (err != NULL) {
        return err;
    }
    made->districts =
        apr_pcalloc(pool, sizeof(*made->districts) * (apr_size_t)(made->places->nelts + 1));
    for (i = 0; i < made->places->nelts; i++) {
        const place_t *place = place_at(made, i);
        int county = county_index(made, place->county);

        if (county < 0) {
            county = made->counties->nelts;
            APR_ARRAY_PUSH(made->counties, const xca_district_t *) = &place->shown;
            made->districts[county] = apr_array_make(pool, 40, sizeof(const xca_district_t *));
        }
        APR_ARRAY_PUSH(made->districts[county], const xca_district_t *) = &place->shown;
    }
    *postal = made;
    return NULL;
}

const apr_array_header_t *xca_postal_counties(const xca_postal_t *postal) {
    return postal->counties;
}

/* Reads the next folded character, 0 at the end. */
static long next_folded(const char **at, const char *end) {
    while (*at < end) {
        long c = xca_name_fold_point(xca_text_next(at, end));

        if (c != 0) {
            return c;
        }
    }
    return 0;
}

/* If `text` starts with `folded` (variants and spaces ignored), gives what follows, else NULL. */
static const char *behind(const char *text, const char *folded) {
    const char *end = text + strlen(text), *folded_end = folded + strlen(folded);

    while (folded < folded_end) {
        if (next_folded(&text, end) != xca_text_next(&folded, folded_end)) {
            return NULL;
        }
    }
    return text;
}

static int is_named(const char *text, const char *folded) {
    const char *rest = behind(text, folded);
    const char *end = text + strlen(text);

    return rest != NULL && next_folded(&rest, end) == 0;
}

const apr_array_header_t *xca_postal_districts(const xca_postal_t *postal, const char *county) {
    int i;

    for (i = 0; county != NULL && i < postal->counties->nelts; i++) {
        const place_t *first = (const place_t *)(const void *)APR_ARRAY_IDX(postal->counties, i,
                                                                            const xca_district_t *);

        if (is_named(county, first->county)) {
            return postal->districts[i];
        }
    }
    return postal->none;
}

const xca_district_t *xca_postal_find(const xca_postal_t *postal, const char *county,
                                      const char *district) {
    int i;

    for (i = 0; county != NULL && district != NULL && i < postal->places->nelts; i++) {
        const place_t *place = place_at(postal, i);

        if (is_named(county, place->county) && is_named(district, place->district)) {
            return &place->shown;
        }
    }
    return NULL;
}

/* The county whose name, or former name, `address` starts with; *rest is what follows. */
static const place_t *county_of(const xca_postal_t *postal, const char *address,
                                const char **rest) {
    apr_size_t former;
    int i;

    for (former = 0; former < sizeof(former_counties) / sizeof(former_counties[0]); former++) {
        *rest = behind(address, former_counties[former][0]);
        i = *rest != NULL ? county_index(postal, former_counties[former][1]) : -1;
        if (i >= 0) {
            return (const place_t *)(const void *)APR_ARRAY_IDX(postal->counties, i,
                                                                const xca_district_t *);
        }
    }
    for (i = 0; i < postal->counties->nelts; i++) {
        const place_t *first = (const place_t *)(const void *)APR_ARRAY_IDX(postal->counties, i,
                                                                            const xca_district_t *);

        *rest = behind(address, first->county);
        if (*rest != NULL) {
            return first;
        }
    }
    return NULL;
}

const xca_district_t *xca_postal_county(const xca_postal_t *postal, const char *text) {
    const char *rest;
    const place_t *first = text != NULL ? county_of(postal, text, &rest) : NULL;

    return first != NULL ? &first->shown : NULL;
}

/* Non-zero if `text` starts with the district, also under the name it had before its county was
 * merged (板橋市 for 板橋區). */
static int starts_with_district(const char *text, const place_t *place, apr_pool_t *pool) {
    static const char *const kinds[] = {"市", "鄉", "鎮", "區"};
    apr_size_t length = strlen(place->district);
    const char *rest;
    int i;

    if (behind(text, place->district) != NULL) {
        return 1;
    }
    if (length <= 6) { /* a stem of one character (東, 北) says too little */
        return 0;
    }
    rest = behind(text, apr_pstrmemdup(pool, place->district, length - 3));
    for (i = 0; rest != NULL && i < 4; i++) {
        if (behind(rest, kinds[i]) != NULL) {
            return 1;
        }
    }
    return 0;
}

/* The one place of `county` (any if NULL) that fits the text (if not NULL) and the postal code (if
 * not NULL); NULL if there is none or more than one. */
static const place_t *only_place(const xca_postal_t *postal, const char *county, const char *text,
                                 const char *zip, apr_pool_t *pool) {
    const place_t *found = NULL;
    int i;

    for (i = 0; i < postal->places->nelts; i++) {
        const place_t *place = place_at(postal, i);

        if ((county != NULL && strcmp(place->county, county) != 0) ||
            (text != NULL && !starts_with_district(text, place, pool)) ||
            (zip != NULL && strncmp(place->shown.zip, zip, 3) != 0)) {
            continue;
        }
        if (found != NULL) {
            return NULL;
        }
        found = place;
    }
    return found;
}

/* Digits at the start of an address, a postal code of 3, 5 or 6. */
static int leading_zip(const char *address) {
    int digits = (int)strspn(address, "0123456789");

    return digits == 3 || digits == 5 || digits == 6 ? digits : 0;
}

const xca_district_t *xca_postal_of_address(const xca_postal_t *postal, const char *address,
                                            const char *zip, apr_pool_t *pool) {
    static const char *const provinces[] = {"臺灣省", "福建省"};
    const char *text = xca_text_trim(pool, xca_text_halfwidth(pool, address ? address : ""));
    const char *rest = text, *county_name = NULL;
    const place_t *county, *found;
    int i;

    zip = zip != NULL && leading_zip(zip) ? zip : NULL;
    if (leading_zip(text)) {
        zip = zip != NULL ? zip : text;
        text += leading_zip(text);
    }
    for (i = 0; i < 2; i++) {
        text = behind(text, provinces[i]) != NULL ? behind(text, provinces[i]) : text;
    }
    county = county_of(postal, text, &rest);
    if (county != NULL) {
        county_name = county->county;
        text = rest;
    }
    found = only_place(postal, county_name, text, NULL, pool);
    if (found == NULL && zip != NULL) {
        found = only_place(postal, county_name, text, zip, pool);
    }
    if (found == NULL && zip != NULL) {
        found = only_place(postal, county_name, NULL, zip, pool);
    }
    return found != NULL ? &found->shown : NULL;
}
