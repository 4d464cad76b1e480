/* Small pieces that every mapping file uses: optional texts, times and numbers as attribute values. */
#ifndef XCA_DIRECTORY_RECORD_H
#define XCA_DIRECTORY_RECORD_H

#include "directory/store.h"

/* Times as GeneralizedTime; 0 is left out. */
void xca_entry_add_time(apr_pool_t *pool, xca_entry_t *entry, const char *name, apr_time_t when);
void xca_entry_add_number(apr_pool_t *pool, xca_entry_t *entry, const char *name, long number);
apr_time_t xca_entry_time(const xca_entry_t *entry, const char *name);

/* Replaces: NULL, "" and 0 remove the attribute. */
void xca_changes_text(xca_changes_t *changes, const char *name, const char *text);
void xca_changes_time(apr_pool_t *pool, xca_changes_t *changes, const char *name, apr_time_t when);

/* The compare-and-swap of a state: deletes the old value and adds the new one in one Modify. */
void xca_changes_swap(xca_changes_t *changes, const char *name, const char *from, const char *to);

/* Turns the library's error into the record's own words: same kind, other message. */
xca_error_t *xca_store_error(xca_error_t *err, xca_error_kind kind,
                             const char *message) XCA_MUST_USE;

/* on_entry function that collects records: `make` turns an entry into a record in the list's pool, NULL
 * leaves it out. */
typedef struct xca_collect {
    apr_array_header_t *list; /* void * */
    void *(*make)(const xca_entry_t *entry, apr_pool_t *pool);
} xca_collect_t;
xca_error_t *xca_collect(void *baton, const xca_entry_t *entry, apr_pool_t *scratch) XCA_MUST_USE;

/* Deletes the entries right below a branch that match; for housekeeping. */
xca_error_t *xca_expire(xca_store_t *store, const char *branch, const char *filter,
                        apr_pool_t *pool) XCA_MUST_USE;

#endif
