#include "domain/case.h"

#include <stddef.h>
#include <string.h>
#include <apr_strings.h>
#include "domain/calendar.h"
#include "domain/card.h"
#include "domain/codes.h"

static const char *const kind_ids[XCA_CASE_KIND_COUNT] = {"certificate", "card", "revocation",
                                                              "oid-change", "code-reset"};
static const char *const state_ids[XCA_STATE_COUNT] = {
    "filed", "reviewed",   "approved",  "issuing",  "issued",  "made",
    "dispatched", "completed", "returned", "refused", "lapsed"};
const char *const xca_revoke_reasons[] = {"abolished", "lost", "damaged", "other", NULL};

#define CODE_MAX 20 /* room for a code typed wrongly: its own check says it better */
#define OID_MAX  100

const xca_case_field_t xca_case_fields[] = {
    /* the OID stands first: xca_case_check() relies on it */
    {"oid", "xcaOid", offsetof(xca_case_t, oid), OID_MAX},
    {"org_name", "o", offsetof(xca_case_t, org_name), XCA_TEXT_MAX},
    {"ubn", "xcaUbn", offsetof(xca_case_t, ubn), CODE_MAX},
    {"school_code", "xcaSchoolCode", offsetof(xca_case_t, school_code), CODE_MAX},
    {"org_county", "xcaCounty", offsetof(xca_case_t, org_county), 20},
    {"org_district", "xcaDistrict", offsetof(xca_case_t, org_district), 20},
    {"org_zip", "postalCode", offsetof(xca_case_t, org_zip), 10},
    {"org_street", "xcaAddress", offsetof(xca_case_t, org_street), XCA_TEXT_MAX},
    {"org_phone", "xcaPhone", offsetof(xca_case_t, org_phone), 40},
    {"org_fax", "xcaFax", offsetof(xca_case_t, org_fax), 40},
    {"email", "mail", offsetof(xca_case_t, email), XCA_EMAIL_MAX},
    {"remark", "xcaRemark", offsetof(xca_case_t, remark), XCA_TEXT_MAX},
    {"contact_name", "xcaContactName", offsetof(xca_case_t, contact_name), 60},
    {"contact_title", "xcaContactTitle", offsetof(xca_case_t, contact_title), 60},
    {"contact_email", "xcaContactMail", offsetof(xca_case_t, contact_email), XCA_EMAIL_MAX},
    {"contact_county", "xcaContactCounty", offsetof(xca_case_t, contact_county), 20},
    {"contact_district", "xcaContactDistrict", offsetof(xca_case_t, contact_district), 20},
    {"contact_zip", "xcaContactZip", offsetof(xca_case_t, contact_zip), 10},
    {"contact_street", "xcaContactStreet", offsetof(xca_case_t, contact_street), XCA_TEXT_MAX},
    {"contact_phone", "xcaContactPhone", offsetof(xca_case_t, contact_phone), 40},
    {"contact_fax", "xcaContactFax", offsetof(xca_case_t, contact_fax), 40},
    {"rank", "xcaRank", offsetof(xca_case_t, rank), 20},
    {"target_serial", "xcaTargetSerial", offsetof(xca_case_t, target_serial), 80},
    {"revoke_reason", "xcaRevokeReason", offsetof(xca_case_t, revoke_reason), 20},
    {"letter_date", "xcaLetterDate", offsetof(xca_case_t, letter_date), 20},
    {"sheet", "xcaSheet", offsetof(xca_case_t, sheet), 64},
    {"sheet_rows", "xcaSheetRows", offsetof(xca_case_t, sheet_rows), 10},
    {"window", "xcaWindow", offsetof(xca_case_t, window), 60},
    {NULL, NULL, 0, 0},
};

/* Fields that are typed as numbers or addresses: full-width forms are made half-width. */
static const char *const half_width_fields[] = {
    "oid",   "ubn",         "school_code",   "org_zip",     "org_phone",     "org_fax",
    "email", "contact_zip", "contact_email", "contact_fax", "contact_phone", "target_serial", "letter_date"};

