/* Records from entries at hand, as xca_collect_t takes them: NULL if the entry is none. Whatever stands in the directory,
 * these end well (fuzz target ldap_values). Those of cases and requests are in case_store.h and office_store.h. */
#ifndef XCA_DIRECTORY_MAPPINGS_H
#define XCA_DIRECTORY_MAPPINGS_H

#include "outside/ldap.h"

void *xca_card_of_entry(const xca_entry_t *entry, apr_pool_t *pool);     /* xca_card_t * */
void *xca_cert_of_entry(const xca_entry_t *entry, apr_pool_t *pool);     /* xca_cert_t * */
void *xca_decision_of_entry(const xca_entry_t *entry, apr_pool_t *pool); /* xca_decision_t *, without its case's number */
void *xca_officer_of_entry(const xca_entry_t *entry, apr_pool_t *pool);  /* xca_officer_t * */
void *xca_window_of_entry(const xca_entry_t *entry, apr_pool_t *pool);   /* xca_window_t * */
void *xca_org_of_entry(const xca_entry_t *entry, apr_pool_t *pool);      /* xca_org_t * */
void *xca_order_of_entry(const xca_entry_t *entry, apr_pool_t *pool);    /* xca_order_entry_t * */
void *xca_session_of_entry(const xca_entry_t *entry, apr_pool_t *pool);  /* xca_session_t * */
void *xca_transaction_of_entry(const xca_entry_t *entry, apr_pool_t *pool); /* xca_transaction_t * */
void *xca_audit_of_entry(const xca_entry_t *entry, apr_pool_t *pool);    /* xca_audit_entry_t * */
void *xca_event_of_entry(const xca_entry_t *entry, apr_pool_t *pool);    /* xca_event_t * */
void *xca_notice_of_entry(const xca_entry_t *entry, apr_pool_t *pool);   /* xca_notice_t * */
void *xca_period_of_entry(const xca_entry_t *entry, apr_pool_t *pool);   /* xca_period_t * */
void *xca_content_of_entry(const xca_entry_t *entry, apr_pool_t *pool);  /* xca_content_t * */
void *xca_question_of_entry(const xca_entry_t *entry, apr_pool_t *pool); /* xca_question_t * */
void *xca_crl_of_entry(const xca_entry_t *entry, apr_pool_t *pool);      /* xca_crl_record_t * */
void *xca_row_of_entry(const xca_entry_t *entry, apr_pool_t *pool);      /* xca_row_result_t * */

/* What xca_org_of_entry reads, ending with NULL: not the grams and blocks, they are for the index. */
extern const char *const xca_org_attrs[];

#endif
