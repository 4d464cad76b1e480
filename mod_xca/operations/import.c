#include "operations/import.h"

#include <stdlib.h>
#include <string.h>
#include <apr_hash.h>
#include <apr_strings.h>
#include "base/text.h"
#include "domain/csv.h"
#include "domain/names.h"
#include "operations/import_rows.h"

#define FIRST_LOCALITY 90001

/* A row that stands for its key. */
typedef struct {
    int line;
    long year;
} standing_t;

struct xca_import {
    xca_table table;
    const char **names;
    int columns;
    xca_csv_t *csv;
    const xca_postal_t *postal;
    apr_hash_t *newest; /* key of the table -> standing_t; NULL where rows have no versions */
    apr_hash_t *seen;   /* source key or OID -> standing_t of the row that came out */
    int rows;
    apr_pool_t *pool;
};

/* The columns that make a table what it is; the first that fits counts. */
static const struct {
    xca_table table;
    const char *columns[8];
} signatures[] = {
    {XCA_TABLE_EXPORT, {"oid", "name", "class", "state", "ubn", "school_code", "source_key"}},
    {XCA_TABLE_GOV_OID, {"oid", "dn", "name", "org_code"}},
    {XCA_TABLE_SCHOOLS, {"school_year_roc", "level", "school_code", "name", "county"}},
    {XCA_TABLE_NHI, {"nhi_code", "name", "kind", "address"}},
    {XCA_TABLE_NPO, {"name", "business_no", "county", "kind_by_name"}},
    {XCA_TABLE_LEGAL_NAMES, {"name", "registered_on", "kind_by_name"}},
    {XCA_TABLE_SCHOOL_NAMES, {"name", "category", "address", "business_no"}},
    {XCA_TABLE_CRAM_SCHOOLS, {"name", "category", "county", "district", "address"}},
    {XCA_TABLE_ORG_CODES, {"org_code", "name"}},
};

static int has_column(const char *const *names, int count, const char *wanted) {
    int i;

    for (i = 0; i < count; i++) {
        if (strcmp(names[i], wanted) == 0) {
            return 1;
        }
    }
    return 0;
}

xca_table xca_import_recognise(const char *const *names, int count) {
    apr_size_t i;

    for (i = 0; i < sizeof(signatures) / sizeof(signatures[0]); i++) {
        const char *const *wanted = signatures[i].columns;

        while (*wanted != NULL && has_column(names, count, *wanted)) {
            wanted++;
        }
        if (*wanted == NULL) {
            return signatures[i].table;
        }
    }
    return XCA_TABLE_NONE;
}

xca_table xca_import_table(const xca_import_t *import) {
    return import->table;
}

static xca_table_row_t as_row(const xca_import_t *import, const char *const *values,
                              apr_pool_t *pool) {
    return (xca_table_row_t){import->table,   import->names,  values,
                             import->columns, import->postal, pool};
}

static void remember(apr_hash_t *hash, const char *key, int line, long year) {
    apr_pool_t *pool = apr_hash_pool_get(hash);
    standing_t *standing = apr_hash_get(hash, key, APR_HASH_KEY_STRING);

    if (standing == NULL) {
        standing = apr_palloc(pool, sizeof(*standing));
        apr_hash_set(hash, apr_pstrdup(pool, key), APR_HASH_KEY_STRING, standing);
    }
    standing->line = line;
    standing->year = year;
}

/* Goes once over the whole text: counts rows, and finds the newest row of each key; of two of one
 * year the later line. Wrong rows are left to xca_import_next(). */
static xca_error_t *find_newest(xca_import_t *import, const char *text, apr_size_t length) {
    xca_csv_t *csv = xca_csv_open(import->pool, text, length);
    apr_pool_t *row_pool;
    int rows = -1, count = 0;

    apr_pool_create(&row_pool, import->pool);
    for (;;) {
        const char **values, *key;
        int line;
        long year;
        xca_error_t *err;
        xca_table_row_t row;
        const standing_t *standing;

        apr_pool_clear(row_pool);
        err = xca_csv_next(csv, &values, &count, &line, row_pool);
        if (err == NULL && count == 0) {
            break;
        }
        if (++rows > XCA_IMPORT_ROWS_MAX) {
            apr_pool_destroy(row_pool);
            err = xca_error_make(import->pool, XCA_E_TOO_LARGE, "import.too-many-rows", NULL);
            err->arg = apr_itoa(import->pool, XCA_IMPORT_ROWS_MAX);
            return err;
        }
        if (err != NULL || rows == 0 || count != import->columns) {
            continue;
        }
        row = as_row(import, values, row_pool);
        if (!xca_table_version(&row, &key, &year)) {
            continue;
        }
        standing = apr_hash_get(import->newest, key, APR_HASH_KEY_STRING);
        if (standing == NULL || standing->year <= year) {
            remember(import->newest, key, line, year);
        }
    }
    apr_pool_destroy(row_pool);
    return NULL;
}

