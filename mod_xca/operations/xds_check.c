/* The verdicts that need the directory: which organisation a row means, and whose it is. */
#include "operations/xds.h"

#include <string.h>
#include <apr_hash.h>
#include <apr_strings.h>
#include "base/text.h"
#include "domain/names.h"
#include "operations/window.h"

#define SAME_NAME_MAX 50  /* organisations of one name that are looked at */
#define ALIKE_MAX     3   /* names that are told as alike */
#define ALIKE_ASKED   200 /* rows of a sheet for which such names are looked for */

typedef struct {
    xca_office_t *office;
    const xca_window_t *window;        /* that files, or NULL */
    const apr_array_header_t *windows; /* xca_window_t *: all */
    int alike_left;
    xca_xds_line_t *line;
    apr_pool_t *pool;
} check_t;

static void add(const xca_error_t **list, xca_error_t *err) {
    *list = xca_error_append((xca_error_t *)(apr_uintptr_t)*list, err);
}

static void wrong(check_t *check, xca_xds_column column, const char *message, const char *arg) {
    add(&check->line->wrong, xca_error_field(check->pool, xca_xds_column_id(column), message, arg));
}

static void note(check_t *check, xca_xds_column column, const char *message, const char *arg) {
    add(&check->line->notes, xca_error_field(check->pool, xca_xds_column_id(column), message, arg));
}

static int same_name(const check_t *check, const char *a, const char *b) {
    return a != NULL && b != NULL &&
           strcmp(xca_name_fold(check->pool, a), xca_name_fold(check->pool, b)) == 0;
}

/* ---- Names that are alike ---- */

/* Adds the names of a search that are not there yet. */
static xca_error_t *search(apr_array_header_t *names, check_t *check, const char *keyword, const char *ubn) {
    apr_array_header_t *orgs;
    int more, i, j;
    xca_error_t *err = xca_org_search(&orgs, &more, check->office->store, keyword, ubn, ALIKE_MAX, check->pool);

    for (i = 0; err == NULL && i < orgs->nelts && names->nelts < ALIKE_MAX; i++) {
        const xca_org_t *org = APR_ARRAY_IDX(orgs, i, const xca_org_t *);

        for (j = 0; j < names->nelts && strcmp(APR_ARRAY_IDX(names, j, const char *), org->name) != 0; j++) {
        }
        if (j == names->nelts) {
            APR_ARRAY_PUSH(names, const char *) = org->name;
        }
    }
    return err;
}

/* From the `from`-th code point on, `count` of them. */
static const char *part_of(const char *text, apr_size_t from, apr_size_t count, apr_pool_t *pool) {
    const char *end = text + strlen(text), *start;

    for (; from > 0 && text < end; from--) {
        xca_text_next(&text, end);
    }
    for (start = text; count > 0 && text < end; count--) {
        xca_text_next(&text, end);
    }
    return apr_pstrmemdup(pool, start, (apr_size_t)(text - start));
}

/* Organisations that someone who wrote `name` may mean: by the unified number, the name without its legal form, its end, its
 * beginning. *alike: names with 、 between, NULL if there are none. */
static xca_error_t *find_alike(const char **alike, check_t *check, const char *name, const char *ubn) {
    static const char *const forms[] = {"財團法人", "社團法人", "行政法人"};
    apr_array_header_t *names = apr_array_make(check->pool, ALIKE_MAX, sizeof(const char *));
    const char *bare = name;
    apr_size_t length;
    int i;
    xca_error_t *err = NULL;

    *alike = NULL;
    if (check->alike_left-- <= 0) {
        return NULL;
    }
    for (i = 0; i < 3; i++) {
        bare = strncmp(bare, forms[i], strlen(forms[i])) == 0 ? bare + strlen(forms[i]) : bare;
    }
    length = xca_text_length(bare);
    if (ubn != NULL) {
        err = search(names, check, NULL, ubn);
    }
    if (err == NULL && length >= 2) {
        err = search(names, check, bare, NULL);
    }
    if (err == NULL && names->nelts == 0 && length >= 5) {
        err = search(names, check, part_of(bare, length / 3, length, check->pool), NULL);
    }
    if (err == NULL && names->nelts == 0 && length >= 5) {
        err = search(names, check, part_of(bare, 0, length - length / 3, check->pool), NULL);
    }
    for (i = 0; err == NULL && i < names->nelts; i++) {
        const char *one = APR_ARRAY_IDX(names, i, const char *);

        if (!same_name(check, one, name)) {
            *alike = *alike == NULL ? one : apr_pstrcat(check->pool, *alike, "、", one, NULL);
        }
    }
    return err;
}

/* ---- Authorities ---- */

