/* What officers publish: news, questions and answers, uses of certificates, fees; and the form for questions. */
#ifndef XCA_PORTAL_PAGE_CONTENT_H
#define XCA_PORTAL_PAGE_CONTENT_H

#include "directory/content_store.h"
#include "portal/page.h"

/* Titles and bodies in the visitor's language, into `map`: id, title, date, state; "body" as markup if it was read. */
void xca_content_show(xca_visit_t *visit, xca_value_t *map, const xca_content_t *content);

/* The published entry that the address names; "page.not-found" if it is none of this kind or not published. */
xca_error_t *xca_content_published(xca_content_t **content, xca_visit_t *visit, xca_content_kind kind) XCA_MUST_USE;

xca_page xca_page_news;         /* GET /news                                     */
xca_page xca_page_news_archive; /* GET /news/archive?year=&page=                 */
xca_page xca_page_news_item;    /* GET /news/<id>                                */
xca_page xca_page_news_feed;    /* GET /news/feed.xml (Chinese), /news/feed-en.xml: Atom, RFC 4287 */

/* Puts the newest `limit` news into the model ("news"). */
xca_error_t *xca_news_put_latest(xca_visit_t *visit, int limit) XCA_MUST_USE;

xca_page xca_page_faq;      /* GET /faq?q=  */
xca_page xca_page_faq_item; /* GET /faq/<id> */
xca_page xca_page_uses;     /* GET /uses    */
xca_page xca_page_fees;     /* GET /fees    */

xca_page xca_page_forms;     /* GET /forms          */
xca_page xca_page_form_file; /* GET /forms/<file>   */

/* Puts path and size of a file to download under `key`, if there is one of this name. */
void xca_forms_put_file(xca_visit_t *visit, xca_value_t *map, const char *key, const char *name);

xca_page xca_page_downloads; /* GET /downloads      */

xca_page xca_page_question;      /* GET /questions      */
xca_page xca_page_question_sent; /* POST /questions     */
xca_page xca_page_question_kept; /* GET /questions/sent */

#endif
