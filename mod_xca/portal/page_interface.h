/* 電子憑證應用程式介面: what other systems can use, with example programs, which the tests compile and run. */
#ifndef XCA_PORTAL_PAGE_INTERFACE_H
#define XCA_PORTAL_PAGE_INTERFACE_H

#include "portal/page.h"

xca_page xca_page_interface;      /* GET /interface                                     */
xca_page xca_page_interface_file; /* GET /interface/<name>: an example, of htdocs/examples */

#endif
