/* Mail out: libcurl's owner (SMTP with STARTTLS), or a sendmail command, or a folder for .eml files. */
#ifndef XCA_OUTSIDE_MAIL_H
#define XCA_OUTSIDE_MAIL_H

#include <apr_time.h>
#include "base/secret.h"

typedef struct xca_mail_config {
    const char *url;      /* "smtp://host:587", "smtps://host", "sendmail:/usr/sbin/sendmail -t -i",
                             "folder:/path" */
    const char *user;     /* or NULL */
    const xca_secret_t *password;
    const char *ca_file;  /* or NULL: system's */
    int require_tls;      /* STARTTLS is a must */
    const char *from;     /* "XCA <xca@example.tw>" */
} xca_mail_config_t;

typedef struct xca_mail {
    const char *id;       /* Message-ID's left part and the .eml's name: same id, same message */
    const char *to;
    const char *subject;  /* UTF-8 */
    const char *body;     /* UTF-8, lines of any length */
    apr_time_t date;
} xca_mail_t;

/* The message as RFC 5322 / MIME text (encoded words, base64). Header injection is not possible: what cannot stand in
 * a subject, an address or an id (letters, digits, - _ .) is refused ("mail.header"). */
xca_error_t *xca_mail_format(const char **message, const xca_mail_config_t *config,
                             const xca_mail_t *mail, apr_pool_t *pool) XCA_MUST_USE;

/* The address inside "Name <address>", or the whole. */
const char *xca_mail_bare_address(apr_pool_t *pool, const char *from);

/* Sends. Into a folder the same id is the same file, however often. Errors: "mail.later" (XCA_E_UNAVAILABLE: try
 * again), "mail.rejected" (XCA_E_INVALID: permanent, 5xx), "mail.unknown" (XCA_E_INTERNAL: it was handed over and no reply
 * came; to try again might send it twice). */
xca_error_t *xca_mail_send(const xca_mail_config_t *config, const xca_mail_t *mail,
                           apr_pool_t *pool) XCA_MUST_USE;

#endif
