#include "domain/organisation.h"

#include <string.h>
#include <apr_strings.h>
#include "domain/codes.h"

#define CLASS_ARCS_ROOT    "2.16.886"
#define SUBJECT_TYPES_ROOT "2.16.886.1.100"

/* Arcs 111, 104 and the subject type of schools are those of the Taiwanese registry; 103 and 105
 * are likely ones, the rest are ours: profile.md "Codes", "Names". */
static xca_class_info_t classes[XCA_CLASS_COUNT] = {
    {"none", "101", SUBJECT_TYPES_ROOT ".3.2.1", 0},
    {"school", "111", SUBJECT_TYPES_ROOT ".3.2.11", 0},
    {"foundation", "104", SUBJECT_TYPES_ROOT ".3.2.12", 1},
    {"association", "103", SUBJECT_TYPES_ROOT ".3.2.13", 0},
    {"administrative", "105", SUBJECT_TYPES_ROOT ".3.2.14", 0},
    {"professional", "106", SUBJECT_TYPES_ROOT ".3.2.15", 1},
    {"other", "110", SUBJECT_TYPES_ROOT ".3.2.16", 0},
};

const xca_class_info_t *xca_class_get(xca_class class) {
    return &classes[class];
}

static xca_error_t *bad_setting(apr_pool_t *pool, const char *name, const char *value) {
    xca_error_t *err = xca_error_make(pool, XCA_E_INVALID, "settings.oid", "%s = %s", name, value);

    err->arg = name;
    return err;
}

xca_error_t *xca_classes_configure(const xca_settings_t *settings, apr_pool_t *pool) {
    xca_class_info_t configured[XCA_CLASS_COUNT];
    int i;

    memcpy(configured, classes, sizeof(classes));
    for (i = 0; i < XCA_CLASS_COUNT; i++) {
        const char *arc_name = apr_pstrcat(pool, "class.", classes[i].id, ".arc", NULL);
        const char *type_name = apr_pstrcat(pool, "class.", classes[i].id, ".subject-type", NULL);
        const char *arc = xca_settings_get(settings, arc_name, classes[i].arc);
        const char *type = xca_settings_get(settings, type_name, classes[i].subject_type);

        if (xca_oid_check(apr_pstrcat(pool, CLASS_ARCS_ROOT ".", arc, NULL), CLASS_ARCS_ROOT,
                          arc_name, pool) != NULL) {
            return bad_setting(pool, arc_name, arc);
        }
        if (xca_oid_check(type, "2", type_name, pool) != NULL) {
            return bad_setting(pool, type_name, type);
        }
        configured[i].arc = arc;
        configured[i].subject_type = type;
    }
    memcpy(classes, configured, sizeof(classes));
    return NULL;
}

xca_class xca_class_by_id(const char *id) {
    int i;

    for (i = 0; i < XCA_CLASS_COUNT; i++) {
        if (id != NULL && strcmp(id, classes[i].id) == 0) {
            return (xca_class)i;
        }
    }
    return XCA_CLASS_NONE;
}

static const char *const state_ids[XCA_ORG_STATE_COUNT] = {"active", "abolished", "unit"};

const char *xca_org_state_id(xca_org_state state) {
    return state_ids[state];
}

xca_org_state xca_org_state_by_id(const char *id) {
    int i;

    for (i = 0; i < XCA_ORG_STATE_COUNT; i++) {
        if (id != NULL && strcmp(id, state_ids[i]) == 0) {
            return (xca_org_state)i;
        }
    }
    return XCA_ORG_STATE_COUNT;
}

static int starts_with(const char *text, const char *start) {
    return strncmp(text, start, strlen(start)) == 0;
}

static int ends_with(const char *text, const char *end) {
    apr_size_t length = strlen(text), wanted = strlen(end);

    return length >= wanted && strcmp(text + length - wanted, end) == 0;
}

/* How names end, the first that fits counts. A school's cooperative, parents' or teachers'
 * association is no school, so the longer endings stand first. */
