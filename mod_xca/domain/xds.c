#include "domain/xds.h"

#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>
#include "base/text.h"
#include "domain/codes.h"
#include "domain/csv.h"
#include "domain/names.h"

#define OID_ROOT "2.16.886"

static const struct {
    const char *id, *word, *shorter[3];
} kinds[XCA_XDS_KIND_COUNT] = {
    {"add", "新增組織及團體", {"新增", NULL}},
    {"move", "組織及團體改隸", {"改隸", NULL}},
    {"change", "修改組織及團體屬性資料", {"修改屬性資料", "修改", NULL}},
    {"abolish", "組織及團體裁撤", {"裁撤", NULL}},
};

/* Headings without 新組織(團體), as they are written, longer or shorter. */
static const struct {
    const char *id, *heading;
    apr_size_t max; /* code points of a value */
    const char *names[10];
} columns[XCA_XDS_COLUMN_COUNT] = {
    {"kind", "異動形式", 40, {"異動形式", "異動型式", "異動類別", "異動種類", "kind of change", "kind", NULL}},
    {"school_code", "新組織(團體)機關代碼", 20, {"機關代碼", "學校機關代碼", "agency code", "school code", "agency code (schools)", NULL}},
    {"ubn", "新組織(團體)統一編號", 20, {"統一編號", "統編", "unified number", "unified business number", NULL}},
    {"name", "新組織(團體)全稱", XCA_TEXT_MAX, {"全稱", "名稱", "新全稱", "新名稱", "full name", "name", "new full name", NULL}},
    {"zip", "新組織(團體)郵遞區號", 10, {"郵遞區號", "postal code", "zip", NULL}},
    {"address", "新組織(團體)地址", XCA_TEXT_MAX, {"地址", "address", NULL}},
    {"phone", "新組織(團體)電話", 40, {"電話", "電話號碼", "telephone", "phone", NULL}},
    {"fax", "新組織(團體)傳真", 40, {"傳真", "傳真號碼", "fax", NULL}},
    {"email", "新組織(團體)E-mail", XCA_EMAIL_MAX, {"email", "電子郵件", "電子郵件信箱", "電子信箱", NULL}},
    {"former", "原組織(團體)全稱", XCA_TEXT_MAX, {"原組織團體全稱", "原全稱", "原名稱", "原組織全稱", "former full name", "former name", NULL}},
    {"contact", "連絡人", 60, {"連絡人", "聯絡人", "連絡人姓名", "聯絡人姓名", "contact", "contact person", NULL}},
    {"contact_email", "連絡人 Email", XCA_EMAIL_MAX, {"連絡人email", "聯絡人email", "連絡人電子郵件", "聯絡人電子郵件", "contact email", "contact's email", NULL}},
    {"authority", "初審(主管)機關全稱", XCA_TEXT_MAX, {"初審主管機關全稱", "初審機關全稱", "主管機關全稱", "主管機關", "competent authority", "authority", NULL}},
};

const char *xca_xds_kind_id(xca_xds_kind kind) {
    return kinds[kind].id;
}

const char *xca_xds_kind_word(xca_xds_kind kind) {
    return kinds[kind].word;
}

static int folds_to(const char *folded, const char *name, apr_pool_t *pool) {
    return strcmp(folded, xca_name_fold(pool, name)) == 0;
}

xca_xds_kind xca_xds_kind_of(const char *text, apr_pool_t *pool) {
    const char *folded = xca_name_fold(pool, text);
    int kind, i;

    for (kind = 0; kind < XCA_XDS_KIND_COUNT; kind++) {
        if (folds_to(folded, kinds[kind].word, pool) || strcmp(folded, kinds[kind].id) == 0) {
            break;
        }
        for (i = 0; kinds[kind].shorter[i] != NULL; i++) {
            if (folds_to(folded, kinds[kind].shorter[i], pool)) {
                return (xca_xds_kind)kind;
            }
        }
    }
    return (xca_xds_kind)kind;
}

const char *xca_xds_column_id(xca_xds_column column) {
    return columns[column].id;
}

xca_xds_column xca_xds_column_by_id(const char *id) {
    int column;

    for (column = 0; column < XCA_XDS_COLUMN_COUNT; column++) {
        if (id != NULL && strcmp(id, columns[column].id) == 0) {
            break;
        }
    }
    return (xca_xds_column)column;
}