static int place_of(const char *id, const char *const *ids, int count) {
    int i;

    for (i = 0; i < count; i++) {
        if (id != NULL && strcmp(id, ids[i]) == 0) {
            return i;
        }
    }
    return count;
}

const char *xca_case_kind_id(xca_case_kind kind) {
    return kind_ids[kind];
}

xca_case_kind xca_case_kind_by_id(const char *id) {
    return (xca_case_kind)place_of(id, kind_ids, XCA_CASE_KIND_COUNT);
}

const char *xca_case_state_id(xca_case_state state) {
    return state_ids[state];
}

xca_case_state xca_case_state_by_id(const char *id) {
    return (xca_case_state)place_of(id, state_ids, XCA_STATE_COUNT);
}

/* What a state means for some kinds, in words of their own. */
static const struct {
    xca_case_kind kind;
    xca_case_state state;
    const char *label, *short_label; /* NULL: that of all kinds */
} own_labels[] = {
    {XCA_CASE_CARD, XCA_STATE_APPROVED, "state.card.approved", NULL},
    {XCA_CASE_CARD, XCA_STATE_ISSUING, "state.card.issuing", "office.state.card.issuing"},
    {XCA_CASE_CARD, XCA_STATE_LAPSED, "state.card.lapsed", NULL},
    {XCA_CASE_REVOCATION, XCA_STATE_REVIEWED, "state.revocation.reviewed", NULL},
    {XCA_CASE_REVOCATION, XCA_STATE_APPROVED, "state.revocation.issuing", "office.state.revocation.issuing"},
    {XCA_CASE_REVOCATION, XCA_STATE_ISSUING, "state.revocation.issuing", "office.state.revocation.issuing"},
    {XCA_CASE_OID_CHANGE, XCA_STATE_APPROVED, "state.oid-change.issuing", "office.state.oid-change.issuing"},
    {XCA_CASE_OID_CHANGE, XCA_STATE_ISSUING, "state.oid-change.issuing", "office.state.oid-change.issuing"},
    {XCA_CASE_OID_CHANGE, XCA_STATE_RETURNED, "state.oid-change.returned", NULL},
    {XCA_CASE_CODE_RESET, XCA_STATE_FILED, "state.code-reset.filed", NULL},
    {XCA_CASE_CODE_RESET, XCA_STATE_REVIEWED, "state.code-reset.reviewed", NULL},
    {XCA_CASE_CODE_RESET, XCA_STATE_APPROVED, "state.code-reset.issuing", "office.state.code-reset.issuing"},
    {XCA_CASE_CODE_RESET, XCA_STATE_ISSUING, "state.code-reset.issuing", "office.state.code-reset.issuing"},
    {XCA_CASE_CODE_RESET, XCA_STATE_ISSUED, "state.code-reset.issued", "office.state.code-reset.issued"},
    {XCA_CASE_CODE_RESET, XCA_STATE_LAPSED, "state.code-reset.lapsed", NULL},
};

const char *xca_case_state_label(const xca_case_t *kase) {
    static const char *const texts[XCA_STATE_COUNT] = {
        "state.filed",      "state.reviewed",  "state.approved", "state.issuing", "state.issued", "state.made",
        "state.dispatched", "state.completed", "state.returned", "state.refused", "state.lapsed"};
    apr_size_t i;

    for (i = 0; i < sizeof(own_labels) / sizeof(own_labels[0]); i++) {
        if (own_labels[i].kind == kase->kind && own_labels[i].state == kase->state) {
            return own_labels[i].label;
        }
    }
    return texts[kase->state];
}

