/* The relay between card helpers and the signer; mod_xca/wire/README.md "The way of a message". Answers are JSON in the
 * language of Accept-Language, without cookies. */
#ifndef XCA_PORTAL_PAGE_CARD_H
#define XCA_PORTAL_PAGE_CARD_H

#include "portal/page.h"

xca_page xca_page_card_session;      /* GET  /card/session         */
xca_page xca_page_card_message;      /* POST /card/message         */
xca_page xca_page_card_message_show; /* GET  /card/message/<nonce> */

#endif