const char *xca_xds_heading(xca_xds_column column) {
    return columns[column].heading;
}

xca_xds_column xca_xds_column_of(const char *heading, apr_pool_t *pool) {
    static const char *const fronts[] = {"新組織(團體)", "組織(團體)", "新組織"};
    const char *folded = xca_name_fold(pool, heading);
    int column, i;
    apr_size_t front;

    for (front = 0; front < sizeof(fronts) / sizeof(fronts[0]); front++) {
        const char *start = xca_name_fold(pool, fronts[front]);

        if (strncmp(folded, start, strlen(start)) == 0) {
            folded += strlen(start);
            break;
        }
    }
    for (column = 0; column < XCA_XDS_COLUMN_COUNT; column++) {
        for (i = 0; columns[column].names[i] != NULL; i++) {
            if (folds_to(folded, columns[column].names[i], pool)) {
                return (xca_xds_column)column;
            }
        }
    }
    return XCA_XDS_COLUMN_COUNT;
}

/* ---- Checks ---- */

typedef struct {
    xca_xds_row_t *row;
    const xca_postal_t *postal;
    apr_pool_t *pool;
    xca_error_t *errors;
} check_t;

static void found(check_t *check, xca_error_t *err) {
    const xca_error_t *at;

    for (at = check->errors; err != NULL && at != NULL; at = at->next) {
        if (strcmp(at->field, err->field) == 0) {
            return; /* one a column: what was found first says it best */
        }
    }
    check->errors = xca_error_append(check->errors, err);
}

static void wrong(check_t *check, xca_xds_column column, const char *message) {
    found(check, xca_error_field(check->pool, columns[column].id, message, NULL));
}

static const char *value_of(const check_t *check, xca_xds_column column) {
    return check->row->values[column];
}

static void need(check_t *check, xca_xds_column column) {
    if (value_of(check, column) == NULL) {
        wrong(check, column, "field.required");
    }
}

static int is_code(xca_xds_column column) {
    return column == XCA_XDS_SCHOOL_CODE || column == XCA_XDS_UBN || column == XCA_XDS_ZIP || column == XCA_XDS_PHONE ||
           column == XCA_XDS_FAX || column == XCA_XDS_EMAIL || column == XCA_XDS_CONTACT_EMAIL;
}

static char *upper(apr_pool_t *pool, const char *text) {
    char *copy = apr_pstrdup(pool, text), *c;

    for (c = copy; *c != '\0'; c++) {
        *c = (char)(*c >= 'a' && *c <= 'z' ? *c - 0x20 : *c);
    }
    return copy;
}

/* Brings every value into its form. A value that cannot be one is told and taken out for the checks behind. */
static void normalise(check_t *check) {
    int column;

    for (column = 0; column < XCA_XDS_COLUMN_COUNT; column++) {
        const char *value = check->row->values[column];
        xca_error_t *err;

        if (value == NULL) {
            continue;
        }
        value = xca_text_trim(check->pool, value);
        if (is_code((xca_xds_column)column)) {
            value = xca_text_halfwidth(check->pool, value);
        }
        if (column == XCA_XDS_SCHOOL_CODE) {
            value = upper(check->pool, value);
        }
        err = xca_typed_check(value, 0, columns[column].max, columns[column].id, check->pool);
        found(check, err);
        check->row->values[column] = *value != '\0' && err == NULL ? value : NULL;
    }
}

static void check_name(check_t *check, xca_xds_column column) {
    const char *name = value_of(check, column);

    if (name != NULL && (strchr(name, '?') != NULL || *xca_name_fold(check->pool, name) == '\0')) {
        wrong(check, column, "import.damaged-name");
    }
}

typedef xca_error_t *code_check(const char *code, const char *field, apr_pool_t *pool);

static void check_code(check_t *check, xca_xds_column column, code_check *rule) {
    if (value_of(check, column) != NULL) {
        found(check, rule(value_of(check, column), columns[column].id, check->pool));
    }
}

static const xca_district_t *place_of(const char *address, const char *zip, const xca_postal_t *postal,
                                      apr_pool_t *pool) {
    const xca_district_t *place = xca_postal_of_address(postal, address, zip, pool);

    return place != NULL || address == NULL ? place : xca_postal_county(postal, address);
}