const char *xca_case_state_short(const xca_case_t *kase) {
    static const char *const texts[XCA_STATE_COUNT] = {
        "office.state.filed",      "office.state.reviewed",  "office.state.approved", "office.state.issuing", "office.state.issued", "office.state.made",
        "office.state.dispatched", "office.state.completed", "office.state.returned", "office.state.refused", "office.state.lapsed"};
    apr_size_t i;

    for (i = 0; i < sizeof(own_labels) / sizeof(own_labels[0]); i++) {
        if (own_labels[i].kind == kase->kind && own_labels[i].state == kase->state && own_labels[i].short_label != NULL) {
            return own_labels[i].short_label;
        }
    }
    return texts[kase->state];
}

int xca_case_is_application(xca_case_kind kind) {
    return kind == XCA_CASE_CERTIFICATE || kind == XCA_CASE_CARD;
}

int xca_case_ended(xca_case_state state) {
    return state == XCA_STATE_COMPLETED || state == XCA_STATE_REFUSED || state == XCA_STATE_LAPSED;
}

int xca_case_correctable(xca_case_state state) {
    return state == XCA_STATE_FILED || state == XCA_STATE_RETURNED;
}

const char *xca_case_get(const xca_case_t *kase, const xca_case_field_t *field) {
    const char *value;

    memcpy(&value, (const char *)kase + field->offset, sizeof(value));
    return value;
}

void xca_case_set(xca_case_t *kase, const xca_case_field_t *field, const char *value) {
    memcpy((char *)kase + field->offset, &value, sizeof(value));
}

/* Canonical text. */

static void append(apr_array_header_t *lines, const char *name, const char *value) {
    apr_pool_t *pool = lines->pool;
    char *line, *to;

    if (value == NULL || *value == '\0') {
        return;
    }
    line = apr_palloc(pool, strlen(name) + strlen(value) * 2 + 4);
    to = line + strlen(name) + 2;
    memcpy(line, name, strlen(name));
    memcpy(to - 2, ": ", 2);
    for (; *value != '\0'; value++) {
        const char *escape = *value == '\\'   ? "\\\\"
                             : *value == '\n' ? "\\n"
                             : *value == '\r' ? "\\r"
                                              : NULL;

        if (escape != NULL) {
            *to++ = escape[0];
            *to++ = escape[1];
        } else {
            *to++ = *value;
        }
    }
    *to++ = '\n';
    *to = '\0';
    APR_ARRAY_PUSH(lines, const char *) = line;
}

static char *base64(apr_pool_t *pool, xca_bytes_t bytes) {
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char *text = apr_palloc(pool, (bytes.length + 2) / 3 * 4 + 1);
    char *to = text;
    apr_size_t i;

    for (i = 0; i < bytes.length; i += 3) {
        apr_size_t left = bytes.length - i;
        unsigned long group = (unsigned long)bytes.data[i] << 16;

        group |= left > 1 ? (unsigned long)bytes.data[i + 1] << 8 : 0;
        group |= left > 2 ? bytes.data[i + 2] : 0;
        *to++ = alphabet[group >> 18];
        *to++ = alphabet[group >> 12 & 63];
        *to++ = left > 1 ? alphabet[group >> 6 & 63] : '=';
        *to++ = left > 2 ? alphabet[group & 63] : '=';
    }
    *to = '\0';
    return text;
}

char *xca_case_canonical(apr_pool_t *pool, const xca_case_t *kase) {
    apr_array_header_t *lines = apr_array_make(pool, 40, sizeof(const char *));
    const xca_case_field_t *field;

    APR_ARRAY_PUSH(lines, const char *) = "XCA-CASE-1\n";
    append(lines, "kind", xca_case_kind_id(kase->kind));
    append(lines, "number", kase->number);
    append(lines, "revision", apr_ltoa(pool, kase->revision));
    append(lines, "filed", xca_date_format(pool, kase->filed, XCA_DATE_RFC3339));
    append(lines, "class", xca_class_get(kase->class)->id);
    if (kase->use < XCA_USE_COUNT) {
        append(lines, "use", xca_use_id(kase->use));
    }
    for (field = xca_case_fields; field->name != NULL; field++) {
        append(lines, field->name, xca_case_get(kase, field));
    }
    append(lines, "csr", base64(pool, kase->csr));
    return apr_array_pstrcat(pool, lines, '\0');
}

