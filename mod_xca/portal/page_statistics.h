/* XCA簽發統計資料: what the signer has counted (directory/statistics_store.h), as tables, charts and data. No page reads
 * certificates. */
#ifndef XCA_PORTAL_PAGE_STATISTICS_H
#define XCA_PORTAL_PAGE_STATISTICS_H

#include "portal/page.h"

xca_page xca_page_statistics;       /* GET /statistics?year=&class=&county=&format=csv */
xca_page xca_page_statistics_chart; /* GET /statistics/chart/periods.svg, classes.svg: the same choice */

#endif
