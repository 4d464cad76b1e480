/* libxml2's owner, part 2: large XML read piece by piece, for spreadsheets. A document type is refused (no entities), nothing is
 * loaded from outside, depth is bounded; how much there is to read is the source's matter. */
#ifndef XCA_OUTSIDE_XML_STREAM_H
#define XCA_OUTSIDE_XML_STREAM_H

#include "base/error.h"

typedef struct xca_xml_stream xca_xml_stream_t;

/* Gives the next bytes; *got 0 at the end. */
typedef xca_error_t *xca_xml_source(void *baton, char *buffer, apr_size_t size, apr_size_t *got);

typedef enum { XCA_XML_END, XCA_XML_OPEN, XCA_XML_CLOSE, XCA_XML_TEXT } xca_xml_event;

xca_error_t *xca_xml_stream_open(xca_xml_stream_t **stream, xca_xml_source *source, void *baton,
                                 apr_pool_t *pool) XCA_MUST_USE;

/* The next event; an empty element opens and closes. Errors: "sheet.damaged", "sheet.entities", those of the source. */
xca_error_t *xca_xml_stream_next(xca_xml_event *event, xca_xml_stream_t *stream) XCA_MUST_USE;

/* Of an element that opens or closes: its name without prefix. */
const char *xca_xml_stream_name(const xca_xml_stream_t *stream);
int xca_xml_stream_is(const xca_xml_stream_t *stream, const char *name);

/* Of an element that opens: the value of an attribute by its name without prefix, copied; NULL if there is none. */
const char *xca_xml_stream_attr(xca_xml_stream_t *stream, const char *name, apr_pool_t *pool);

/* Of a text: valid until the next event. */
const char *xca_xml_stream_text(const xca_xml_stream_t *stream);

/* Passes over what is inside the element that has opened just now, to its end. */
xca_error_t *xca_xml_stream_skip(xca_xml_stream_t *stream) XCA_MUST_USE;

#endif
