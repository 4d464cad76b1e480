/* Mail that came back: delivery status notifications (RFC 3464) in a multipart/report (RFC 6522), as a mail server pipes
 * them in. Everything in them is foreign. Fuzz target: bounce. */
#ifndef XCA_OUTSIDE_MAIL_BOUNCE_H
#define XCA_OUTSIDE_MAIL_BOUNCE_H

#include "base/text.h"

#define XCA_BOUNCE_MAX (1024 * 1024) /* bytes of a report that are looked at */

typedef struct xca_bounce {
    const char *notice;    /* what our Message-ID says: the notice's id (outside/mail.h) */
    const char *recipient; /* whom it could not be delivered to; or NULL */
    const char *status;    /* "5.1.1" (RFC 3463), or NULL */
    const char *reason;    /* the other server's words, one line of valid text; or NULL */
    int failed;            /* Action: failed; 0: delayed, delivered, relayed, expanded */
} xca_bounce_t;

/* Reads a report about a message that was sent as `from` ("Name <address>", its domain stands in our Message-IDs). Errors
 * (XCA_E_INVALID): "bounce.no-report" (another kind of mail), "bounce.malformed", "bounce.not-ours" (about a message of
 * someone else). */
xca_error_t *xca_bounce_read(xca_bounce_t *bounce, const char *message, apr_size_t length, const char *from,
                             apr_pool_t *pool) XCA_MUST_USE;

#endif
