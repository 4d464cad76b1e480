/* 憑證到期重新申請通知: which certificates end in a month, and which notices a contact wants. What stands here is public in the
 * certificates themselves: organisation, OID, number, end. */
#ifndef XCA_PORTAL_PAGE_EXPIRING_H
#define XCA_PORTAL_PAGE_EXPIRING_H

#include "portal/page.h"

xca_page xca_page_expiring;              /* GET /expiring?month=2026-12 (or year=&month=12)&class=&after=&format=csv */
xca_page xca_page_expiring_notices;      /* GET /expiring/notices?number= */
xca_page xca_page_expiring_notices_sent; /* POST: number (certificate, card or case), user code, action off or on */

#endif