/* Checks. */

/* What a check works on and the errors it has found. */
typedef struct {
    xca_case_t *kase;
    const xca_postal_t *postal;
    apr_pool_t *pool;
    int is_new; /* no OID was given: the organisation registers itself with the case */
    xca_error_t *errors;
} check_t;

static void found(check_t *check, xca_error_t *err) {
    check->errors = xca_error_append(check->errors, err);
}

static void wrong(check_t *check, const char *field, const char *message) {
    found(check, xca_error_field(check->pool, field, message, NULL));
}

static char *upper(apr_pool_t *pool, const char *text) {
    char *copy = apr_pstrdup(pool, text), *c;

    for (c = copy; *c != '\0'; c++) {
        *c = (char)(*c >= 'a' && *c <= 'z' ? *c - 0x20 : *c);
    }
    return copy;
}

/* Brings every field into its form: trimmed, numbers half-width, empty ones NULL. A field that is
 * too long or has forbidden characters gives its error and is taken as empty by the checks behind.
 */
static int normalise(check_t *check, const xca_case_field_t *field) {
    const int count = sizeof(half_width_fields) / sizeof(half_width_fields[0]);
    const char *value = xca_case_get(check->kase, field);
    xca_error_t *err;

    if (value == NULL) {
        return 1;
    }
    /* No more white space than a page of it, and no work on a megabyte that nobody typed. */
    if (strlen(value) > 8192) {
        found(check, xca_error_field(check->pool, field->name, "field.too-long",
                                     apr_psprintf(check->pool, "%" APR_SIZE_T_FMT, field->max)));
        return 0;
    }
    value = xca_text_trim(check->pool, value);
    if (place_of(field->name, half_width_fields, count) < count) {
        value = xca_text_halfwidth(check->pool, value);
    }
    if (strcmp(field->name, "school_code") == 0) {
        value = upper(check->pool, value);
    }
    err = xca_typed_check(value, 0, field->max, field->name, check->pool);
    xca_case_set(check->kase, field, *value != '\0' ? value : NULL);
    found(check, err);
    return err == NULL;
}

typedef xca_error_t *code_check(const char *code, const char *field, apr_pool_t *pool);

static void need(check_t *check, const char *value, const char *field) {
    found(check, xca_line_check(value, 1, XCA_TEXT_MAX * 4, field, check->pool));
}

/* Checks a code that is there, or says that it must be. */
static void check_code(check_t *check, const char *value, const char *field, int required,
                       code_check *rule) {
    if (value != NULL) {
        found(check, rule(value, field, check->pool));
    } else if (required) {
        need(check, NULL, field);
    }
}

/* County, district and street, and the postal code that follows from them. */
static void check_address(check_t *check, const char **county, const char **district,
                          const char **zip, const char *street, const char *prefix, int required) {
    const char *county_field = apr_pstrcat(check->pool, prefix, "_county", NULL);
    const char *district_field = apr_pstrcat(check->pool, prefix, "_district", NULL);
    const char *street_field = apr_pstrcat(check->pool, prefix, "_street", NULL);
    const xca_district_t *place;

    if (!required && *county == NULL && *district == NULL && street == NULL) {
        *zip = NULL;
        return;
    }
    if (street == NULL) {
        need(check, NULL, street_field);
    }
    if (*county == NULL) {
        wrong(check, county_field, "field.choose");
        return;
    }
    if (xca_postal_districts(check->postal, *county)->nelts == 0) {
        wrong(check, county_field, "address.county");
        return;
    }
    if (*district == NULL) {
        wrong(check, district_field, "field.choose");
        return;
    }
    place = xca_postal_find(check->postal, *county, *district);
    if (place == NULL) {
        wrong(check, district_field, "address.district");
        return;
    }
    *county = place->county;
    *district = place->district;
    *zip = place->zip;
}

