/* The pages at which a visitor's card is worked with. The portal only shows them: their scripts speak with the card helper on the visitor's
 * own machine (tools/xca-card, "The bridge"), and the helper with the signer (page_card.h). */
#ifndef XCA_PORTAL_PAGE_CARD_DESK_H
#define XCA_PORTAL_PAGE_CARD_DESK_H

#include "portal/page.h"

xca_page xca_page_card_desk;    /* GET /card/activate, /card/unlock, /card/change-pin, /card/test, /card/info */
xca_page xca_page_card_helper;  /* GET /card/helper: how to get the card helper and what it does by command     */
xca_page xca_page_card_contact; /* GET /card/contact: the same with a form */

#endif
