/* What the pages of the audit log share. */
#ifndef XCA_PORTAL_PAGE_OFFICE_AUDIT_H
#define XCA_PORTAL_PAGE_OFFICE_AUDIT_H

#include "operations/audit_read.h"
#include "portal/page.h"

/* A number of an entry from a field of the form, 0 if it is none. */
apr_int64_t xca_audit_asked_number(const xca_visit_t *visit, const char *name);

/* The text "<prefix><id>" in the visitor's language, or the id where there is none: the log may be older or newer than the texts. */
const char *xca_audit_label(const xca_visit_t *visit, const char *prefix, const char *id);

/* What a list shows of an entry: number, time, kind, actor, what it is about with links. */
void xca_audit_put_entry(xca_visit_t *visit, xca_value_t *item, const xca_audit_entry_t *entry);

#endif