static int takes(const xca_window_t *window, const xca_org_t *org) {
    return org->class != XCA_CLASS_NONE && xca_window_takes(window, org->class);
}

static const xca_window_t *window_of(const check_t *check, const char *authority, const xca_org_t *org) {
    return xca_window_of_authority(check->windows, check->window, authority, org, check->pool);
}

static void check_authority(check_t *check, const xca_org_t *org) {
    const char *authority = check->line->row.values[XCA_XDS_AUTHORITY];
    const xca_window_t *window = authority != NULL ? window_of(check, authority, org) : NULL;

    if (authority != NULL && window == NULL) {
        wrong(check, XCA_XDS_AUTHORITY, "xds.authority-unknown", authority);
        return;
    }
    if (window != NULL && !takes(window, org)) {
        wrong(check, XCA_XDS_AUTHORITY, "xds.authority-class", window->name);
        return;
    }
    if (check->window == NULL) {
        return;
    }
    switch (check->line->row.kind) {
    case XCA_XDS_ADD:
        if (window == NULL || strcmp(window->id, check->window->id) != 0) {
            wrong(check, XCA_XDS_AUTHORITY, "xds.other-window", check->window->name);
        }
        break;
    case XCA_XDS_MOVE: /* either side files it: the one that gives, or the one that takes */
        if (!xca_window_has(check->window, check->windows, org, check->pool) && (window == NULL || strcmp(window->id, check->window->id) != 0)) {
            wrong(check, XCA_XDS_AUTHORITY, "xds.other-window", check->window->name);
        }
        break;
    case XCA_XDS_CHANGE:
    case XCA_XDS_ABOLISH:
        if (!xca_window_has(check->window, check->windows, org, check->pool)) {
            wrong(check, XCA_XDS_FORMER, "xds.other-window", check->window->name);
        }
        break;
    case XCA_XDS_KIND_COUNT:
        break;
    }
}

/* ---- Which organisation ---- */

typedef int keeps(const xca_xds_row_t *row, const xca_org_t *org, const check_t *check);

static int is_organisation(const xca_xds_row_t *row, const xca_org_t *org, const check_t *check) {
    return org->class != XCA_CLASS_NONE;
}

static int is_active(const xca_xds_row_t *row, const xca_org_t *org, const check_t *check) {
    return org->state != XCA_ORG_ABOLISHED;
}

static int has_number(const xca_xds_row_t *row, const xca_org_t *org, const check_t *check) {
    const char *ubn = row->values[XCA_XDS_UBN];

    return ubn != NULL && org->ubn != NULL && strcmp(ubn, org->ubn) == 0;
}

static int has_code(const xca_xds_row_t *row, const xca_org_t *org, const check_t *check) {
    const char *code = row->values[XCA_XDS_SCHOOL_CODE];

    return code != NULL && org->school_code != NULL && strcmp(code, org->school_code) == 0;
}

static int has_county(const xca_xds_row_t *row, const xca_org_t *org, const check_t *check) {
    const char *address = row->values[XCA_XDS_ADDRESS];
    const xca_district_t *county = address != NULL ? xca_postal_county(check->office->postal, address) : NULL;

    return county != NULL && org->county != NULL && strcmp(county->county, org->county) == 0;
}

/* Those of the list that fit, or the whole list if none does (unless `always`). */
static apr_array_header_t *narrow(check_t *check, apr_array_header_t *orgs, keeps *fits, int always) {
    apr_array_header_t *kept = apr_array_make(check->pool, orgs->nelts + 1, sizeof(xca_org_t *));
    int i;

    for (i = 0; i < orgs->nelts; i++) {
        xca_org_t *org = APR_ARRAY_IDX(orgs, i, xca_org_t *);

        if (fits(&check->line->row, org, check)) {
            APR_ARRAY_PUSH(kept, xca_org_t *) = org;
        }
    }
    return kept->nelts > 0 || always ? kept : orgs;
}

static const char *oids_of(const apr_array_header_t *orgs, apr_pool_t *pool) {
    const char *all = "";
    int i;

    for (i = 0; i < orgs->nelts && i < 5; i++) {
        all = apr_pstrcat(pool, all, i > 0 ? "、" : "", APR_ARRAY_IDX(orgs, i, xca_org_t *)->oid, NULL);
    }
    return all;
}

/* The column that names the organisation of a row. */
static xca_xds_column naming(const xca_xds_row_t *row) {
    return row->values[XCA_XDS_FORMER] != NULL ? XCA_XDS_FORMER : XCA_XDS_NAME;
}