/* The address tells the county, which stands in certificates; the postal code may not tell another. */
static void check_place(check_t *check) {
    const char *zip = value_of(check, XCA_XDS_ZIP), *address = value_of(check, XCA_XDS_ADDRESS);
    const xca_district_t *by_zip, *by_address;

    if (zip != NULL && (strspn(zip, "0123456789") != strlen(zip) ||
                        (strlen(zip) != 3 && strlen(zip) != 5 && strlen(zip) != 6))) {
        wrong(check, XCA_XDS_ZIP, "xds.zip");
        zip = NULL;
    }
    if (address == NULL) {
        return;
    }
    by_address = place_of(address, NULL, check->postal, check->pool);
    by_zip = zip != NULL ? xca_postal_of_address(check->postal, zip, NULL, check->pool) : NULL;
    if (by_address == NULL && by_zip == NULL) {
        wrong(check, XCA_XDS_ADDRESS, "xds.address-county");
    } else if (by_address != NULL && by_zip != NULL && strcmp(by_address->county, by_zip->county) != 0) {
        wrong(check, XCA_XDS_ZIP, "xds.zip-elsewhere");
    }
}

static int changes_something(const check_t *check) {
    int column;

    for (column = XCA_XDS_SCHOOL_CODE; column <= XCA_XDS_EMAIL; column++) {
        if (column != XCA_XDS_NAME && check->row->values[column] != NULL) {
            return 1;
        }
    }
    return value_of(check, XCA_XDS_FORMER) != NULL && value_of(check, XCA_XDS_NAME) != NULL;
}

static int is_school(const char *name) {
    return name != NULL && xca_class_by_name(name) == XCA_CLASS_SCHOOL;
}

static void check_kind(check_t *check) {
    const char *name = value_of(check, XCA_XDS_NAME), *former = value_of(check, XCA_XDS_FORMER);

    switch (check->row->kind) {
    case XCA_XDS_ADD:
        need(check, XCA_XDS_NAME);
        need(check, XCA_XDS_UBN);
        need(check, XCA_XDS_AUTHORITY);
        if (former != NULL) {
            wrong(check, XCA_XDS_FORMER, "xds.not-with-add");
        }
        if (value_of(check, XCA_XDS_SCHOOL_CODE) != NULL && name != NULL && !is_school(name)) {
            wrong(check, XCA_XDS_SCHOOL_CODE, "school-code.only-schools");
        }
        break;
    case XCA_XDS_MOVE:
        if (former == NULL && name == NULL) {
            wrong(check, XCA_XDS_FORMER, "xds.former-needed");
        }
        need(check, XCA_XDS_AUTHORITY);
        break;
    case XCA_XDS_CHANGE:
        if (former == NULL && name == NULL) {
            wrong(check, XCA_XDS_FORMER, "xds.former-needed");
        } else if (check->errors == NULL && !changes_something(check)) {
            wrong(check, XCA_XDS_KIND, "xds.nothing-to-change");
        }
        break;
    case XCA_XDS_ABOLISH:
        if (former == NULL && name == NULL) {
            wrong(check, XCA_XDS_FORMER, "xds.former-needed");
        } else if (former != NULL && name != NULL && !folds_to(xca_name_fold(check->pool, former), name, check->pool)) {
            wrong(check, XCA_XDS_NAME, "xds.two-names");
        }
        break;
    case XCA_XDS_KIND_COUNT:
        break;
    }
}

xca_error_t *xca_xds_row_check(xca_xds_row_t *row, const xca_postal_t *postal, apr_pool_t *pool) {
    check_t check = {row, postal, pool, NULL};

    normalise(&check);
    row->kind = row->values[XCA_XDS_KIND] != NULL ? xca_xds_kind_of(row->values[XCA_XDS_KIND], pool) : XCA_XDS_KIND_COUNT;
    if (row->values[XCA_XDS_KIND] == NULL) {
        wrong(&check, XCA_XDS_KIND, "field.required");
    } else if (row->kind == XCA_XDS_KIND_COUNT) {
        wrong(&check, XCA_XDS_KIND, "xds.kind");
    }
    check_name(&check, XCA_XDS_NAME);
    check_name(&check, XCA_XDS_FORMER);
    check_code(&check, XCA_XDS_SCHOOL_CODE, xca_school_code_check);
    check_code(&check, XCA_XDS_UBN, xca_ubn_check);
    check_code(&check, XCA_XDS_PHONE, xca_phone_check);
    check_code(&check, XCA_XDS_FAX, xca_phone_check);
    check_code(&check, XCA_XDS_EMAIL, xca_email_check);
    check_code(&check, XCA_XDS_CONTACT_EMAIL, xca_email_check);
    check_place(&check);
    check_kind(&check);
    return check.errors;
}