static xca_error_t *check_oid(const char *oid, const char *field, apr_pool_t *pool) {
    return xca_oid_check(oid, "2.16.886", field, pool);
}

static void check_organisation(check_t *check) {
    xca_case_t *kase = check->kase;
    int is_new = check->is_new;

    check_code(check, kase->oid, "oid", 0, check_oid);
    if (is_new) {
        need(check, kase->org_name, "org_name");
    }
    if (is_new && kase->class == XCA_CLASS_NONE) {
        wrong(check, "class", "field.choose");
    }
    check_code(check, kase->ubn, "ubn", is_new, xca_ubn_check);
    if (kase->school_code != NULL && kase->class != XCA_CLASS_SCHOOL) {
        wrong(check, "school_code", "school-code.only-schools");
    } else {
        check_code(check, kase->school_code, "school_code", 0, xca_school_code_check);
    }
    if (is_new) {
        check_address(check, &kase->org_county, &kase->org_district, &kase->org_zip,
                      kase->org_street, "org", 1);
    }
    check_code(check, kase->org_phone, "org_phone", is_new, xca_phone_check);
    check_code(check, kase->org_fax, "org_fax", 0, xca_phone_check);
}

static void check_contact(check_t *check, int required) {
    xca_case_t *kase = check->kase;

    if (required) {
        need(check, kase->contact_name, "contact_name");
    }
    check_code(check, kase->contact_email, "contact_email", required, xca_email_check);
    check_address(check, &kase->contact_county, &kase->contact_district, &kase->contact_zip,
                  kase->contact_street, "contact", required);
    check_code(check, kase->contact_phone, "contact_phone", required, xca_phone_check);
    check_code(check, kase->contact_fax, "contact_fax", 0, xca_phone_check);
}

static void check_certificate(check_t *check) {
    xca_case_t *kase = check->kase;

    if (kase->class != XCA_CLASS_NONE && !xca_class_get(kase->class)->card_less) {
        wrong(check, "class", "case.class-not-card-less");
    } else if (kase->class == XCA_CLASS_NONE && kase->oid != NULL) {
        wrong(check, "oid", "case.class-not-card-less");
    }
    if (kase->use != XCA_USE_SIGNATURE && kase->use != XCA_USE_ENCRYPTION) {
        wrong(check, "use", "field.choose");
    }
}

static void check_card(check_t *check) {
    xca_case_t *kase = check->kase;

    kase->use = XCA_USE_COUNT;
    if (xca_card_rank_by_id(kase->rank) == XCA_RANK_COUNT) {
        wrong(check, "rank", "field.choose");
    }
}

static void check_target(check_t *check) {
    xca_case_t *kase = check->kase;

    if (kase->target_serial == NULL) {
        need(check, NULL, "target_serial");
    } else {
        found(check, xca_serial_parse(&kase->target_serial, kase->target_serial, "target_serial",
                                      check->pool));
    }
    if (kase->letter_date != NULL && xca_date_parse_iso(kase->letter_date) == 0) {
        wrong(check, "letter_date", "date.form");
    }
}

static void check_oid_change(check_t *check) {
    xca_case_t *kase = check->kase;

    need(check, kase->contact_name, "contact_name");
    check_code(check, kase->contact_email, "contact_email", 1, xca_email_check);
    check_code(check, kase->contact_phone, "contact_phone", 0, xca_phone_check);
    if (kase->sheet == NULL || strlen(kase->sheet) != 64 ||
        strspn(kase->sheet, "0123456789abcdef") != 64) {
        need(check, NULL, "sheet");
    }
}

