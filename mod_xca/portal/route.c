/* Which page answers which address. */
#include <string.h>
#include <apr_strings.h>
#include "portal/engine.h"
#include "portal/page_api.h"
#include "portal/page_apply.h"
#include "portal/page_card.h"
#include "portal/page_card_desk.h"
#include "portal/page_case.h"
#include "portal/page_certificate.h"
#include "portal/page_cmp.h"
#include "portal/page_content.h"
#include "portal/page_est.h"
#include "portal/page_expiring.h"
#include "portal/page_log.h"
#include "portal/page_monitor.h"
#include "portal/page_interface.h"
#include "portal/page_office.h"
#include "portal/page_office_content.h"
#include "portal/page_office_holder.h"
#include "portal/page_statistics.h"
#include "portal/page_store.h"
#include "portal/page_xds.h"
#include "portal/pages.h"
#include "portal/places.h"

/* method, path, page, template, entry of the navigation, purpose of the form token, how */
const xca_route_t xca_routes[] = {
    {"GET", "/", xca_page_home, "home", "home", NULL, 0},
    {"GET", "/start", xca_page_text, "start", "start", NULL, 0},
    {"GET", "/sitemap", xca_page_sitemap, "sitemap", "sitemap", NULL, 0},
    {"GET", "/about", xca_page_text, "about", "about", NULL, 0},

    {"GET", "/statistics", xca_page_statistics, "statistics", "statistics", NULL, 0},
    {"GET", "/expiring", xca_page_expiring, "expiring", "expiring", NULL, 0},
    {"GET", "/expiring/notices", xca_page_expiring_notices, "expiring_notices", "expiring", NULL, 0},
    {"POST", "/expiring/notices", xca_page_expiring_notices_sent, "expiring_notices", "expiring", "notices", 0},
    {"GET", "/statistics/chart/*", xca_page_statistics_chart, NULL, "statistics", NULL, 0},
    {"GET", "/news", xca_page_news, "news", "news", NULL, 0},
    {"GET", "/news/archive", xca_page_news_archive, "news_archive", "news-archive", NULL, 0},
    {"GET", "/news/feed.xml", xca_page_news_feed, NULL, "news", NULL, 0},
    {"GET", "/news/feed-en.xml", xca_page_news_feed, NULL, "news", NULL, 0},
    {"GET", "/news/*", xca_page_news_item, "news_item", "news", NULL, 0},
    {"GET", "/faq", xca_page_faq, "faq", "faq-list", NULL, 0},
    {"GET", "/faq/*", xca_page_faq_item, "faq_item", "faq-list", NULL, 0},
    {"GET", "/uses", xca_page_uses, "uses", "uses-list", NULL, 0},
    {"GET", "/fees", xca_page_fees, "fees", "fees", NULL, 0},
    {"GET", "/forms", xca_page_forms, "forms", "forms", NULL, 0},
    {"GET", "/forms/*", xca_page_form_file, NULL, "forms", NULL, 0},
    {"GET", "/downloads", xca_page_downloads, "downloads", "material", NULL, 0},
    {"GET", "/downloads/terms", xca_page_text, "downloads_terms", "material", NULL, 0},
    {"GET", "/downloads/profile", xca_page_text, "downloads_profile", "material", NULL, 0},
    {"GET", "/interface", xca_page_interface, "interface", "interface-guide", NULL, 0},
    {"GET", "/interface/*", xca_page_interface_file, NULL, "interface-guide", NULL, 0},
    {"GET", "/questions", xca_page_question, "question", "questions", NULL, 0},
    {"POST", "/questions", xca_page_question_sent, "question", "questions", "question", XCA_ROUTE_FORM_AGAIN},
    {"GET", "/questions/sent", xca_page_question_kept, "question_sent", "questions", NULL, 0},

    {"GET", "/repository", xca_page_repository, "repository", "repository", NULL, 0},
    {"GET", "/repository/xca.cer", xca_page_repository_ca, NULL, "repository", NULL, XCA_ROUTE_PLAIN},
    {"GET", "/repository/chain.p7b", xca_page_repository_chain, NULL, "repository", NULL, XCA_ROUTE_PLAIN},
    {"GET", "/repository/chain.pem", xca_page_repository_chain_pem, NULL, "repository", NULL, XCA_ROUTE_PLAIN},
    {"GET", "/repository/xca.crl", xca_page_repository_crl, NULL, "repository", NULL, XCA_ROUTE_PLAIN},
    {"GET", "/repository/crl/*", xca_page_repository_crls, NULL, "repository", NULL, XCA_ROUTE_PLAIN},
    {"GET", "/repository/root.crl", xca_page_repository_root_crl, NULL, "repository", NULL, XCA_ROUTE_PLAIN},
    {"GET", "/repository/certificates/*", xca_page_repository_certificate, NULL, "repository", NULL, XCA_ROUTE_PLAIN},

    {"GET", "/certificates/search.cgi", xca_page_store_certificates, NULL, NULL, NULL, XCA_ROUTE_API | XCA_ROUTE_PLAIN},
    {"GET", "/api/v1/openapi.json", xca_api_description, NULL, NULL, NULL, XCA_ROUTE_API},
    {"GET", "/api/v1/certificates", xca_page_certificate_searched, NULL, NULL, NULL, XCA_ROUTE_API},
    {"GET", "/api/v1/certificates/*", xca_page_certificate, NULL, NULL, NULL, XCA_ROUTE_API},
    {"GET", "/api/v1/certificates/*/status", xca_api_certificate_status, NULL, NULL, NULL, XCA_ROUTE_API},
    {"GET", "/api/v1/organisations", xca_api_organisations, NULL, NULL, NULL, XCA_ROUTE_API},
    {"GET", "/api/v1/organisations/*", xca_api_organisation, NULL, NULL, NULL, XCA_ROUTE_API},
    {"GET", "/api/v1/statistics", xca_api_statistics, NULL, NULL, NULL, XCA_ROUTE_API},
    {"POST", "/api/v1/verify", xca_api_verify, NULL, NULL, NULL, XCA_ROUTE_API},
    {"POST", "/api/v1/cases/status", xca_api_case_status, NULL, NULL, NULL, XCA_ROUTE_API},

    {"GET", "/crls/search.cgi", xca_page_store_lists, NULL, NULL, NULL, XCA_ROUTE_API | XCA_ROUTE_PLAIN},
    {"GET", "/log", xca_page_log, "log", "repository", NULL, 0},
    {"GET", "/log/head", xca_page_log_head, NULL, "repository", NULL, 0},
    {"GET", "/log/entries/*", xca_page_log_entries, NULL, "repository", NULL, 0},
    {"GET", "/log/tiles/*", xca_page_log_tile, NULL, "repository", NULL, 0},

    {"GET", "/oid", xca_page_oid, "oid", "oid", NULL, 0},
    {"GET", "/oid/changes", xca_page_xds, "oid_changes", "oid-changes", NULL, 0},
    {"POST", "/oid/changes", xca_page_xds_checked, "oid_changes", "oid-changes", "xds", 0},
    {"GET", "/oid/changes/*", xca_page_xds_sheet, NULL, "oid-changes", NULL, 0},
    {"GET", "/oid/*", xca_page_oid, "oid", "oid", NULL, 0},
    {"GET", "/organisations", xca_page_organisations, "organisations", "organisations", NULL, 0},
    {"GET", "/windows", xca_page_windows, "windows", "windows", NULL, 0},
    {"GET", "/windows/*", xca_page_windows, "window_county", "windows", NULL, 0},

    {"GET", "/apply/guide", xca_page_text, "apply_guide", "apply-guide", NULL, 0},


    {"GET", "/postal", xca_page_postal, "postal", "apply-certificate", NULL, 0},
    {"GET", "/apply/certificate", xca_page_apply_search, "apply_search", "apply-certificate", NULL, 0},
    {"GET", "/apply/certificate/new", xca_page_apply_new, "apply_new", "apply-certificate", NULL, 0},
    {"GET", "/apply/certificate/start", xca_page_apply_start, "apply_start", "apply-certificate", NULL, 0},
    {"GET", "/apply/certificate/terms", xca_page_apply_terms, "apply_terms", "apply-certificate", NULL, 0},
    {"GET", "/apply/certificate/form", xca_page_apply_form, "apply_form", "apply-certificate", NULL, 0},
    {"POST", "/apply/certificate/form", xca_page_apply_form_sent, "apply_form", "apply-certificate", "apply", XCA_ROUTE_FORM_AGAIN},

    {"GET", "/apply/card", xca_page_apply_search, "apply_search", "apply-card", NULL, 0},
    {"GET", "/apply/card/new", xca_page_apply_new, "apply_new", "apply-card", NULL, 0},
    {"GET", "/apply/card/start", xca_page_apply_start, "apply_start", "apply-card", NULL, 0},
    {"GET", "/apply/card/terms", xca_page_apply_terms, "apply_terms", "apply-card", NULL, 0},
    {"GET", "/apply/card/form", xca_page_apply_form, "apply_form", "apply-card", NULL, 0},
    {"POST", "/apply/card/form", xca_page_apply_form_sent, "apply_form", "apply-card", "apply", XCA_ROUTE_FORM_AGAIN},

    {"GET", "/case/edit", xca_page_case_edit_door, "case_edit_door", "case-edit", NULL, 0},
    {"POST", "/case/edit", xca_page_case_edit_door_sent, "case_edit_door", "case-edit", "case", 0},
    {"GET", "/case/status", xca_page_case_status_door, "case_status_door", "case-status", NULL, 0},
    {"POST", "/case/status", xca_page_case_status_door_sent, "case_status_door", "case-status", "case", 0},
    {"GET", "/case/print/*", xca_page_case_print, "case_print", "case-edit", NULL, 0},
    {"GET", "/case/paper/*", xca_page_case_paper, "case_paper", "case-edit", NULL, 0},
    {"GET", "/case/letter/*", xca_page_case_letter, "case_letter", "case-edit", NULL, 0},
    {"POST", "/case/letter/*", xca_page_case_letter_sent, "case_letter", "case-edit", "letter", 0},
    {"GET", "/case/checklist/*", xca_page_case_checklist, "case_checklist", "case-edit", NULL, 0},
    {"POST", "/case/checklist/*", xca_page_case_checklist_sent, "case_checklist", "case-edit", "checklist", 0},
    {"GET", "/case/window/*", xca_page_case_window, "case_window", "case-edit", NULL, 0},
    {"GET", "/case/edit/*", xca_page_case_edit, "case_edit", "case-edit", NULL, 0},
    {"POST", "/case/edit/*", xca_page_case_edit_sent, "case_edit", "case-edit", "correct", XCA_ROUTE_FORM_AGAIN},
    {"GET", "/case/status/*", xca_page_case_status, "case_status", "case-status", NULL, 0},
    {"GET", "/case/device-secret/*", xca_page_case_secret, "case_secret", "case-status", NULL, 0},
    {"POST", "/case/device-secret/*", xca_page_case_secret_sent, "case_secret", "case-status", "device-secret", 0},

    {"GET", "/office", xca_page_office, "office", "officer-desk", NULL, XCA_ROUTE_OFFICER},
    {"GET", "/office/login", xca_page_office_login, "office_login", "officer-desk", NULL, 0},
    {"POST", "/office/login", xca_page_office_login_sent, "office_login", "officer-desk", "office-login", 0},
    {"GET", "/office/login/certificate", xca_page_office_back, NULL, "officer-desk", NULL, 0},
    {"POST", "/office/login/certificate", xca_page_office_login_certificate, "office_login", "officer-desk", "office-login", 0},
    {"GET", "/office/cases", xca_page_office_cases, "office_cases", "officer-desk", NULL, XCA_ROUTE_OFFICER},
    {"GET", "/office/cases/*", xca_page_office_case, "office_case", "officer-desk", NULL, XCA_ROUTE_OFFICER},
    {"GET", "/office/decide", xca_page_office_back, NULL, "officer-desk", NULL, 0},
    {"POST", "/office/decide", xca_page_office_decide, "office_sign", "officer-desk", "office", XCA_ROUTE_OFFICER},
    {"GET", "/office/signed", xca_page_office_back, NULL, "officer-desk", NULL, 0},
    {"POST", "/office/signed", xca_page_office_signed, NULL, "officer-desk", "office", XCA_ROUTE_OFFICER},
    {"GET", "/office/result", xca_page_office_result, "office_result", "officer-desk", NULL, XCA_ROUTE_OFFICER},
    {"GET", "/office/mail", xca_page_office_mail, "office_mail", "officer-desk", NULL, XCA_ROUTE_OFFICER},
    {"GET", "/office/audit", xca_page_office_audit, "office_audit", "officer-desk", NULL, XCA_ROUTE_OFFICER},
    {"GET", "/office/audit/export", xca_page_office_audit_export, NULL, "officer-desk", NULL, XCA_ROUTE_OFFICER},
    {"GET", "/office/audit/verify", xca_page_office_audit_verify, "office_audit_verify", "officer-desk", NULL, XCA_ROUTE_OFFICER},
    {"GET", "/office/audit/*", xca_page_office_audit_entry, "office_audit_entry", "officer-desk", NULL, XCA_ROUTE_OFFICER},
    {"GET", "/office/officers", xca_page_office_officers, "office_officers", "officer-desk", NULL, XCA_ROUTE_OFFICER},
    {"GET", "/office/officers/*", xca_page_office_officer, "office_officer", "officer-desk", NULL, XCA_ROUTE_OFFICER},
    {"POST", "/office/officers/*", xca_page_office_officer_sent, "office_order_sign", "officer-desk", "office", XCA_ROUTE_OFFICER},
    {"GET", "/office/windows", xca_page_office_windows, "office_windows", "officer-desk", NULL, XCA_ROUTE_OFFICER},
    {"GET", "/office/windows/*", xca_page_office_window, "office_window", "officer-desk", NULL, XCA_ROUTE_OFFICER},
    {"POST", "/office/windows/*", xca_page_office_window_sent, "office_order_sign", "officer-desk", "office", XCA_ROUTE_OFFICER},
    {"GET", "/office/orders", xca_page_office_orders, "office_orders", "officer-desk", NULL, XCA_ROUTE_OFFICER},
    {"POST", "/office/orders", xca_page_office_order_signed, NULL, "officer-desk", "office", XCA_ROUTE_OFFICER},
    {"GET", "/office/orders/*", xca_page_office_order, "office_order", "officer-desk", NULL, XCA_ROUTE_OFFICER},
    {"POST", "/office/orders/*", xca_page_office_order_sent, "office_order_sign", "officer-desk", "office", XCA_ROUTE_OFFICER},
    {"GET", "/office/content", xca_page_office_content, "office_content", "officer-desk", NULL, XCA_ROUTE_OFFICER},
    {"GET", "/office/content/new", xca_page_office_content_new, "office_content_edit", "officer-desk", NULL, XCA_ROUTE_OFFICER},
    {"POST", "/office/content/*", xca_page_office_content_sent, "office_content_edit", "officer-desk", "office",
     XCA_ROUTE_OFFICER | XCA_ROUTE_FORM_AGAIN},
    {"GET", "/office/content/*", xca_page_office_content_edit, "office_content_edit", "officer-desk", NULL, XCA_ROUTE_OFFICER},
    {"GET", "/office/questions", xca_page_office_questions, "office_questions", "officer-desk", NULL, XCA_ROUTE_OFFICER},
    {"GET", "/office/questions/*", xca_page_office_question, "office_question", "officer-desk", NULL, XCA_ROUTE_OFFICER},
    {"POST", "/office/questions/*", xca_page_office_question_sent, "office_question", "officer-desk", "office",
     XCA_ROUTE_OFFICER | XCA_ROUTE_FORM_AGAIN},
    {"GET", "/office/revocations", xca_page_office_holders, "office_revocations", "officer-desk", NULL, XCA_ROUTE_OFFICER},
    {"GET", "/office/revocations/new", xca_page_office_holder, "office_revocation", "officer-desk", NULL, XCA_ROUTE_OFFICER},
    {"POST", "/office/revocations/new", xca_page_office_holder_sent, "office_revocation", "officer-desk", "office", XCA_ROUTE_OFFICER},
    {"GET", "/office/code-resets", xca_page_office_holders, "office_code_resets", "officer-desk", NULL, XCA_ROUTE_OFFICER},
    {"GET", "/office/code-resets/new", xca_page_office_holder, "office_code_reset", "officer-desk", NULL, XCA_ROUTE_OFFICER},
    {"POST", "/office/code-resets/new", xca_page_office_holder_sent, "office_code_reset", "officer-desk", "office", XCA_ROUTE_OFFICER},
    {"GET", "/office/call-sheets/*", xca_page_office_call_sheet, "office_call_sheet", "officer-desk", NULL, XCA_ROUTE_OFFICER},
    {"GET", "/office/sheets", xca_page_office_xds, "office_sheets", "officer-desk", NULL, XCA_ROUTE_OFFICER},
    {"POST", "/office/sheets", xca_page_office_xds_checked, "office_sheets", "officer-desk", "office", XCA_ROUTE_OFFICER},
    {"GET", "/office/sheets/file", xca_page_office_back, NULL, "officer-desk", NULL, 0},
    {"POST", "/office/sheets/file", xca_page_office_xds_filed, "office_sheets", "officer-desk", "office", XCA_ROUTE_OFFICER},
    {"GET", "/office/logout", xca_page_office_back, NULL, "officer-desk", NULL, 0},
    {"POST", "/office/logout", xca_page_office_logout, NULL, "officer-desk", "office", XCA_ROUTE_OFFICER},

    {"GET", "/certificates", xca_page_certificate_search, "certificate_search", "certificates", NULL, 0},
    {"POST", "/certificates", xca_page_certificate_searched, "certificate_search", "certificates", NULL, 0},
    {"GET", "/certificates/accept", xca_page_accept, "certificate_accept", "accept", NULL, 0},
    {"POST", "/certificates/accept", xca_page_accept_sent, "certificate_accept", "accept", "accept", 0},
    {"GET", "/certificates/suspend", xca_page_suspend, "certificate_suspend", "suspend", NULL, 0},
    {"POST", "/certificates/suspend", xca_page_suspend_sent, "certificate_suspend", "suspend", "suspend", 0},
    {"GET", "/certificates/revoke", xca_page_revoke, "certificate_revoke", "revoke", NULL, 0},
    {"GET", "/certificates/revoke/form", xca_page_revoke_paper, "certificate_revoke_paper", "revoke", NULL, 0},
    {"GET", "/certificates/*", xca_page_certificate, "certificate", "certificates", NULL, 0},
    {"GET", "/code-reset", xca_page_code_reset, "code_reset", "code-reset", NULL, 0},
    {"GET", "/code-reset/form", xca_page_code_reset_paper, "code_reset_paper", "code-reset", NULL, 0},
    {"GET", "/code-reset/change", xca_page_code_change, "code_change", "code-reset", NULL, 0},
    {"POST", "/code-reset/change", xca_page_code_change_sent, "code_change", "code-reset", "code", 0},
    {"GET", "/requests/*", xca_page_request, "request", "certificates", NULL, 0},

    {"GET", "/card/activate", xca_page_card_desk, "card_activate", "activate", NULL, 0},
    {"GET", "/card/unlock", xca_page_card_desk, "card_unlock", "unlock", NULL, 0},
    {"GET", "/card/change-pin", xca_page_card_desk, "card_change_pin", "change-pin", NULL, 0},
    {"GET", "/card/contact", xca_page_card_contact, "card_contact", "contact", NULL, 0},
    {"GET", "/card/test", xca_page_card_desk, "card_test", "card-test", NULL, 0},
    {"GET", "/card/info", xca_page_card_desk, "card_info", "card-info", NULL, 0},
    {"GET", "/card/helper", xca_page_card_helper, "card_helper", "card-helper", NULL, 0},
    {"GET", "/card/session", xca_page_card_session, NULL, NULL, NULL, XCA_ROUTE_DATA},
    {"POST", "/card/message", xca_page_card_message, NULL, NULL, NULL, XCA_ROUTE_DATA},
    {"GET", "/card/message/*", xca_page_card_message_show, NULL, NULL, NULL, XCA_ROUTE_DATA},
    {"GET", "/.well-known/est/cacerts", xca_page_est_cacerts, NULL, NULL, NULL, XCA_ROUTE_DATA},
    {"GET", "/.well-known/est/csrattrs", xca_page_est_csrattrs, NULL, NULL, NULL, XCA_ROUTE_DATA},
    {"POST", "/.well-known/est/simpleenroll", xca_page_est_enroll, NULL, NULL, NULL, XCA_ROUTE_DATA},
    {"POST", "/.well-known/est/simplereenroll", xca_page_est_reenroll, NULL, NULL, NULL, XCA_ROUTE_DATA},
    {"POST", "/.well-known/cmp", xca_page_cmp, NULL, NULL, NULL, XCA_ROUTE_DATA | XCA_ROUTE_PLAIN},
    {"POST", "/.well-known/cmp/*", xca_page_cmp, NULL, NULL, NULL, XCA_ROUTE_DATA | XCA_ROUTE_PLAIN},
    {"POST", "/.well-known/cmp/p/xca", xca_page_cmp, NULL, NULL, NULL, XCA_ROUTE_DATA | XCA_ROUTE_PLAIN},
    {"POST", "/.well-known/cmp/p/xca/*", xca_page_cmp, NULL, NULL, NULL, XCA_ROUTE_DATA | XCA_ROUTE_PLAIN},

    {"GET", "/healthz", xca_page_health, NULL, NULL, NULL, XCA_ROUTE_PLAIN},
    {"GET", "/metrics", xca_page_metrics, NULL, NULL, NULL, XCA_ROUTE_PLAIN},
    {NULL, NULL, NULL, NULL, NULL, NULL, 0},
};