xca_error_t *xca_import_open(xca_import_t **import, const char *text, apr_size_t length,
                             const xca_postal_t *postal, apr_pool_t *pool) {
    xca_import_t *made = apr_pcalloc(pool, sizeof(*made));
    int line, i;
    xca_error_t *err;

    made->pool = pool;
    made->postal = postal;
    made->csv = xca_csv_open(pool, text, length);
    err = xca_csv_next(made->csv, &made->names, &made->columns, &line, pool);
    if (err != NULL) {
        return err;
    }
    for (i = 0; i < made->columns; i++) {
        made->names[i] = xca_text_trim(pool, made->names[i]);
    }
    made->table = xca_import_recognise(made->names, made->columns);
    if (made->table == XCA_TABLE_NONE) {
        return xca_error_make(pool, XCA_E_INVALID, "import.unknown-table", NULL);
    }
    made->newest = apr_hash_make(pool);
    made->seen = apr_hash_make(pool);
    err = find_newest(made, text, length);
    if (err != NULL) {
        return err;
    }
    *import = made;
    return NULL;
}

/* Non-zero if a newer row of the file stands for the same key. */
static int is_replaced(const xca_import_t *import, const xca_table_row_t *row, int line) {
    const char *key;
    long year;
    const standing_t *standing;

    if (!xca_table_version(row, &key, &year)) {
        return 0;
    }
    standing = apr_hash_get(import->newest, key, APR_HASH_KEY_STRING);
    return standing != NULL && standing->line != line;
}

/* An organisation that came out of an earlier row already: its OID or key would name two. */
static xca_error_t *check_first(xca_import_t *import, const xca_import_row_t *row, int line,
                                apr_pool_t *pool) {
    const char *key = row->org.oid != NULL ? row->org.oid : row->org.source_key;
    const standing_t *first = apr_hash_get(import->seen, key, APR_HASH_KEY_STRING);

    if (first != NULL) {
        const char *column = row->org.oid != NULL ? "oid" : "name";

        return xca_error_field(pool, column, "import.duplicate", apr_itoa(pool, first->line));
    }
    remember(import->seen, key, line, 0);
    return NULL;
}

xca_error_t *xca_import_next(xca_import_t *import, const xca_import_row_t **row, int *line,
                             apr_pool_t *row_pool) {
    const char **values;
    int count;

    *row = NULL;
    for (;;) {
        xca_import_row_t *made;
        xca_table_row_t read;
        xca_error_t *err = xca_csv_next(import->csv, &values, &count, line, row_pool);

        if (err != NULL || count == 0) {
            return err;
        }
        if (count != import->columns) {
            return xca_error_field(row_pool, NULL, "import.columns", apr_itoa(row_pool, count));
        }
        read = as_row(import, values, row_pool);
        if (is_replaced(import, &read, *line)) {
            continue;
        }
        made = apr_pcalloc(row_pool, sizeof(*made));
        err = xca_table_read(made, &read);
        if (err == NULL) {
            err = check_first(import, made, *line, row_pool);
        }
        if (err != NULL) {
            return err;
        }
        *row = made;
        return NULL;
    }
}

/* NULL and the other value, or the same value. */
static int agree(const char *a, const char *b) {
    return a == NULL || b == NULL || strcmp(a, b) == 0;
}

/* Two keys of one kind ("nhi:...", "school:...") that differ: the register itself counts two. */
static int are_two_by_key(const char *a, const char *b) {
    apr_size_t kind = a != NULL ? strcspn(a, ":") : 0;

    return kind > 0 && b != NULL && strncmp(a, b, kind + 1) == 0 && strcmp(a, b) != 0;
}

