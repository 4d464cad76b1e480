/* An entry of the audit log as whoever has the root of the directory may have left it: what is read as one is just what the signer
 * can have written, and is exported in each form. The first byte tells which of the attributes beside the text are right. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <apr_general.h>
#include <apr_strings.h>
#include "directory/mappings.h"
#include "operations/audit_read.h"
#include "operations/audit_verify.h"
#include "wire/audit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(const xca_audit_text_t *record, const char *text, size_t size) {
    char *again = malloc(size + 1);

    if (xca_lines_write(again, size + 1, XCA_AUDIT_FIRST, xca_audit_fields, record) != size || memcmp(again, text, size) != 0 ||
        strchr(record->actor, '\n') != NULL || record->number[0] == '0') {
        abort();
    }
    free(again);
}

static void check_entry(const xca_audit_entry_t *entry, apr_pool_t *pool) {
    xca_bytes_t certificate;
    int format;

    if (entry->wrong == NULL && (entry->kind == NULL || entry->actor == NULL || entry->time == 0 || entry->number < 1)) {
        abort();
    }
    for (format = 0; format < XCA_AUDIT_FORMATS; format++) {
        if (strlen(xca_audit_export_entry((xca_audit_format)format, entry, pool)) == 0) {
            abort();
        }
    }
    (void)xca_audit_detail(entry->details, "certificate", pool);
    if (xca_audit_key_of(&certificate, entry, pool) == NULL && entry->details == NULL) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static apr_pool_t *root;
    xca_audit_text_t record;
    xca_audit_entry_t *read;
    xca_entry_t *entry;
    apr_pool_t *pool;
    const char *text;
    char *storage;
    int right, is_text;

    if (root == NULL) {
        apr_initialize();
        apr_pool_create(&root, NULL);
    }
    if (size == 0) {
        return 0;
    }
    right = *data++;
    size--;
    apr_pool_create(&pool, root);
    text = (const char *)data;
    storage = malloc(size + 1);
    is_text = xca_audit_text_read(&record, storage, text, size);
    if (is_text) {
        check_text(&record, text, size);
    }
    entry = xca_entry_make(pool, "xcaAuditNumber=1,ou=audit,c=TW");
    xca_entry_add(pool, entry, "xcaAuditNumber", is_text && (right & 1) ? record.number : "7");
    xca_entry_add(pool, entry, "xcaAuditPage", "0");
    xca_entry_add(pool, entry, "xcaAuditKind", is_text && (right & 2) ? record.kind : "decision");
    xca_entry_add(pool, entry, "xcaAuditEvent", is_text && (right & 4) ? record.event : XCA_AUDIT_NOTHING);
    if (is_text && (right & 8) && record.case_number != NULL) {
        xca_entry_add(pool, entry, "xcaAuditSubject", record.case_number);
    }
    xca_entry_add_bytes(pool, entry, "xcaAuditText", (xca_bytes_t){data, size});
    xca_entry_add_bytes(pool, entry, "xcaAuditSignature", (xca_bytes_t){data, size < 80 ? size : 80});
    xca_entry_add_bytes(pool, entry, "xcaCms", (xca_bytes_t){data, size});
    read = xca_audit_of_entry(entry, pool);
    if (read == NULL || (!is_text && strcmp(read->wrong, "audit.unreadable") != 0)) {
        abort();
    }
    check_entry(read, pool);
    free(storage);
    apr_pool_destroy(pool);
    return 0;
}
