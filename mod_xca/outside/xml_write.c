#include "outside/xml_write.h"

#include <apr_strings.h>
#include <libxml/xmlwriter.h>

struct xca_xml_writer {
    xmlBufferPtr buffer;
    xmlTextWriterPtr writer;
    int failed;
    apr_pool_t *pool;
};

static apr_status_t free_writer(void *data) {
    xca_xml_writer_t *writer = data;

    if (writer->writer != NULL) {
        xmlFreeTextWriter(writer->writer);
    }
    if (writer->buffer != NULL) {
        xmlBufferFree(writer->buffer);
    }
    return APR_SUCCESS;
}

static void keep(xca_xml_writer_t *writer, int status) {
    writer->failed |= status < 0;
}

xca_error_t *xca_xml_writer_make(xca_xml_writer_t **writer, int indent, apr_pool_t *pool) {
    xca_xml_writer_t *result = apr_pcalloc(pool, sizeof(*result));

    result->pool = pool;
    result->buffer = xmlBufferCreate();
    apr_pool_cleanup_register(pool, result, free_writer, apr_pool_cleanup_null);
    result->writer = result->buffer != NULL ? xmlNewTextWriterMemory(result->buffer, 0) : NULL;
    if (result->writer == NULL) {
        return xca_error_make(pool, XCA_E_INTERNAL, "xml.malformed", "no memory for a writer");
    }
    keep(result, xmlTextWriterSetIndent(result->writer, indent));
    keep(result, xmlTextWriterStartDocument(result->writer, NULL, "UTF-8", NULL));
    *writer = result;
    return NULL;
}

void xca_xml_open(xca_xml_writer_t *writer, const char *name) {
    keep(writer, xmlTextWriterStartElement(writer->writer, BAD_CAST name));
}

void xca_xml_put_attr(xca_xml_writer_t *writer, const char *name, const char *value) {
    if (value != NULL) {
        keep(writer, xmlTextWriterWriteAttribute(writer->writer, BAD_CAST name, BAD_CAST value));
    }
}

void xca_xml_put_text(xca_xml_writer_t *writer, const char *text) {
    if (text != NULL) {
        keep(writer, xmlTextWriterWriteString(writer->writer, BAD_CAST text));
    }
}

void xca_xml_close(xca_xml_writer_t *writer) {
    keep(writer, xmlTextWriterEndElement(writer->writer));
}

void xca_xml_element(xca_xml_writer_t *writer, const char *name, const char *text) {
    if (text == NULL) {
        return;
    }
    xca_xml_open(writer, name);
    xca_xml_put_text(writer, text);
    xca_xml_close(writer);
}

xca_error_t *xca_xml_writer_end(xca_bytes_t *xml, xca_xml_writer_t *writer) {
    apr_size_t length;
    char *copy;

    keep(writer, xmlTextWriterEndDocument(writer->writer));
    keep(writer, xmlTextWriterFlush(writer->writer));
    if (writer->failed) {
        return xca_error_make(writer->pool, XCA_E_INTERNAL, "xml.malformed", "libxml2 could not write a document");
    }
    length = (apr_size_t)xmlBufferLength(writer->buffer);
    copy = apr_pstrmemdup(writer->pool, (const char *)xmlBufferContent(writer->buffer), length);
    xml->data = (const unsigned char *)copy;
    xml->length = length;
    return NULL;
}
