/* XML that goes out: feeds, and content for officers to edit. Written by libxml2, so that it is well-formed whatever it says. */
#ifndef XCA_OUTSIDE_XML_WRITE_H
#define XCA_OUTSIDE_XML_WRITE_H

#include "base/text.h"

typedef struct xca_xml_writer xca_xml_writer_t;

/* A document in UTF-8. `indent`: elements on lines of their own, for people. */
xca_error_t *xca_xml_writer_make(xca_xml_writer_t **writer, int indent, apr_pool_t *pool) XCA_MUST_USE;

/* Faults are kept and told at the end. Names are literals; attributes come before the content; NULL is left out. */
void xca_xml_open(xca_xml_writer_t *writer, const char *name);
void xca_xml_put_attr(xca_xml_writer_t *writer, const char *name, const char *value);
void xca_xml_put_text(xca_xml_writer_t *writer, const char *text);
void xca_xml_close(xca_xml_writer_t *writer);
/* An element with a text and nothing else; left out if the text is NULL. */
void xca_xml_element(xca_xml_writer_t *writer, const char *name, const char *text);

/* Closes what is open; the document in `xml`. */
xca_error_t *xca_xml_writer_end(xca_bytes_t *xml, xca_xml_writer_t *writer) XCA_MUST_USE;

#endif