static void check_revocation(check_t *check) {
    const int reasons = sizeof(xca_revoke_reasons) / sizeof(xca_revoke_reasons[0]) - 1;

    check_contact(check, 0);
    check_target(check);
    if (place_of(check->kase->revoke_reason, xca_revoke_reasons, reasons) == reasons) {
        wrong(check, "revoke_reason", "field.choose");
    }
}

/* Somebody will be called, and told the code. */
static void check_code_reset(check_t *check) {
    check_contact(check, 0);
    check_target(check);
    need(check, check->kase->contact_name, "contact_name");
    if (check->kase->contact_phone == NULL) {
        need(check, NULL, "contact_phone");
    }
}

/* Takes out the errors of a field that already has an earlier one: a name that is too long is not
 * also missing. */
static xca_error_t *first_of_each_field(xca_error_t *errors) {
    xca_error_t *err, **link;

    for (err = errors; err != NULL; err = err->next) {
        link = &err->next;
        while (*link != NULL) {
            if (strcmp((*link)->field, err->field) == 0) {
                *link = (*link)->next;
            } else {
                link = &(*link)->next;
            }
        }
    }
    return errors;
}

xca_error_t *xca_case_check(xca_case_t *kase, const xca_postal_t *postal, apr_pool_t *pool) {
    check_t check = {kase, postal, pool, 0, NULL};
    const xca_case_field_t *field;
    const char *kept[sizeof(xca_case_fields) / sizeof(xca_case_fields[0])];
    int bad[sizeof(xca_case_fields) / sizeof(xca_case_fields[0])] = {0};
    int i;

    for (field = xca_case_fields, i = 0; field->name != NULL; field++, i++) {
        bad[i] = !normalise(&check, field);
        kept[i] = xca_case_get(kase, field);
        if (bad[i]) {
            xca_case_set(kase, field, NULL);
        }
    }
    check.is_new = kept[0] == NULL;
    if (kase->kind == XCA_CASE_REVOCATION || kase->kind == XCA_CASE_CODE_RESET) {
        check_code(&check, kase->oid, "oid", 0, check_oid);
        check_code(&check, kase->email, "email", 0, xca_email_check);
        (kase->kind == XCA_CASE_REVOCATION ? check_revocation : check_code_reset)(&check);
    } else if (kase->kind == XCA_CASE_OID_CHANGE) {
        check_oid_change(&check);
    } else {
        check_organisation(&check);
        check_code(&check, kase->email, "email", 1, xca_email_check);
        check_contact(&check, 1);
        if (kase->kind == XCA_CASE_CERTIFICATE) {
            check_certificate(&check);
        } else {
            check_card(&check);
        }
    }
    if (kase->kind != XCA_CASE_CARD) {
        kase->rank = NULL;
    }
    if (kase->kind != XCA_CASE_REVOCATION && kase->kind != XCA_CASE_CODE_RESET) {
        kase->letter_date = NULL;
    }
    if (kase->kind != XCA_CASE_OID_CHANGE) {
        kase->sheet = kase->sheet_rows = NULL;
    }
    for (field = xca_case_fields, i = 0; field->name != NULL; field++, i++) {
        if (bad[i]) { /* the form shows again what was typed */
            xca_case_set(kase, field, kept[i]);
        }
    }
    return first_of_each_field(check.errors);
}

xca_error_t *xca_contact_check(xca_case_t *kase, const xca_postal_t *postal, apr_pool_t *pool) {
    check_t check = {kase, postal, pool, 0, NULL};
    const xca_case_field_t *field;

    for (field = xca_case_fields; field->name != NULL; field++) {
        if (strncmp(field->name, "contact_", 8) != 0) {
            xca_case_set(kase, field, NULL);
        } else if (!normalise(&check, field)) {
            xca_case_set(kase, field, NULL);
        }
    }
    check_contact(&check, 1);
    return first_of_each_field(check.errors);
}