/* A row that was signed says itself which one: then it is only looked at again. */
static xca_error_t *candidates(apr_array_header_t **orgs, check_t *check, const char *name) {
    xca_org_t *org;
    xca_error_t *err;

    if (check->line->row.oid == NULL) {
        return xca_org_by_name(orgs, check->office->store, name, SAME_NAME_MAX, check->pool);
    }
    *orgs = apr_array_make(check->pool, 1, sizeof(xca_org_t *));
    err = xca_org_read(&org, check->office->store, check->line->row.oid, check->pool);
    if (err != NULL && err->kind == XCA_E_NOT_FOUND) {
        return NULL;
    }
    if (err == NULL && same_name(check, org->name, name)) {
        APR_ARRAY_PUSH(*orgs, xca_org_t *) = org;
    }
    return err;
}

static xca_error_t *find_org(check_t *check) {
    xca_xds_row_t *row = &check->line->row;
    const char *name = xca_xds_known_name(row), *alike;
    apr_array_header_t *orgs;
    xca_error_t *err = candidates(&orgs, check, name);

    if (err != NULL) {
        return err;
    }
    orgs = narrow(check, orgs, is_organisation, 1);
    orgs = narrow(check, orgs, is_active, 0);
    if (orgs->nelts > 1) {
        orgs = narrow(check, orgs, has_number, 0);
        orgs = narrow(check, orgs, has_code, 0);
        orgs = narrow(check, orgs, has_county, 0);
    }
    if (orgs->nelts == 0) {
        err = find_alike(&alike, check, name, row->kind == XCA_XDS_CHANGE ? NULL : row->values[XCA_XDS_UBN]);
        wrong(check, naming(row), alike != NULL ? "xds.unknown-alike" : "xds.unknown", alike);
        return err;
    }
    if (orgs->nelts > 1) {
        wrong(check, naming(row), "xds.ambiguous", oids_of(orgs, check->pool));
        return NULL;
    }
    check->line->org = APR_ARRAY_IDX(orgs, 0, xca_org_t *);
    if (check->line->org->state == XCA_ORG_ABOLISHED) {
        wrong(check, naming(row), "xds.abolished", check->line->org->oid);
        return NULL;
    }
    row->oid = check->line->org->oid;
    return NULL;
}

/* ---- Kinds ---- */

/* An organisation of this name that is another one than `self`, in the same county or with the same number. */
static xca_error_t *find_namesake(const xca_org_t **namesake, check_t *check, const xca_org_t *org, const char *self) {
    apr_array_header_t *orgs;
    int i;
    xca_error_t *err = xca_org_by_name(&orgs, check->office->store, org->name, SAME_NAME_MAX, check->pool);

    *namesake = NULL;
    for (i = 0; err == NULL && i < orgs->nelts; i++) {
        const xca_org_t *other = APR_ARRAY_IDX(orgs, i, const xca_org_t *);
        int same_place = other->county == NULL || org->county == NULL || strcmp(other->county, org->county) == 0;
        int same_number = other->ubn != NULL && org->ubn != NULL && strcmp(other->ubn, org->ubn) == 0;
        int two_numbers = other->ubn != NULL && org->ubn != NULL && !same_number;

        if (other->class != XCA_CLASS_NONE && other->state != XCA_ORG_ABOLISHED &&
            (self == NULL || strcmp(self, other->oid) != 0) && (same_number || (same_place && !two_numbers))) {
            *namesake = other;
            return NULL;
        }
    }
    return err;
}

static xca_error_t *check_add(check_t *check) {
    const xca_org_t *org = xca_xds_apply(&check->line->row, NULL, check->office->postal, check->pool), *namesake;
    const char *alike;
    xca_error_t *err = find_namesake(&namesake, check, org, NULL);

    if (err != NULL) {
        return err;
    }
    if (namesake != NULL) {
        wrong(check, XCA_XDS_NAME, "xds.exists", namesake->oid);
        return NULL;
    }
    check_authority(check, org);
    err = find_alike(&alike, check, org->name, org->ubn);
    if (err == NULL && alike != NULL) {
        note(check, XCA_XDS_NAME, "xds.alike", alike);
    }
    return err;
}

