#include "operations/import_rows.h"

#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>
#include "base/text.h"
#include "domain/codes.h"
#include "domain/csv.h"
#include "domain/names.h"

#define OID_ROOT       "2.16.886"
#define FIRST_LOCALITY 90001
#define NOTE_MAX       1000 /* code points of an address, note or address of a page */

const char *xca_table_value(const xca_table_row_t *row, const char *column) {
    int i;

    for (i = 0; i < row->count; i++) {
        if (strcmp(row->names[i], column) == 0) {
            const char *value = xca_text_trim(row->pool, row->values[i]);

            return *value != '\0' ? value : NULL;
        }
    }
    return NULL;
}

static int starts_with(const char *text, const char *start) {
    return strncmp(text, start, strlen(start)) == 0;
}

static int ends_with(const char *text, const char *end) {
    apr_size_t length = strlen(text), wanted = strlen(end);

    return length >= wanted && strcmp(text + length - wanted, end) == 0;
}

static int is_only(const char *text, apr_size_t length, const char *alphabet) {
    return strlen(text) == length && strspn(text, alphabet) == length;
}

/* Reads a line of free text into *value (NULL if empty). */
static xca_error_t *read_line(const char **value, const xca_table_row_t *row, const char *column,
                              int required, apr_size_t max) {
    *value = xca_table_value(row, column);
    return xca_line_check(*value, required, max, column, row->pool);
}

/* The name; a ? or U+FFFD in it is a character that was lost on the way: nobody can be certified
 * under such a name. */
static xca_error_t *read_name(xca_org_t *org, const xca_table_row_t *row) {
    xca_error_t *err = read_line(&org->name, row, "name", 1, XCA_TEXT_MAX);

    if (err == NULL && (strchr(org->name, '?') != NULL || strstr(org->name, "\xef\xbf\xbd"))) {
        err = xca_error_field(row->pool, "name", "import.damaged-name", NULL);
    }
    return err;
}

static xca_error_t *read_ubn(xca_org_t *org, const xca_table_row_t *row, const char *column) {
    const char *number = xca_table_value(row, column);

    if (number == NULL) {
        return NULL;
    }
    org->ubn = xca_text_halfwidth(row->pool, number);
    return xca_ubn_check(org->ubn, column, row->pool);
}

/* What is wrong with a code that is missing or not of the table's form. */
static xca_error_t *bad_code(const xca_table_row_t *row, const char *column, const char *code) {
    return xca_error_field(row->pool, column, code != NULL ? "import.code" : "field.required",
                           code);
}

/* The address with its county before it where the table leaves it to other columns. */
static const char *whole_address(const xca_table_row_t *row, const char *county,
                                 const char *district, const char *address) {
    const xca_district_t *place;

    if (address == NULL || county == NULL || xca_postal_county(row->postal, address) != NULL) {
        return address;
    }
    place = xca_postal_of_address(row->postal, apr_pstrcat(row->pool, county, address, NULL), NULL,
                                  row->pool);
    return apr_pstrcat(row->pool, county, place == NULL && district != NULL ? district : "",
                       address, NULL);
}

/* County, district, postal code and address from the columns of these names as far as the table has
 * them, told by the address where there is no column. */
static xca_error_t *read_place(xca_org_t *org, const xca_table_row_t *row) {
    const char *county = xca_table_value(row, "county");
    const char *district = xca_table_value(row, "district");
    const char *zip = xca_table_value(row, "zip");
    const xca_district_t *first = xca_postal_county(row->postal, county), *place = NULL;
    xca_error_t *err = read_line(&org->address, row, "address", 0, NOTE_MAX);

    if (err != NULL) {
        return err;
    }
    if (county != NULL && first == NULL) {
        return xca_error_field(row->pool, "county", "address.county", NULL);
    }
    county = first != NULL ? first->county : NULL;
    if (district != NULL && county != NULL) {
        const char *both = apr_pstrcat(row->pool, county, district, NULL);

        place = xca_postal_of_address(row->postal, both, NULL, row->pool);
        if (place == NULL) {
            return xca_error_field(row->pool, "district", "address.district", NULL);
        }
    }
    if (org->address != NULL) {
        org->address = xca_text_trim(row->pool, xca_text_halfwidth(row->pool, org->address));
        org->address = whole_address(row, county, district, org->address);
    }
    if (place == NULL) {
        const char *told = org->address != NULL ? org->address : county;

        place = xca_postal_of_address(row->postal, told, zip, row->pool);
    }
    if (place == NULL && county == NULL && org->address != NULL) {
        first = xca_postal_county(row->postal, org->address);
        county = first != NULL ? first->county : NULL;
    }
    /* The column knows better than an address that was joined to the row. */
    if (place != NULL && county != NULL && strcmp(place->county, county) != 0) {
        place = NULL;
    }
    org->county = place != NULL ? place->county : county;
    org->district = place != NULL ? place->district : NULL;
    org->zip = zip != NULL ? zip : place != NULL ? place->zip : NULL;
    return NULL;
}

