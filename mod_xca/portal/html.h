/* Texts, addresses and markup as HTML: everything that pages consist of goes through these. */
#ifndef XCA_PORTAL_HTML_H
#define XCA_PORTAL_HTML_H

#include "outside/markdown.h"
#include "portal/output.h"

/* A text as content or as an attribute in double quotes: markup escaped, controls replaced by U+FFFD. */
void xca_html_text(xca_output_t *out, const char *text);

/* A value inside an address: all but unreserved characters percent-encoded (RFC 3986 section 2). */
const char *xca_html_component(const char *text, apr_pool_t *pool);
/* A whole address as a value; it is still to be asked where it leads. */
const char *xca_html_address(const char *address, apr_pool_t *pool);
/* Own paths, places of the page, queries, https:, http:, mailto:. */
int xca_html_may_lead_to(const char *address);

/* A text of officers: elements for its nodes, everything else escaped. Headings begin with h2. */
void xca_html_markup(xca_output_t *out, const xca_markup_t *node, apr_pool_t *pool);
/* The same as a text, for feeds. */
const char *xca_html_markup_text(const xca_markup_t *document, apr_pool_t *pool);

#endif