/* ---- What a row means ---- */

const char *xca_xds_known_name(const xca_xds_row_t *row) {
    return row->values[XCA_XDS_FORMER] != NULL ? row->values[XCA_XDS_FORMER] : row->values[XCA_XDS_NAME];
}

int xca_xds_same(const xca_xds_row_t *a, const xca_xds_row_t *b) {
    int column;

    if (a->kind != b->kind) {
        return 0;
    }
    for (column = XCA_XDS_SCHOOL_CODE; column < XCA_XDS_COLUMN_COUNT; column++) {
        const char *left = a->values[column], *right = b->values[column];

        if (strcmp(left != NULL ? left : "", right != NULL ? right : "") != 0) {
            return 0;
        }
    }
    return 1;
}

static void replace(const char **to, const char *value) {
    *to = value != NULL ? value : *to;
}

/* County, district and postal code that follow from the address, the postal code, or the name that begins with a county. */
static void set_place(xca_org_t *org, const xca_xds_row_t *row, const xca_postal_t *postal, apr_pool_t *pool) {
    const char *address = row->values[XCA_XDS_ADDRESS], *zip = row->values[XCA_XDS_ZIP];
    const xca_district_t *place, *county;

    if (address == NULL && zip == NULL && (row->kind != XCA_XDS_ADD || org->name == NULL)) {
        return;
    }
    place = xca_postal_of_address(postal, address != NULL ? address : zip != NULL ? zip : org->name, zip, pool);
    county = place != NULL ? place : xca_postal_county(postal, address != NULL ? address : org->name);
    if (county != NULL) {
        org->county = county->county;
        org->district = place != NULL ? place->district : NULL;
        org->zip = zip != NULL ? zip : place != NULL && address != NULL ? place->zip : org->zip;
    }
}

xca_org_t *xca_xds_apply(const xca_xds_row_t *row, const xca_org_t *before, const xca_postal_t *postal,
                         apr_pool_t *pool) {
    xca_org_t *org = before != NULL ? apr_pmemdup(pool, before, sizeof(*before)) : apr_pcalloc(pool, sizeof(*org));

    if (row->kind == XCA_XDS_ABOLISH) {
        org->state = XCA_ORG_ABOLISHED;
        return org;
    }
    replace(&org->name, row->values[XCA_XDS_NAME]);
    replace(&org->ubn, row->values[XCA_XDS_UBN]);
    replace(&org->school_code, row->values[XCA_XDS_SCHOOL_CODE]);
    replace(&org->zip, row->values[XCA_XDS_ZIP]);
    replace(&org->address, row->values[XCA_XDS_ADDRESS]);
    replace(&org->phone, row->values[XCA_XDS_PHONE]);
    replace(&org->fax, row->values[XCA_XDS_FAX]);
    replace(&org->email, row->values[XCA_XDS_EMAIL]);
    if (row->kind == XCA_XDS_ADD || row->kind == XCA_XDS_MOVE) {
        replace(&org->authority, row->values[XCA_XDS_AUTHORITY]);
    }
    set_place(org, row, postal, pool);
    if (row->kind == XCA_XDS_ADD) {
        org->class = org->name != NULL ? xca_class_by_name(org->name) : XCA_CLASS_OTHER;
    }
    return org;
}

const char *xca_xds_ends(const xca_xds_row_t *row, const xca_org_t *before, apr_pool_t *pool) {
    const char *name = row->values[XCA_XDS_NAME];

    switch (row->kind) {
    case XCA_XDS_ABOLISH:
        return "abolished";
    case XCA_XDS_MOVE:
        return "moved";
    case XCA_XDS_CHANGE:
        /* The name stands in certificates as it is written, so 台 for 臺 is a new name too. */
        return name != NULL && before->name != NULL && strcmp(name, before->name) != 0 ? "renamed" : NULL;
    case XCA_XDS_ADD:
    case XCA_XDS_KIND_COUNT:
        break;
    }
    return NULL;
}

const char *xca_xds_parent(const xca_org_t *org, apr_pool_t *pool) {
    return apr_pstrcat(pool, OID_ROOT ".", xca_class_get(org->class)->arc, NULL);
}

