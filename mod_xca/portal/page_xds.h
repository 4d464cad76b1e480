/* OID異動申請說明 and the officers' page for change sheets. */
#ifndef XCA_PORTAL_PAGE_XDS_H
#define XCA_PORTAL_PAGE_XDS_H

#include "portal/page.h"

xca_page xca_page_xds;         /* GET /oid/changes: what it is, and the form to try a sheet */
xca_page xca_page_xds_checked; /* POST: the verdicts; nothing is kept */
xca_page xca_page_xds_sheet;   /* GET /oid/changes/XDS_OID_APPLY.xlsx, .ods: the empty sheet */

xca_page xca_page_office_xds;         /* GET /office/sheets: upload */
xca_page xca_page_office_xds_checked; /* POST: verdicts, and the form to file the right rows */
xca_page xca_page_office_xds_filed;   /* POST /office/sheets/file */

#endif
