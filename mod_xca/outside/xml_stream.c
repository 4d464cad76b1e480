#include "outside/xml_stream.h"

#include <string.h>
#include <apr_strings.h>
#include <libxml/xmlreader.h>

#define DEPTH_MAX 64

struct xca_xml_stream {
    xmlTextReader *reader;
    xca_xml_source *source;
    void *baton;
    xca_error_t *fault; /* of the source */
    int closes;         /* the element that opened is empty: its end comes next */
    int depth;
    int has_entities;
    apr_pool_t *pool;
};

static int read_more(void *context, char *buffer, int size) {
    xca_xml_stream_t *stream = context;
    apr_size_t got = 0;

    if (stream->fault == NULL) {
        stream->fault = stream->source(stream->baton, buffer, (apr_size_t)size, &got);
    }
    return stream->fault == NULL ? (int)got : -1;
}

static int close_nothing(void *context) {
    return 0;
}

/* Entities that stand in the first piece of a document are looked at before its type is known to us. */
static void note_error(void *context, xmlErrorPtr error) {
    xca_xml_stream_t *stream = context;

    stream->has_entities |= error->code == XML_ERR_ENTITY_LOOP;
}

static apr_status_t free_reader(void *data) {
    xmlFreeTextReader(data);
    return APR_SUCCESS;
}

xca_error_t *xca_xml_stream_open(xca_xml_stream_t **stream, xca_xml_source *source, void *baton,
                                 apr_pool_t *pool) {
    xca_xml_stream_t *opened = apr_pcalloc(pool, sizeof(*opened));

    opened->source = source;
    opened->baton = baton;
    opened->pool = pool;
    opened->reader = xmlReaderForIO(read_more, close_nothing, opened, NULL, NULL,
                                    XML_PARSE_NONET | XML_PARSE_NOCDATA | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
    if (opened->reader == NULL) {
        return opened->fault != NULL ? opened->fault
                                     : xca_error_make(pool, XCA_E_INVALID, "sheet.damaged", "no reader");
    }
    apr_pool_cleanup_register(pool, opened->reader, free_reader, apr_pool_cleanup_null);
    xmlTextReaderSetStructuredErrorHandler(opened->reader, note_error, opened);
    *stream = opened;
    return NULL;
}

static xca_error_t *ended(xca_xml_event *event, xca_xml_stream_t *stream, int status) {
    *event = XCA_XML_END;
    if (stream->fault != NULL) {
        return stream->fault;
    }
    if (status == 0) {
        return NULL;
    }
    if (stream->has_entities) {
        return xca_error_make(stream->pool, XCA_E_INVALID, "sheet.entities", NULL);
    }
    return xca_error_make(stream->pool, XCA_E_INVALID, "sheet.damaged", "XML, line %d",
                          xmlTextReaderGetParserLineNumber(stream->reader));
}

xca_error_t *xca_xml_stream_next(xca_xml_event *event, xca_xml_stream_t *stream) {
    if (stream->closes) {
        stream->closes = 0;
        *event = XCA_XML_CLOSE;
        return NULL;
    }
    for (;;) {
        int status = xmlTextReaderRead(stream->reader);

        if (status != 1) {
            return ended(event, stream, status);
        }
        stream->depth = xmlTextReaderDepth(stream->reader);
        if (stream->depth > DEPTH_MAX) {
            return xca_error_make(stream->pool, XCA_E_INVALID, "sheet.damaged", "nested too deeply");
        }
        switch (xmlTextReaderNodeType(stream->reader)) {
        case XML_READER_TYPE_ELEMENT:
            stream->closes = xmlTextReaderIsEmptyElement(stream->reader);
            *event = XCA_XML_OPEN;
            return NULL;
        case XML_READER_TYPE_END_ELEMENT:
            *event = XCA_XML_CLOSE;
            return NULL;
        case XML_READER_TYPE_TEXT:
        case XML_READER_TYPE_CDATA:
        case XML_READER_TYPE_WHITESPACE:
        case XML_READER_TYPE_SIGNIFICANT_WHITESPACE:
            *event = XCA_XML_TEXT;
            return NULL;
        case XML_READER_TYPE_DOCUMENT_TYPE:
        case XML_READER_TYPE_ENTITY:
        case XML_READER_TYPE_ENTITY_REFERENCE:
            return xca_error_make(stream->pool, XCA_E_INVALID, "sheet.entities", NULL);
        default: /* comments, processing instructions */
            break;
        }
    }
}

const char *xca_xml_stream_name(const xca_xml_stream_t *stream) {
    const xmlChar *name = xmlTextReaderConstLocalName(stream->reader);

    return name != NULL ? (const char *)name : "";
}

int xca_xml_stream_is(const xca_xml_stream_t *stream, const char *name) {
    return strcmp(xca_xml_stream_name(stream), name) == 0;
}

const char *xca_xml_stream_attr(xca_xml_stream_t *stream, const char *name, apr_pool_t *pool) {
    const char *value = NULL;

    while (value == NULL && xmlTextReaderMoveToNextAttribute(stream->reader) == 1) {
        if (xmlTextReaderIsNamespaceDecl(stream->reader) != 1 && xca_xml_stream_is(stream, name)) {
            value = apr_pstrdup(pool, (const char *)xmlTextReaderConstValue(stream->reader));
            value = value != NULL ? value : "";
        }
    }
    xmlTextReaderMoveToElement(stream->reader);
    return value;
}

const char *xca_xml_stream_text(const xca_xml_stream_t *stream) {
    const xmlChar *text = xmlTextReaderConstValue(stream->reader);

    return text != NULL ? (const char *)text : "";
}

xca_error_t *xca_xml_stream_skip(xca_xml_stream_t *stream) {
    int depth = stream->depth;
    xca_xml_event event;
    xca_error_t *err;

    do {
        err = xca_xml_stream_next(&event, stream);
    } while (err == NULL && event != XCA_XML_END && !(event == XCA_XML_CLOSE && stream->depth <= depth));
    return err;
}