int xca_import_same(const xca_org_t *a, const xca_org_t *b, apr_pool_t *scratch) {
    if (a->class != b->class || a->class == XCA_CLASS_NONE || !agree(a->county, b->county) ||
        !agree(a->district, b->district) || !agree(a->ubn, b->ubn) ||
        are_two_by_key(a->source_key, b->source_key)) {
        return 0;
    }
    return strcmp(xca_name_fold(scratch, a->name), xca_name_fold(scratch, b->name)) == 0;
}

static int is_own(const xca_org_t *existing, const xca_org_t *row, xca_table table) {
    return table == XCA_TABLE_EXPORT || (existing->source_key != NULL && row->source_key != NULL &&
                                         strcmp(existing->source_key, row->source_key) == 0);
}

xca_org_t *xca_import_merge(apr_pool_t *pool, const xca_org_t *existing, const xca_org_t *row,
                            xca_table table) {
    xca_org_t *merged = apr_pmemdup(pool, existing, sizeof(*existing));
    const char **to[] = {
        &merged->name,   &merged->name_en,  &merged->ubn, &merged->school_code, &merged->source_key,
        &merged->county, &merged->district, &merged->zip, &merged->address,     &merged->phone,
        &merged->fax,    &merged->url,      &merged->note};
    const char *from[] = {row->name,   row->name_en,  row->ubn, row->school_code, row->source_key,
                          row->county, row->district, row->zip, row->address,     row->phone,
                          row->fax,    row->url,      row->note};
    int own = is_own(existing, row, table);
    apr_size_t i;

    for (i = 0; i < sizeof(from) / sizeof(from[0]); i++) {
        int is_empty = *to[i] == NULL || **to[i] == '\0';

        if (table == XCA_TABLE_EXPORT || (from[i] != NULL && (own || is_empty))) {
            *to[i] = from[i];
        }
    }
    if (own) {
        merged->class = row->class;
    }
    if (table == XCA_TABLE_EXPORT) { /* the other tables do not know of abolished ones */
        merged->state = row->state;
        merged->authority = row->authority != NULL ? row->authority : existing->authority;
    }
    return merged;
}

const char *xca_import_locality(const xca_postal_t *postal, const char *oid) {
    const apr_array_header_t *counties = xca_postal_counties(postal), *districts;
    const char *schools = xca_class_get(XCA_CLASS_SCHOOL)->arc;
    apr_size_t prefix = strlen("2.16.886.") + strlen(schools);
    const xca_district_t *county;
    char *end;
    long number;

    if (strncmp(oid, "2.16.886.", 9) != 0 || strncmp(oid + 9, schools, strlen(schools)) != 0 ||
        oid[prefix] != '.') {
        return NULL;
    }
    number = strtol(oid + prefix + 1, &end, 10) - FIRST_LOCALITY;
    if (number < 0 || number >= counties->nelts || (*end != '\0' && *end != '.')) {
        return NULL;
    }
    county = APR_ARRAY_IDX(counties, number, const xca_district_t *);
    if (*end == '\0') {
        return county->county;
    }
    districts = xca_postal_districts(postal, county->county);
    number = strtol(end + 1, &end, 10) - FIRST_LOCALITY;
    if (number < 0 || number >= districts->nelts || *end != '\0') {
        return NULL;
    }
    return APR_ARRAY_IDX(districts, number, const xca_district_t *)->district;
}

char *xca_import_export_line(apr_pool_t *pool, const xca_org_t *org) {
    const char *fields[] = {org->oid,
                            org->name,
                            org->name_en,
                            xca_class_get(org->class)->id,
                            xca_org_state_id(org->state),
                            org->ubn,
                            org->school_code,
                            org->county,
                            org->district,
                            org->zip,
                            org->address,
                            org->phone,
                            org->fax,
                            org->url,
                            org->note,
                            org->source_key,
                            org->authority};
    const int count = sizeof(fields) / sizeof(fields[0]);
    apr_array_header_t *parts = apr_array_make(pool, count * 2, sizeof(const char *));
    int i;

    for (i = 0; i < count; i++) {
        APR_ARRAY_PUSH(parts, const char *) = xca_csv_quote(pool, fields[i] ? fields[i] : "");
        APR_ARRAY_PUSH(parts, const char *) = i + 1 < count ? "," : "\r\n";
    }
    return apr_array_pstrcat(pool, parts, '\0');
}
