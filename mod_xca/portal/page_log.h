/* The public log of everything issued and revoked. */
#ifndef XCA_PORTAL_PAGE_LOG_H
#define XCA_PORTAL_PAGE_LOG_H

#include "portal/page.h"

xca_page xca_page_log;         /* GET /log?serial=: head, newest leaves, those of a certificate  */
xca_page xca_page_log_head;    /* GET /log/head: text, signature, certificate of the key         */
xca_page xca_page_log_entries; /* GET /log/entries/N: 256 leaves                                  */
xca_page xca_page_log_tile;    /* GET /log/tiles/L-N: 256 hashes                                  */

#endif
