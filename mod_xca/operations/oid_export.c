/* The OID tree as CSV, LDIF and JSON: one walk through the tree, one piece of text an arc. */
#include <stddef.h>
#include <string.h>
#include <apr_strings.h>
#include "operations/oid_import.h"

static const char *const format_ids[XCA_EXPORT_COUNT] = {"csv", "ldif", "json"};

xca_export_format xca_export_format_by_id(const char *id) {
    int i;

    for (i = 0; i < XCA_EXPORT_COUNT; i++) {
        if (strcmp(id, format_ids[i]) == 0) {
            return (xca_export_format)i;
        }
    }
    return XCA_EXPORT_COUNT;
}

typedef struct json_field {
    const char *name;
    size_t offset; /* of the const char * in xca_org_t */
} json_field_t;

static const json_field_t json_fields[] = {
    {"oid", offsetof(xca_org_t, oid)},
    {"name", offsetof(xca_org_t, name)},
    {"name_en", offsetof(xca_org_t, name_en)},
    {"ubn", offsetof(xca_org_t, ubn)},
    {"school_code", offsetof(xca_org_t, school_code)},
    {"county", offsetof(xca_org_t, county)},
    {"district", offsetof(xca_org_t, district)},
    {"zip", offsetof(xca_org_t, zip)},
    {"address", offsetof(xca_org_t, address)},
    {"phone", offsetof(xca_org_t, phone)},
    {"fax", offsetof(xca_org_t, fax)},
    {"url", offsetof(xca_org_t, url)},
    {"note", offsetof(xca_org_t, note)},
    {"source_key", offsetof(xca_org_t, source_key)},
    {"authority", offsetof(xca_org_t, authority)},
};

static char *json_object(apr_pool_t *pool, const xca_org_t *org) {
    const char *text = "";
    size_t i;

    for (i = 0; i < sizeof(json_fields) / sizeof(json_fields[0]); i++) {
        const char *value;

        memcpy(&value, (const char *)org + json_fields[i].offset, sizeof(value));
        if (value != NULL && *value != '\0') {
            text = apr_pstrcat(pool, text, *text != '\0' ? ",\"" : "\"", json_fields[i].name, "\":",
                               xca_text_json(pool, value), NULL);
        }
    }
    return apr_pstrcat(pool, "{", text, ",\"class\":\"", xca_class_get(org->class)->id,
                       "\",\"state\":\"", xca_org_state_id(org->state), "\"}", NULL);
}

typedef struct export {
    const xca_office_t *office;
    xca_export_format format;
    xca_export_sink *sink;
    void *baton;
    int count;
} export_t;

static xca_error_t *put(export_t *to, const char *text) {
    return to->sink(to->baton, text, strlen(text));
}

static xca_error_t *export_org(void *baton, const xca_org_t *org, apr_pool_t *scratch) {
    export_t *to = baton;

    to->count++;
    if (to->format == XCA_EXPORT_CSV) {
        return put(to, xca_import_export_line(scratch, org));
    }
    if (to->format == XCA_EXPORT_LDIF) {
        return put(to, xca_entry_ldif(scratch, xca_org_entry(to->office->store, org, scratch)));
    }
    return put(to, apr_pstrcat(scratch, to->count > 1 ? ",\n" : "\n", json_object(scratch, org),
                               NULL));
}

xca_error_t *xca_oid_export(const xca_office_t *office, xca_export_format format,
                            xca_export_sink *sink, void *baton, apr_pool_t *pool) {
    /* No version line for LDIF: slapadd of 2.5 takes it for an entry, and slapcat writes none either. */
    static const char *const begins[XCA_EXPORT_COUNT] = {XCA_IMPORT_EXPORT_HEADER, "", "["};
    static const char *const ends[XCA_EXPORT_COUNT] = {"", "", "\n]\n"};
    export_t to = {office, format, sink, baton, 0};
    xca_error_t *err = put(&to, begins[format]);

    if (err == NULL) {
        err = xca_org_walk(office->store, export_org, &to, pool);
    }
    return err != NULL ? err : put(&to, ends[format]);
}
