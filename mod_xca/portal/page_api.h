/* /api/v1, for other systems: look-ups, status, verification, state of a case, statistics. Described in htdocs/examples/openapi.json, which
 * the tests hold against the answers. The models are those of the portal's pages. */
#ifndef XCA_PORTAL_PAGE_API_H
#define XCA_PORTAL_PAGE_API_H

#include "portal/page.h"

xca_page xca_api_certificate_status; /* GET  /api/v1/certificates/<serial>/status              */
xca_page xca_api_organisations;      /* GET  /api/v1/organisations?name=&ubn=                  */
xca_page xca_api_organisation;       /* GET  /api/v1/organisations/<oid>                       */
xca_page xca_api_statistics;         /* GET  /api/v1/statistics?year=&class=&county=           */
xca_page xca_api_case_status;        /* POST /api/v1/cases/status: case_number, user_code      */
xca_page xca_api_verify;             /* POST /api/v1/verify: certificate, or signature with content or digest */
xca_page xca_api_description;        /* GET  /api/v1/openapi.json                              */

#endif
