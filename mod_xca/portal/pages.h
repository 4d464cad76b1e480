/* The pages that are not of a form of their own: public texts, repository, OID tree, windows. */
#ifndef XCA_PORTAL_PAGES_H
#define XCA_PORTAL_PAGES_H

#include "portal/page.h"

xca_page xca_page_home; /* GET / */

#endif