static xca_error_t *read_contact(xca_org_t *org, const xca_table_row_t *row) {
    xca_error_t *err = read_line(&org->phone, row, "phone", 0, XCA_TEXT_MAX);

    if (err == NULL) {
        err = read_line(&org->fax, row, "fax", 0, XCA_TEXT_MAX);
    }
    return err != NULL ? err : read_line(&org->url, row, "url", 0, NOTE_MAX);
}

/* Parents of organisations that are to be numbered. */

static const char *class_parent(const xca_table_row_t *row, xca_class class) {
    return apr_pstrcat(row->pool, OID_ROOT ".", xca_class_get(class)->arc, NULL);
}

/* Place of a district in the list by name, -1 if it is not there. */
static int place_in(const apr_array_header_t *list, const char *county, const char *district) {
    int i;

    for (i = 0; i < list->nelts; i++) {
        const xca_district_t *here = APR_ARRAY_IDX(list, i, const xca_district_t *);

        if ((county != NULL && strcmp(here->county, county) == 0) ||
            (district != NULL && strcmp(here->district, district) == 0)) {
            return i;
        }
    }
    return -1;
}

static int is_university(const char *name) {
    return ends_with(name, "大學") || ends_with(name, "學院") || ends_with(name, "專科學校");
}

/* Universities stand right below the arc of schools, other schools below county and township
 * (profile.md "Codes"), as far as the place is known. */
static const char *school_parent(const xca_table_row_t *row, const xca_org_t *org, int university) {
    const char *parent = class_parent(row, XCA_CLASS_SCHOOL);
    int county, district;

    if (university || org->county == NULL) {
        return parent;
    }
    county = place_in(xca_postal_counties(row->postal), org->county, NULL);
    district = org->district == NULL
                   ? -1
                   : place_in(xca_postal_districts(row->postal, org->county), NULL, org->district);
    parent = apr_psprintf(row->pool, "%s.%d", parent, FIRST_LOCALITY + county);
    return district < 0 ? parent
                        : apr_psprintf(row->pool, "%s.%d", parent, FIRST_LOCALITY + district);
}

static const char *parent_of(const xca_table_row_t *row, const xca_org_t *org) {
    return org->class == XCA_CLASS_SCHOOL ? school_parent(row, org, is_university(org->name))
                                          : class_parent(row, org->class);
}

static const char *key_of(const xca_table_row_t *row, const char *kind, const char *value) {
    return apr_pstrcat(row->pool, kind, ":", value, NULL);
}

/* Where a table has no number at all: class and folded name, and the place if it is known, because
 * many small organisations of different towns have one name. */
static const char *name_key(const xca_table_row_t *row, const xca_org_t *org) {
    const char *place = apr_pstrcat(row->pool, org->county != NULL ? org->county : "",
                                    org->district != NULL ? org->district : "", NULL);

    return apr_pstrcat(row->pool, "name:", xca_class_get(org->class)->id, ":",
                       xca_name_fold(row->pool, org->name), *place != '\0' ? ":" : "",
                       xca_name_fold(row->pool, place), NULL);
}

static const char *best_key(const xca_table_row_t *row, const xca_org_t *org) {
    return org->ubn != NULL ? key_of(row, "ubn", org->ubn) : name_key(row, org);
}