static xca_error_t *check_existing(check_t *check) {
    const xca_xds_row_t *row = &check->line->row;
    const xca_org_t *after, *namesake;
    const char *ends;
    xca_error_t *err = find_org(check);

    if (err != NULL || check->line->wrong != NULL) {
        return err;
    }
    check_authority(check, check->line->org);
    after = xca_xds_apply(row, check->line->org, check->office->postal, check->pool);
    if (row->kind == XCA_XDS_CHANGE && xca_org_differences(check->pool, check->line->org, after)->nelts == 0 &&
        (row->values[XCA_XDS_EMAIL] == NULL ||
         (check->line->org->email != NULL && strcmp(row->values[XCA_XDS_EMAIL], check->line->org->email) == 0))) {
        wrong(check, XCA_XDS_KIND, "xds.changes-nothing", NULL);
        return NULL;
    }
    if (row->kind != XCA_XDS_ABOLISH && strcmp(after->name, check->line->org->name) != 0) {
        err = find_namesake(&namesake, check, after, after->oid);
        if (err == NULL && namesake != NULL) {
            wrong(check, XCA_XDS_NAME, "xds.exists", namesake->oid);
        }
    }
    ends = xca_xds_ends(row, check->line->org, check->pool);
    if (ends != NULL) {
        note(check, XCA_XDS_KIND, "xds.ends-certificates", NULL);
    }
    return err;
}

static void check_named_authority(check_t *check) {
    const char *authority = check->line->row.values[XCA_XDS_AUTHORITY];
    const xca_org_t nobody = {0};

    if (authority != NULL && window_of(check, authority, &nobody) == NULL) {
        wrong(check, XCA_XDS_AUTHORITY, "xds.authority-unknown", authority);
    }
}

static xca_error_t *check_line(check_t *check, xca_xds_line_t *line) {
    check->line = line;
    if (line->wrong != NULL) { /* what it means cannot be told; but what else is wrong is told at once */
        check_named_authority(check);
        return NULL;
    }
    return line->row.kind == XCA_XDS_ADD ? check_add(check) : check_existing(check);
}

xca_error_t *xca_xds_check_row(xca_xds_line_t *line, xca_office_t *office, const xca_window_t *window,
                               const apr_array_header_t *windows, apr_pool_t *pool) {
    check_t check = {office, window, windows, 0, NULL, pool};

    return check_line(&check, line);
}

/* ---- Rows beside each other ---- */

/* What a row is about: the organisation, or the name and number of a new one. */
static const char *subject_of(const xca_xds_line_t *line, const xca_postal_t *postal, apr_pool_t *pool) {
    const xca_org_t *org;

    if (line->row.kind != XCA_XDS_ADD) {
        return line->row.oid;
    }
    org = xca_xds_apply(&line->row, NULL, postal, pool);
    return apr_pstrcat(pool, "+", xca_name_fold(pool, org->name), "/", org->county != NULL ? org->county : "", NULL);
}

static void against(xca_xds_line_t *line, const char *message, int other, apr_pool_t *pool) {
    add(&line->wrong, xca_error_field(pool, NULL, message, apr_itoa(pool, other)));
}

/* The same twice counts once; two rows of one organisation that say different things both wait for an answer. */
static void compare_rows(xca_xds_preview_t *preview, const xca_postal_t *postal, apr_pool_t *pool) {
    apr_hash_t *seen = apr_hash_make(pool);
    int i;

    for (i = 0; i < preview->lines->nelts; i++) {
        xca_xds_line_t *line = &APR_ARRAY_IDX(preview->lines, i, xca_xds_line_t), *first;
        const char *subject;

        if (line->wrong != NULL) {
            continue;
        }
        subject = subject_of(line, postal, pool);
        first = apr_hash_get(seen, subject, APR_HASH_KEY_STRING);
        if (first == NULL) {
            apr_hash_set(seen, subject, APR_HASH_KEY_STRING, line);
        } else if (xca_xds_same(&first->row, &line->row)) {
            against(line, "xds.duplicate", first->row.number, pool);
        } else {
            against(line, "xds.contradicts", first->row.number, pool);
            if (first->wrong == NULL) {
                against(first, "xds.contradicts", line->row.number, pool);
            }
        }
    }
}

xca_error_t *xca_xds_check(xca_xds_preview_t *preview, xca_office_t *office, const xca_window_t *window,
                           apr_pool_t *pool) {
    check_t check = {office, window, NULL, ALIKE_ASKED, NULL, pool};
    apr_array_header_t *windows;
    int i;
    xca_error_t *err = xca_window_list(&windows, office->store, NULL, pool);

    check.windows = windows;
    for (i = 0; err == NULL && i < preview->lines->nelts; i++) {
        err = check_line(&check, &APR_ARRAY_IDX(preview->lines, i, xca_xds_line_t));
    }
    if (err != NULL) {
        return err;
    }
    compare_rows(preview, office->postal, pool);
    preview->right = preview->wrong = 0;
    for (i = 0; i < preview->lines->nelts; i++) {
        const xca_xds_line_t *line = &APR_ARRAY_IDX(preview->lines, i, xca_xds_line_t);

        preview->right += line->wrong == NULL;
        preview->wrong += line->wrong != NULL;
    }
    return NULL;
}
