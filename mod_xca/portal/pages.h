/* The public pages: texts, state of the service, repository, OID tree, organisations, windows. */
#ifndef XCA_PORTAL_PAGES_H
#define XCA_PORTAL_PAGES_H

#include "portal/page.h"

xca_page xca_page_text;    /* a page whose template says it all: /about, /start, /apply/guide */
xca_page xca_page_home;    /* GET / */
xca_page xca_page_sitemap; /* GET /sitemap */

xca_page xca_page_repository;             /* GET /repository?after=                 */
xca_page xca_page_repository_ca;          /* GET /repository/xca.cer               */
xca_page xca_page_repository_chain;       /* GET /repository/chain.p7b             */
xca_page xca_page_repository_chain_pem;   /* GET /repository/chain.pem             */
xca_page xca_page_repository_crl;         /* GET /repository/xca.crl               */
xca_page xca_page_repository_crls;        /* GET /repository/crl/<name>.crl        */
xca_page xca_page_repository_root_crl;    /* GET /repository/root.crl              */
xca_page xca_page_repository_certificate; /* GET /repository/certificates/<serial>.cer */

/* Answers with a list, complete or delta, by its name (portal/repository.h). */
xca_error_t *xca_repository_give_list(xca_visit_t *visit, const char *name, int delta) XCA_MUST_USE;

xca_page xca_page_oid;           /* GET /oid, /oid/<oid>?after=: an arc or an organisation */
xca_page xca_page_organisations; /* GET /organisations?name=&ubn=                          */

xca_page xca_page_windows;       /* GET /windows, /windows/<county>                        */

#endif