/* 財團法人 and 社團法人 as the register says, otherwise as the name tells. */
static xca_class class_of_kind(const char *kind, const char *name) {
    if (kind != NULL && strcmp(kind, "財團法人") == 0) {
        return XCA_CLASS_FOUNDATION;
    }
    if (kind != NULL && strcmp(kind, "社團法人") == 0) {
        return XCA_CLASS_ASSOCIATION;
    }
    return xca_class_by_name(name);
}

/* Readers. */

/* Empty where the column is there and has nothing, NULL where an older export lacks the column: that leaves what is recorded. */
static xca_error_t *read_authority(xca_org_t *org, const xca_table_row_t *row) {
    int i;
    xca_error_t *err = read_line(&org->authority, row, "authority", 0, XCA_TEXT_MAX);

    for (i = 0; org->authority == NULL && i < row->count; i++) {
        org->authority = strcmp(row->names[i], "authority") == 0 ? "" : NULL;
    }
    return err;
}

static xca_error_t *read_export(xca_import_row_t *made, const xca_table_row_t *table_row) {
    xca_org_t *org = &made->org;
    const char **texts[] = {&org->name, &org->name_en, &org->county,    &org->district,
                            &org->zip,  &org->address, &org->phone,     &org->fax,
                            &org->url,  &org->note,    &org->source_key};
    static const char *const columns[] = {"name", "name_en", "county",    "district",
                                          "zip",  "address", "phone",     "fax",
                                          "url",  "note",    "source_key"};
    const char **values =
        apr_palloc(table_row->pool, sizeof(*values) * (apr_size_t)table_row->count);
    xca_table_row_t row = *table_row;
    const char *class_id, *state_id;
    xca_error_t *err = NULL;
    int i;

    for (i = 0; i < row.count; i++) {
        values[i] = xca_csv_unguard(table_row->values[i]);
    }
    row.values = values;
    for (i = 0; err == NULL && i < (int)(sizeof(texts) / sizeof(texts[0])); i++) {
        err = read_line(texts[i], &row, columns[i], 0, NOTE_MAX);
    }
    if (err == NULL) {
        err = read_line(&org->oid, &row, "oid", 1, XCA_TEXT_MAX);
    }
    if (err == NULL) {
        err = xca_oid_check(org->oid, OID_ROOT, "oid", row.pool);
    }
    if (err == NULL) {
        err = read_ubn(org, &row, "ubn");
    }
    if (err == NULL) {
        err = read_authority(org, &row);
    }
    org->school_code = xca_table_value(&row, "school_code");
    if (err == NULL && org->school_code != NULL) {
        err = xca_school_code_check(org->school_code, "school_code", row.pool);
    }
    if (err != NULL) {
        return err;
    }
    class_id = xca_table_value(&row, "class");
    state_id = xca_table_value(&row, "state");
    org->class = xca_class_by_id(class_id);
    org->state = xca_org_state_by_id(state_id);
    if (class_id == NULL || strcmp(xca_class_get(org->class)->id, class_id) != 0) {
        return xca_error_field(row.pool, "class", "import.class", class_id);
    }
    if (org->state == XCA_ORG_STATE_COUNT) {
        return xca_error_field(row.pool, "state", "import.state", state_id);
    }
    if (org->class != XCA_CLASS_NONE && org->name == NULL) { /* an arc may have none */
        return xca_error_field(row.pool, "name", "field.required", NULL);
    }
    return NULL;
}

/* The place of a government unit is in its DN; national ones have none (profile.md "Names"). */
static void read_dn_place(xca_org_t *org, const xca_table_row_t *row) {
    const char *dn = xca_table_value(row, "dn");
    const char *outer = NULL, *inner = NULL, *at = dn;
    const xca_district_t *first;

    org->county = org->district = NULL;
    while (at != NULL && *at != '\0') {
        apr_size_t length = strcspn(at, ",");

        if (starts_with(at, "l=")) { /* from the innermost outwards */
            inner = outer;
            outer = apr_pstrmemdup(row->pool, at + 2, length - 2);
        }
        at += length;
        at += *at == ',';
    }
    first = xca_postal_county(row->postal, outer);
    if (first != NULL) {
        org->county = first->county;
        org->district = inner;
    }
}

