/* The audit log as JSON Lines, as CSV, and as the texts with their signatures. */
#include <string.h>
#include <apr_strings.h>
#include "domain/calendar.h"
#include "domain/csv.h"
#include "operations/audit_read.h"
#include "outside/crypto.h"

xca_audit_format xca_audit_format_by_id(const char *id) {
    static const char *const ids[XCA_AUDIT_FORMATS] = {"json", "csv", "text"};
    int i;

    for (i = 0; i < XCA_AUDIT_FORMATS && strcmp(id, ids[i]) != 0; i++) {
    }
    return (xca_audit_format)i;
}

const char *xca_audit_export_head(xca_audit_format format) {
    return format == XCA_AUDIT_CSV
               ? "number,time,kind,actor,case,serial,card,organisation,details,event,previous,hash,signature\r\n"
               : "";
}

static const char *or_empty(const char *text) {
    return text != NULL ? text : "";
}

static const char *base64(xca_bytes_t bytes, apr_pool_t *pool) {
    return bytes.length > 0 ? xca_base64(pool, bytes.data, bytes.length) : NULL;
}

static const char *number_of(const xca_audit_entry_t *entry, apr_pool_t *pool) {
    return apr_psprintf(pool, "%" APR_INT64_T_FMT, entry->number);
}

static const char *time_of(const xca_audit_entry_t *entry, apr_pool_t *pool) {
    return entry->time != 0 ? xca_date_format(pool, entry->time, XCA_DATE_RFC3339) : NULL;
}

/* `,"name":"value"`, or nothing for NULL. */
static const char *member(const char *name, const char *value, apr_pool_t *pool) {
    return value != NULL ? apr_pstrcat(pool, ",\"", name, "\":", xca_text_json(pool, value), NULL) : "";
}

/* The lines as an object; what is no line of a name and a value cannot be in an entry that was read. */
static const char *details_object(const char *details, apr_pool_t *pool) {
    char *copy = apr_pstrdup(pool, or_empty(details)), *state, *line;
    const char *text = "";

    for (line = apr_strtok(copy, "\n", &state); line != NULL; line = apr_strtok(NULL, "\n", &state)) {
        char *equals = strchr(line, '=');

        if (equals != NULL) {
            *equals = '\0';
            text = apr_pstrcat(pool, text, member(line, equals + 1, pool), NULL);
        }
    }
    return *text != '\0' ? apr_pstrcat(pool, ",\"details\":{", text + 1, "}", NULL) : "";
}

static const char *json_line(const xca_audit_entry_t *entry, apr_pool_t *pool) {
    return apr_pstrcat(pool, "{\"number\":", number_of(entry, pool), member("time", time_of(entry, pool), pool),
                       member("kind", entry->kind, pool), member("actor", entry->actor, pool),
                       member("case", entry->case_number, pool), member("serial", entry->serial, pool),
                       member("card", entry->card, pool), member("organisation", entry->organisation, pool),
                       details_object(entry->details, pool), member("event", entry->event, pool),
                       member("previous", entry->previous, pool), member("hash", entry->hash, pool),
                       member("text", base64(entry->text, pool), pool),
                       member("signature", base64(entry->signature, pool), pool),
                       member("cms", base64(entry->cms, pool), pool), "}\n", NULL);
}

static const char *csv_line(const xca_audit_entry_t *entry, apr_pool_t *pool) {
    const char *const cells[] = {number_of(entry, pool), time_of(entry, pool), entry->kind, entry->actor,
                                 entry->case_number, entry->serial, entry->card, entry->organisation,
                                 entry->details, entry->event, entry->previous, entry->hash,
                                 base64(entry->signature, pool)};
    const char *line = "";
    apr_size_t i;

    for (i = 0; i < sizeof(cells) / sizeof(cells[0]); i++) {
        line = apr_pstrcat(pool, line, i > 0 ? "," : "", xca_csv_quote(pool, or_empty(cells[i])), NULL);
    }
    return apr_pstrcat(pool, line, "\r\n", NULL);
}

static const char *text_block(const xca_audit_entry_t *entry, apr_pool_t *pool) {
    const char *text = entry->text.length > 0
                           ? apr_pstrmemdup(pool, (const char *)entry->text.data, entry->text.length)
                           : "";

    return apr_pstrcat(pool, text, "signature: ",
                       or_empty(base64(entry->signature, pool)), "\n\n", NULL);
}

const char *xca_audit_export_entry(xca_audit_format format, const xca_audit_entry_t *entry, apr_pool_t *pool) {
    return format == XCA_AUDIT_JSON  ? json_line(entry, pool)
           : format == XCA_AUDIT_CSV ? csv_line(entry, pool)
                                     : text_block(entry, pool);
}
