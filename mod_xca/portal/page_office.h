/* 初審註冊窗口專區: the officers' part. */
#ifndef XCA_PORTAL_PAGE_OFFICE_H
#define XCA_PORTAL_PAGE_OFFICE_H

#include "portal/page.h"

/* Login and logout, page_office_login.c. */
xca_error_t *xca_page_office_login(xca_visit_t *visit) XCA_MUST_USE;
xca_error_t *xca_page_office_login_sent(xca_visit_t *visit) XCA_MUST_USE;
xca_error_t *xca_page_office_login_certificate(xca_visit_t *visit) XCA_MUST_USE;
xca_error_t *xca_page_office_logout(xca_visit_t *visit) XCA_MUST_USE;
/* GET of an address that takes a form alone: leads to the page where that form begins, which says so (again=1). */
xca_error_t *xca_page_office_back(xca_visit_t *visit) XCA_MUST_USE;

/* The desk (what waits) and the lists, page_office_cases.c. */
xca_error_t *xca_page_office(xca_visit_t *visit) XCA_MUST_USE;
xca_error_t *xca_page_office_cases(xca_visit_t *visit) XCA_MUST_USE;

/* One case with all that is needed to decide, page_office_case.c. */
xca_error_t *xca_page_office_case(xca_visit_t *visit) XCA_MUST_USE;
/* Whom to call with a one-time code, to print: without the code, which this portal does not know. */
xca_error_t *xca_page_office_call_sheet(xca_visit_t *visit) XCA_MUST_USE;

/* A decision over one or many cases is written, signed, handed in, and its outcome told, page_office_decide.c. */
xca_error_t *xca_page_office_decide(xca_visit_t *visit) XCA_MUST_USE;
xca_error_t *xca_page_office_signed(xca_visit_t *visit) XCA_MUST_USE;
xca_error_t *xca_page_office_result(xca_visit_t *visit) XCA_MUST_USE;

/* Notices that did not arrive, page_office_mail.c. */
xca_error_t *xca_page_office_mail(xca_visit_t *visit) XCA_MUST_USE;
/* The audit log, page_office_audit.c (list, export) and page_office_audit_entry.c (an entry, verification of a range). */
xca_error_t *xca_page_office_audit(xca_visit_t *visit) XCA_MUST_USE;
xca_error_t *xca_page_office_audit_export(xca_visit_t *visit) XCA_MUST_USE;
xca_error_t *xca_page_office_audit_verify(xca_visit_t *visit) XCA_MUST_USE;
xca_error_t *xca_page_office_audit_entry(xca_visit_t *visit) XCA_MUST_USE;
/* Officers, windows, and the orders that change them, page_office_orders.c. */
xca_error_t *xca_page_office_officers(xca_visit_t *visit) XCA_MUST_USE;
xca_error_t *xca_page_office_officer(xca_visit_t *visit) XCA_MUST_USE;
xca_error_t *xca_page_office_officer_sent(xca_visit_t *visit) XCA_MUST_USE;
xca_error_t *xca_page_office_windows(xca_visit_t *visit) XCA_MUST_USE;
xca_error_t *xca_page_office_window(xca_visit_t *visit) XCA_MUST_USE;
xca_error_t *xca_page_office_window_sent(xca_visit_t *visit) XCA_MUST_USE;
xca_error_t *xca_page_office_orders(xca_visit_t *visit) XCA_MUST_USE;
xca_error_t *xca_page_office_order(xca_visit_t *visit) XCA_MUST_USE;
xca_error_t *xca_page_office_order_sent(xca_visit_t *visit) XCA_MUST_USE;
xca_error_t *xca_page_office_order_signed(xca_visit_t *visit) XCA_MUST_USE;

#endif