static const struct {
    const char *end;
    xca_class class;
} endings[] = {
    {"學校財團法人", XCA_CLASS_FOUNDATION},
    {"地政事務所", XCA_CLASS_OTHER},
    {"戶政事務所", XCA_CLASS_OTHER},
    {"事務所", XCA_CLASS_PROFESSIONAL},
    {"藥局", XCA_CLASS_PROFESSIONAL},
    {"藥房", XCA_CLASS_PROFESSIONAL},
    {"合作社", XCA_CLASS_ASSOCIATION},
    {"農會", XCA_CLASS_ASSOCIATION},
    {"漁會", XCA_CLASS_ASSOCIATION},
    {"工會", XCA_CLASS_ASSOCIATION},
    {"教育會", XCA_CLASS_ASSOCIATION},
    {"工業會", XCA_CLASS_ASSOCIATION},
    {"商業會", XCA_CLASS_ASSOCIATION},
    {"黨", XCA_CLASS_ASSOCIATION},
    {"基金會", XCA_CLASS_FOUNDATION},
    {"學校", XCA_CLASS_SCHOOL},
    {"國小", XCA_CLASS_SCHOOL},
    {"國中", XCA_CLASS_SCHOOL},
    {"國中小", XCA_CLASS_SCHOOL},
    {"小學", XCA_CLASS_SCHOOL},
    {"中學", XCA_CLASS_SCHOOL},
    {"高中", XCA_CLASS_SCHOOL},
    {"高職", XCA_CLASS_SCHOOL},
    {"中小學", XCA_CLASS_SCHOOL},
    {"高工", XCA_CLASS_SCHOOL},
    {"高商", XCA_CLASS_SCHOOL},
    {"家商", XCA_CLASS_SCHOOL},
    {"工商", XCA_CLASS_SCHOOL},
    {"商工", XCA_CLASS_SCHOOL},
    {"農工", XCA_CLASS_SCHOOL},
    {"大學", XCA_CLASS_SCHOOL},
    {"學院", XCA_CLASS_SCHOOL},
    {"專校", XCA_CLASS_SCHOOL},
    {"幼兒園", XCA_CLASS_SCHOOL},
    {"幼稚園", XCA_CLASS_SCHOOL},
};

xca_class xca_class_by_name(const char *name) {
    apr_size_t i;

    if (starts_with(name, "財團法人")) {
        return XCA_CLASS_FOUNDATION;
    }
    if (starts_with(name, "社團法人")) {
        return XCA_CLASS_ASSOCIATION;
    }
    if (starts_with(name, "行政法人")) {
        return XCA_CLASS_ADMINISTRATIVE;
    }
    for (i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
        if (ends_with(name, endings[i].end)) {
            return endings[i].class;
        }
    }
    return XCA_CLASS_OTHER;
}

static void compare(apr_array_header_t *fields, const char *field, const char *a, const char *b) {
    if (strcmp(a != NULL ? a : "", b != NULL ? b : "") != 0) {
        APR_ARRAY_PUSH(fields, const char *) = field;
    }
}

apr_array_header_t *xca_org_differences(apr_pool_t *pool, const xca_org_t *a, const xca_org_t *b) {
    apr_array_header_t *fields = apr_array_make(pool, 4, sizeof(const char *));

    compare(fields, "name", a->name, b->name);
    compare(fields, "name_en", a->name_en, b->name_en);
    compare(fields, "class", classes[a->class].id, classes[b->class].id);
    if (a->state != b->state) {
        APR_ARRAY_PUSH(fields, const char *) = "state";
    }
    compare(fields, "ubn", a->ubn, b->ubn);
    compare(fields, "school_code", a->school_code, b->school_code);
    compare(fields, "source_key", a->source_key, b->source_key);
    compare(fields, "county", a->county, b->county);
    compare(fields, "district", a->district, b->district);
    compare(fields, "zip", a->zip, b->zip);
    compare(fields, "address", a->address, b->address);
    compare(fields, "phone", a->phone, b->phone);
    compare(fields, "fax", a->fax, b->fax);
    compare(fields, "url", a->url, b->url);
    compare(fields, "note", a->note, b->note);
    compare(fields, "authority", a->authority, b->authority);
    return fields;
}