static xca_error_t *read_gov_oid(xca_import_row_t *made, const xca_table_row_t *row) {
    xca_org_t *org = &made->org;
    xca_error_t *err = read_line(&org->oid, row, "oid", 1, XCA_TEXT_MAX);

    if (err == NULL) {
        err = xca_oid_check(org->oid, OID_ROOT, "oid", row->pool);
    }
    if (err == NULL) {
        err = read_name(org, row);
    }
    if (err == NULL) {
        err = read_line(&org->name_en, row, "name_en", 0, XCA_TEXT_MAX);
    }
    if (err == NULL) {
        err = read_place(org, row);
    }
    if (err == NULL) {
        err = read_contact(org, row);
    }
    if (err != NULL) {
        return err;
    }
    read_dn_place(org, row);
    org->class = XCA_CLASS_NONE;
    org->source_key = key_of(row, "gov", org->oid);
    return NULL;
}

/* Codes of the Ministry of Education: 4 digits for universities, 6 characters for other schools. */
static int is_moe_code(const char *code) {
    return is_only(code, 4, "0123456789") ||
           is_only(code, 6, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ");
}

static xca_error_t *read_school(xca_import_row_t *made, const xca_table_row_t *row) {
    xca_org_t *org = &made->org;
    const char *code = xca_table_value(row, "school_code");
    const char *level = xca_table_value(row, "level");
    xca_error_t *err = read_name(org, row);

    if (err == NULL && (code == NULL || !is_moe_code(code))) {
        err = bad_code(row, "school_code", code);
    }
    if (err == NULL) {
        err = read_place(org, row);
    }
    if (err == NULL) {
        err = read_contact(org, row);
    }
    if (err != NULL) {
        return err;
    }
    org->class = XCA_CLASS_SCHOOL;
    org->source_key = key_of(row, "school", code);
    made->parent = school_parent(row, org, level != NULL && strcmp(level, "大專校院") == 0);
    return NULL;
}

static xca_error_t *read_school_name(xca_import_row_t *made, const xca_table_row_t *row) {
    xca_org_t *org = &made->org;
    xca_error_t *err = read_name(org, row);

    if (err == NULL) {
        err = read_ubn(org, row, "business_no");
    }
    if (err == NULL) {
        err = read_place(org, row);
    }
    if (err != NULL) {
        return err;
    }
    org->class = XCA_CLASS_SCHOOL;
    org->source_key = best_key(row, org);
    made->parent = parent_of(row, org);
    return NULL;
}

static xca_error_t *read_npo(xca_import_row_t *made, const xca_table_row_t *row) {
    xca_org_t *org = &made->org;
    xca_error_t *err = read_name(org, row);

    if (err == NULL) {
        err = read_ubn(org, row, "business_no");
    }
    if (err == NULL) {
        err = read_place(org, row);
    }
    if (err != NULL) {
        return err;
    }
    org->class = class_of_kind(xca_table_value(row, "kind_by_name"), org->name);
    org->source_key = best_key(row, org);
    made->parent = parent_of(row, org);
    return NULL;
}

static xca_error_t *read_legal_name(xca_import_row_t *made, const xca_table_row_t *row) {
    xca_org_t *org = &made->org;
    xca_error_t *err = read_name(org, row);

    if (err != NULL) {
        return err;
    }
    org->class = class_of_kind(xca_table_value(row, "kind_by_name"), org->name);
    org->source_key = name_key(row, org);
    made->parent = parent_of(row, org);
    return NULL;
}

static xca_error_t *read_nhi(xca_import_row_t *made, const xca_table_row_t *row) {
    xca_org_t *org = &made->org;
    const char *code = xca_table_value(row, "nhi_code");
    const char *kind = xca_table_value(row, "kind");
    xca_error_t *err = read_name(org, row);

    if (err == NULL && (code == NULL || !is_only(code, 10, "0123456789"))) {
        err = bad_code(row, "nhi_code", code);
    }
    if (err == NULL) {
        err = read_place(org, row);
    }
    if (err == NULL) {
        err = read_contact(org, row);
    }
    if (err != NULL) {
        return err;
    }
    if (kind != NULL && strcmp(kind, "藥局") == 0) {
        org->class = XCA_CLASS_PROFESSIONAL;
    } else if (kind != NULL && strcmp(kind, "衛生所") == 0) { /* an agency of its county */
        org->class = XCA_CLASS_NONE;
    } else {
        org->class = xca_class_by_name(org->name);
    }
    org->source_key = key_of(row, "nhi", code);
    made->parent = parent_of(row, org);
    return NULL;
}

static xca_error_t *read_cram_school(xca_import_row_t *made, const xca_table_row_t *row) {
    xca_org_t *org = &made->org;
    xca_error_t *err = read_name(org, row);

    if (err == NULL) {
        err = read_place(org, row);
    }
    if (err != NULL) {
        return err;
    }
    org->class = XCA_CLASS_OTHER;
    org->source_key = name_key(row, org);
    made->parent = parent_of(row, org);
    return NULL;
}

/* 機關代碼 list: agencies of the government, its schools, and a few foundations whose code is two
 * letters and their unified number. */
static xca_error_t *read_org_code(xca_import_row_t *made, const xca_table_row_t *row) {
    xca_org_t *org = &made->org;
    const char *code = xca_table_value(row, "org_code");
    const xca_district_t *place;
    xca_error_t *err = read_name(org, row);

    if (err != NULL) {
        return err;
    }
    if (code != NULL && is_only(code, 10, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") &&
        strspn(code, "0123456789") == 0 && is_only(code + 2, 8, "0123456789")) {
        org->ubn = code + 2;
        org->class = xca_class_by_name(org->name);
        org->source_key = best_key(row, org);
        made->parent = parent_of(row, org);
        return xca_ubn_check(org->ubn, "org_code", row->pool);
    }
    if (code == NULL || xca_school_code_check(code, "org_code", row->pool) != NULL) {
        return bad_code(row, "org_code", code);
    }
    place = xca_postal_of_address(row->postal, org->name, NULL, row->pool);
    if (place == NULL) {
        place = xca_postal_county(row->postal, org->name);
        org->county = place != NULL ? place->county : NULL;
    } else {
        org->county = place->county;
        org->district = place->district;
    }
    if (xca_class_by_name(org->name) == XCA_CLASS_SCHOOL) {
        org->class = XCA_CLASS_SCHOOL;
        org->school_code = code;
    }
    org->source_key = key_of(row, "org-code", code);
    made->parent = parent_of(row, org);
    return NULL;
}

xca_error_t *xca_table_read(xca_import_row_t *made, const xca_table_row_t *row) {
    typedef xca_error_t *reader(xca_import_row_t * made, const xca_table_row_t *row);
    static reader *const readers[XCA_TABLE_COUNT] = {
        [XCA_TABLE_EXPORT] = read_export,
        [XCA_TABLE_GOV_OID] = read_gov_oid,
        [XCA_TABLE_SCHOOLS] = read_school,
        [XCA_TABLE_SCHOOL_NAMES] = read_school_name,
        [XCA_TABLE_NPO] = read_npo,
        [XCA_TABLE_LEGAL_NAMES] = read_legal_name,
        [XCA_TABLE_NHI] = read_nhi,
        [XCA_TABLE_CRAM_SCHOOLS] = read_cram_school,
        [XCA_TABLE_ORG_CODES] = read_org_code,
    };

    return readers[row->table](made, row);
}

int xca_table_version(const xca_table_row_t *row, const char **key, long *year) {
    const char *years, *last;

    if (row->table != XCA_TABLE_SCHOOLS) {
        return 0;
    }
    *key = xca_table_value(row, "school_code");
    years = xca_table_value(row, "school_year_roc");
    if (*key == NULL) {
        return 0;
    }
    /* "108-109" counts as 109. */
    last = years != NULL ? strrchr(years, '-') : NULL;
    *year = years != NULL ? strtol(last != NULL ? last + 1 : years, NULL, 10) : 0;
    return 1;
}