int xca_route_count(void) {
    return (int)(sizeof(xca_routes) / sizeof(xca_routes[0])) - 1;
}

/* Segment by segment; '*' takes one that is not empty. */
static int matches(const char *pattern, const char *path, const char **arg, apr_pool_t *pool) {
    while (*pattern != '\0' && *path != '\0') {
        apr_size_t length = strcspn(path, "/");

        if (*pattern == '*' && length > 0) {
            *arg = apr_pstrmemdup(pool, path, length);
            pattern++;
            path += length;
        } else if (*pattern == *path) {
            pattern++;
            path++;
        } else {
            return 0;
        }
    }
    return *pattern == '\0' && *path == '\0';
}

const xca_route_t *xca_route_find(const char *method, const char *path, const char **arg,
                                  const char **allow, apr_pool_t *pool) {
    const xca_route_t *route, *found = NULL;
    int gets = 0, posts = 0;

    if (strcmp(method, "HEAD") == 0) {
        method = "GET";
    }
    for (route = xca_routes; route->path != NULL; route++) {
        const char *taken = NULL;

        if (!matches(route->path, path, &taken, pool)) {
            continue;
        }
        gets |= strcmp(route->method, "GET") == 0;
        posts |= strcmp(route->method, "POST") == 0;
        if (found == NULL && strcmp(route->method, method) == 0) {
            found = route;
            *arg = taken;
        }
    }
    *allow = gets && posts ? "GET, HEAD, POST" : gets ? "GET, HEAD" : posts ? "POST" : NULL;
    return found;
}

const char *xca_path_encoded(const char *path, apr_pool_t *pool) {
    static const char kept[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/";
    char *result = apr_palloc(pool, strlen(path) * 3 + 1);
    char *to = result;

    while (*path == '/' && path[1] == '/') {
        path++; /* "//host" would lead elsewhere */
    }
    for (; *path != '\0'; path++) {
        if (strchr(kept, *path) != NULL) {
            *to++ = *path;
        } else {
            to += apr_snprintf(to, 4, "%%%02X", (unsigned char)*path);
        }
    }
    *to = '\0';
    return result;
}