/* ---- The text ---- */

#define FIRST "row,oid,kind,school_code,ubn,name,zip,address,phone,fax,email,former,contact,contact_email,authority"
#define FIELDS (XCA_XDS_COLUMN_COUNT + 2)

char *xca_xds_write(apr_pool_t *pool, const apr_array_header_t *rows) {
    apr_array_header_t *pieces = apr_array_make(pool, rows->nelts * FIELDS * 2 + 1, sizeof(const char *));
    int i, column;

    APR_ARRAY_PUSH(pieces, const char *) = FIRST "\r\n";
    for (i = 0; i < rows->nelts; i++) {
        const xca_xds_row_t *row = &APR_ARRAY_IDX(rows, i, xca_xds_row_t);

        APR_ARRAY_PUSH(pieces, const char *) = apr_psprintf(pool, "%d,", row->number);
        APR_ARRAY_PUSH(pieces, const char *) = row->oid != NULL ? row->oid : "";
        APR_ARRAY_PUSH(pieces, const char *) = apr_psprintf(pool, ",%s", kinds[row->kind].id);
        for (column = XCA_XDS_SCHOOL_CODE; column < XCA_XDS_COLUMN_COUNT; column++) {
            APR_ARRAY_PUSH(pieces, const char *) = ",";
            APR_ARRAY_PUSH(pieces, const char *) =
                row->values[column] != NULL ? xca_csv_quote(pool, row->values[column]) : "";
        }
        APR_ARRAY_PUSH(pieces, const char *) = "\r\n";
    }
    return apr_array_pstrcat(pool, pieces, '\0');
}

static xca_error_t *unreadable(apr_pool_t *pool, int line) {
    return xca_error_make(pool, XCA_E_INVALID, "xds.unreadable", "line %d", line);
}

static xca_error_t *read_row(xca_xds_row_t *row, const char *const *fields, int count, int line, apr_pool_t *pool) {
    char *end;
    long number = count == FIELDS ? strtol(fields[0], &end, 10) : 0;
    int kind, column;

    if (number < 1 || number > 100000000 || *end != '\0') {
        return unreadable(pool, line);
    }
    for (kind = 0; kind < XCA_XDS_KIND_COUNT && strcmp(fields[2], kinds[kind].id) != 0; kind++) {
    }
    if (kind == XCA_XDS_KIND_COUNT || (*fields[1] != '\0' && xca_oid_check(fields[1], OID_ROOT, "oid", pool) != NULL)) {
        return unreadable(pool, line);
    }
    memset(row, 0, sizeof(*row));
    row->number = (int)number;
    row->kind = (xca_xds_kind)kind;
    row->oid = *fields[1] != '\0' ? fields[1] : NULL;
    row->values[XCA_XDS_KIND] = kinds[kind].word;
    for (column = XCA_XDS_SCHOOL_CODE; column < XCA_XDS_COLUMN_COUNT; column++) {
        const char *value = xca_csv_unguard(fields[column + 2]);

        row->values[column] = *value != '\0' ? value : NULL;
    }
    return NULL;
}

xca_error_t *xca_xds_read(apr_array_header_t **rows, const char *text, apr_size_t length, apr_pool_t *pool) {
    xca_csv_t *csv = xca_csv_open(pool, text, length);
    const char **fields;
    int count, line, last = 0;
    xca_error_t *err;

    *rows = apr_array_make(pool, 16, sizeof(xca_xds_row_t));
    if (length > XCA_XDS_TEXT_MAX || length < strlen(FIRST) || strncmp(text, FIRST "\r\n", strlen(FIRST) + 2) != 0) {
        return unreadable(pool, 1);
    }
    err = xca_csv_next(csv, &fields, &count, &line, pool);
    while (err == NULL) {
        xca_xds_row_t row = {0};

        err = xca_csv_next(csv, &fields, &count, &line, pool);
        if (err != NULL || count == 0) {
            break;
        }
        err = read_row(&row, fields, count, line, pool);
        if (err == NULL && (row.number <= last || (*rows)->nelts >= XCA_XDS_ROWS_MAX)) {
            err = unreadable(pool, line);
        }
        last = row.number;
        APR_ARRAY_PUSH(*rows, xca_xds_row_t) = row;
    }
    return err == NULL ? NULL : unreadable(pool, 0);
}
