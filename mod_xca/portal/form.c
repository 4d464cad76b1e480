#include "portal/form.h"

#include <string.h>
#include <apr_strings.h>
#include "outside/crypto_csr.h"
#include "portal/form_json.h"

#define FIELDS_MAX   100
#define FIELD_NAME_MAX    64
#define VALUE_MAX    (64 * 1024)
#define HEADER_MAX   2048 /* bytes of a part's header block */
#define BOUNDARY_MAX 70   /* RFC 2046 section 5.1.1 */

typedef struct {
    const char *name;
    char *text;              /* NULL of files */
    const xca_bytes_t *file; /* NULL of texts */
} field_t;

struct xca_form {
    apr_array_header_t *fields; /* field_t */
    int takes_json;
    apr_pool_t *pool;
};

static xca_error_t *malformed(const xca_form_t *form, const char *why) {
    return xca_error_make(form->pool, XCA_E_INVALID, "form.malformed", "%s", why);
}

static xca_error_t *too_large(const xca_form_t *form, const char *what) {
    return xca_error_make(form->pool, XCA_E_TOO_LARGE, "form.too-large", "%s", what);
}

static xca_error_t *add_field(xca_form_t *form, const char *name, apr_size_t name_length,
                              field_t **field) {
    if (form->fields->nelts == FIELDS_MAX) {
        return too_large(form, "more than 100 fields");
    }
    if (name_length > FIELD_NAME_MAX) {
        return too_large(form, "name of a field");
    }
    if (!xca_text_valid(name, name_length, 0)) {
        return malformed(form, "name of a field");
    }
    *field = apr_array_push(form->fields);
    (*field)->name = apr_pstrmemdup(form->pool, name, name_length);
    return NULL;
}

/* What is no text becomes U+FFFD, which no field takes: the error then stands at its field, and what was typed in
 * all the others is not lost. Browsers do the same with half a surrogate pair. */
static char *replace_bad(xca_form_t *form, const char *text, apr_size_t length) {
    const char *end = text + length;
    char *result = apr_palloc(form->pool, length * 3 + 1);
    char *to = result;

    while (text < end) {
        const char *start = text;

        (void)xca_text_next(&text, end);
        if (xca_text_valid(start, (apr_size_t)(text - start), 1)) {
            memcpy(to, start, (apr_size_t)(text - start));
            to += text - start;
        } else {
            memcpy(to, XCA_TEXT_REPLACED, 3);
            to += 3;
        }
    }
    *to = '\0';
    return result;
}

/* Takes over `text`. Line breaks become LF, as in the templates that show it again. */
static xca_error_t *set_text(xca_form_t *form, field_t *field, char *text, apr_size_t length) {
    char *to = text;
    apr_size_t i;

    if (length > VALUE_MAX) {
        return too_large(form, field->name);
    }
    for (i = 0; i < length; i++) {
        if (text[i] == '\r') {
            *to++ = '\n';
            i += i + 1 < length && text[i + 1] == '\n';
        } else {
            *to++ = text[i];
        }
    }
    *to = '\0';
    length = (apr_size_t)(to - text);
    field->text = text;
    if (!xca_text_valid(text, length, 1)) {
        field->text = replace_bad(form, text, length);
        xca_wipe(text, length);
    }
    return NULL;
}

/* '+' and %XX into `to` (room for `length` + 1); a '%' without two digits stays, as browsers read it. */
static apr_size_t decode(char *to, const char *from, apr_size_t length) {
    const char *start = to;
    apr_size_t i;

    for (i = 0; i < length; i++) {
        if (from[i] == '%' && i + 2 < length && xca_text_hex_digit(from[i + 1]) >= 0 &&
            xca_text_hex_digit(from[i + 2]) >= 0) {
            *to++ = (char)(xca_text_hex_digit(from[i + 1]) << 4 | xca_text_hex_digit(from[i + 2]));
            i += 2;
        } else {
            *to++ = from[i] == '+' ? ' ' : from[i];
        }
    }
    *to = '\0';
    return (apr_size_t)(to - start);
}

static xca_error_t *read_pair(xca_form_t *form, const char *pair, apr_size_t length) {
    const char *equals = memchr(pair, '=', length);
    apr_size_t name_length = equals != NULL ? (apr_size_t)(equals - pair) : length;
    apr_size_t value_length = equals != NULL ? length - name_length - 1 : 0;
    char name[FIELD_NAME_MAX * 3 + 1];
    char *value;
    field_t *field;
    xca_error_t *err;

    if (name_length >= sizeof(name)) {
        return too_large(form, "name of a field");
    }
    if (value_length > VALUE_MAX * 3) {
        return too_large(form, "value of a field");
    }
    err = add_field(form, name, decode(name, pair, name_length), &field);
    if (err != NULL) {
        return err;
    }
    value = apr_palloc(form->pool, value_length + 1);
    return set_text(form, field, value,
                    decode(value, equals != NULL ? equals + 1 : "", value_length));
}

/* application/x-www-form-urlencoded (WHATWG URL section 5.1). */
static xca_error_t *read_pairs(xca_form_t *form, const char *text, apr_size_t length) {
    const char *end = text + length;

    while (text < end) {
        const char *ampersand = memchr(text, '&', (apr_size_t)(end - text));
        const char *stop = ampersand != NULL ? ampersand : end;

        if (stop > text) {
            xca_error_t *err = read_pair(form, text, (apr_size_t)(stop - text));

            if (err != NULL) {
                return err;
            }
        }
        text = stop + 1;
    }
    return NULL;
}

static const char *find_bytes(const char *in, apr_size_t length, const char *what,
                              apr_size_t what_length) {
    return memmem(in, length, what, what_length);
}

/* The parameter `name` of a header value: name="..." or name=token; NULL if it is not there. */
static const char *parameter(const char *header, const char *name, apr_pool_t *pool) {
    apr_size_t length = strlen(name);

    while ((header = strchr(header, ';')) != NULL) {
        header += 1 + strspn(header + 1, " \t");
        if (strncasecmp(header, name, length) != 0 || header[length] != '=') {
            continue;
        }
        header += length + 1;
        if (*header != '"') {
            return apr_pstrmemdup(pool, header, strcspn(header, "; \t"));
        }
        return apr_pstrmemdup(pool, header + 1, strcspn(header + 1, "\""));
    }
    return NULL;
}

/* Content-Disposition among the lines of a part's header block; NULL if it is not there. */
static const char *disposition_of(const char *block, apr_size_t length, apr_pool_t *pool) {
    static const char name[] = "Content-Disposition:";
    char *line = apr_pstrmemdup(pool, block, length);

    while (line != NULL) {
        char *next = strstr(line, "\r\n");

        if (next != NULL) {
            *next = '\0';
            next += 2;
        }
        if (strncasecmp(line, name, sizeof(name) - 1) == 0) {
            return line + sizeof(name) - 1;
        }
        line = next;
    }
    return NULL;
}

/* Of any size that the body may have: who reads the file says what is too large for it, at its field. */
static void set_file(xca_form_t *form, field_t *field, const char *file_name, const char *content,
                     apr_size_t length) {
    xca_bytes_t *file;

    if (*file_name == '\0' && length == 0) {
        return; /* nothing was chosen */
    }
    file = apr_palloc(form->pool, sizeof(*file));
    file->data = apr_pmemdup(form->pool, content, length);
    file->length = length;
    field->file = file;
}

static xca_error_t *read_part(xca_form_t *form, const char *part, apr_size_t length) {
    const char *blank = find_bytes(part, length, "\r\n\r\n", 4);
    const char *disposition, *name, *file_name, *content;
    apr_size_t content_length;
    field_t *field;
    xca_error_t *err;

    if (blank == NULL || blank - part > HEADER_MAX) {
        return malformed(form, "headers of a part");
    }
    disposition = disposition_of(part, (apr_size_t)(blank - part), form->pool);
    name = disposition != NULL ? parameter(disposition, "name", form->pool) : NULL;
    if (name == NULL) {
        return malformed(form, "part without a name");
    }
    file_name = parameter(disposition, "filename", form->pool);
    content = blank + 4;
    content_length = length - (apr_size_t)(content - part);
    err = add_field(form, name, strlen(name), &field);
    if (err != NULL) {
        return err;
    }
    if (file_name != NULL) {
        set_file(form, field, file_name, content, content_length);
        return NULL;
    }
    if (content_length > VALUE_MAX) {
        return too_large(form, field->name);
    }
    return set_text(form, field, apr_pstrmemdup(form->pool, content, content_length),
                    content_length);
}

/* multipart/form-data: parts between CRLF--boundary lines, closed by CRLF--boundary-- (RFC 2046 section
 * 5.1.1). */
static xca_error_t *read_parts(xca_form_t *form, const char *boundary, const char *body,
                               apr_size_t length) {
    const char *mark = apr_pstrcat(form->pool, "\r\n--", boundary, NULL);
    apr_size_t mark_length = strlen(mark);
    const char *end = body + length;
    const char *at = body;

    if (length >= mark_length - 2 && memcmp(body, mark + 2, mark_length - 2) == 0) {
        at += mark_length - 2;
    } else {
        at = find_bytes(body, length, mark, mark_length);
        at = at != NULL ? at + mark_length : NULL;
    }
    while (at != NULL && end - at >= 2) {
        const char *next;
        xca_error_t *err;

        if (at[0] == '-' && at[1] == '-') {
            return NULL;
        }
        if (at[0] != '\r' || at[1] != '\n') {
            return malformed(form, "boundary line");
        }
        next = find_bytes(at, (apr_size_t)(end - at), mark, mark_length);
        if (next == NULL) {
            break;
        }
        /* A part without headers starts with the CRLF of its boundary line. */
        err = next - at < 2 ? malformed(form, "empty part")
                            : read_part(form, at + 2, (apr_size_t)(next - at - 2));
        if (err != NULL) {
            return err;
        }
        at = next + mark_length;
    }
    return malformed(form, "no closing boundary");
}

static xca_error_t *read_body(xca_form_t *form, const char *content_type, const char *body,
                              apr_size_t length) {
    apr_size_t type_length = strcspn(content_type, "; \t");
    const char *boundary;

    if (type_length == 33 &&
        strncasecmp(content_type, "application/x-www-form-urlencoded", type_length) == 0) {
        return read_pairs(form, body, length);
    }
    if (form->takes_json && type_length == 16 && strncasecmp(content_type, "application/json", type_length) == 0) {
        return xca_form_json(form, body, length);
    }
    if (type_length != 19 || strncasecmp(content_type, "multipart/form-data", type_length) != 0) {
        return xca_error_make(form->pool, XCA_E_INVALID, "form.type", "%.80s", content_type);
    }
    boundary = parameter(content_type, "boundary", form->pool);
    if (boundary == NULL || *boundary == '\0' || strlen(boundary) > BOUNDARY_MAX) {
        return malformed(form, "boundary");
    }
    return read_parts(form, boundary, body, length);
}

/* What was typed may hold a user code, also where nobody asks for it any more because another field is wrong. */
static apr_status_t wipe_texts(void *data) {
    const xca_form_t *form = data;
    int i;

    for (i = 0; i < form->fields->nelts; i++) {
        field_t *field = &APR_ARRAY_IDX(form->fields, i, field_t);

        if (field->text != NULL) {
            xca_wipe(field->text, strlen(field->text));
        }
    }
    return APR_SUCCESS;
}

static xca_error_t *read_form(xca_form_t **form, int takes_json, const char *query, const char *content_type, const char *body,
                              apr_size_t length, apr_pool_t *pool) {
    xca_form_t *result = apr_palloc(pool, sizeof(*result));
    xca_error_t *err = NULL;

    result->fields = apr_array_make(pool, 16, sizeof(field_t));
    result->pool = pool;
    result->takes_json = takes_json;
    apr_pool_cleanup_register(pool, result, wipe_texts, apr_pool_cleanup_null);
    *form = result;
    /* The body first: what was typed wins over what a link says. */
    if (body != NULL && length > 0) {
        err = read_body(result, content_type != NULL ? content_type : "", body, length);
    }
    if (err == NULL && query != NULL) {
        err = read_pairs(result, query, strlen(query));
    }
    return err;
}

xca_error_t *xca_form_read(xca_form_t **form, const char *query, const char *content_type,
                           const char *body, apr_size_t length, apr_pool_t *pool) {
    return read_form(form, 0, query, content_type, body, length, pool);
}

xca_error_t *xca_form_read_api(xca_form_t **form, const char *query, const char *content_type, const char *body, apr_size_t length,
                               apr_pool_t *pool) {
    return read_form(form, 1, query, content_type, body, length, pool);
}

xca_error_t *xca_form_put(xca_form_t *form, const char *name, apr_size_t name_length, char *text, apr_size_t length) {
    field_t *field;
    xca_error_t *err = add_field(form, name, name_length, &field);

    return err != NULL ? err : set_text(form, field, text, length);
}

xca_error_t *xca_form_put_file(xca_form_t *form, const char *name, const void *data, apr_size_t length) {
    xca_bytes_t *file = apr_palloc(form->pool, sizeof(*file));
    field_t *field;
    xca_error_t *err = add_field(form, name, strlen(name), &field);

    file->data = data;
    file->length = length;
    if (err == NULL) {
        field->file = file;
    }
    return err;
}

apr_pool_t *xca_form_pool(const xca_form_t *form) {
    return form->pool;
}

static field_t *field_of(const xca_form_t *form, const char *name) {
    int i;

    for (i = 0; i < form->fields->nelts; i++) {
        field_t *field = &APR_ARRAY_IDX(form->fields, i, field_t);

        if (strcmp(field->name, name) == 0) {
            return field;
        }
    }
    return NULL;
}

const char *xca_form_text(const xca_form_t *form, const char *name) {
    const field_t *field = field_of(form, name);

    return field != NULL ? field->text : NULL;
}

const char *xca_form_double(const xca_form_t *form) {
    int i;

    for (i = 0; i < form->fields->nelts; i++) {
        const field_t *field = &APR_ARRAY_IDX(form->fields, i, const field_t);

        if (field_of(form, field->name) != field) {
            return field->name;
        }
    }
    return NULL;
}

apr_array_header_t *xca_form_texts(const xca_form_t *form, const char *name, apr_pool_t *pool) {
    apr_array_header_t *texts = apr_array_make(pool, 8, sizeof(const char *));
    int i;

    for (i = 0; i < form->fields->nelts; i++) {
        const field_t *field = &APR_ARRAY_IDX(form->fields, i, field_t);

        if (field->text != NULL && strcmp(field->name, name) == 0) {
            APR_ARRAY_PUSH(texts, const char *) = field->text;
        }
    }
    return texts;
}

xca_secret_t *xca_form_secret(xca_form_t *form, const char *name, apr_pool_t *pool) {
    field_t *field = field_of(form, name);
    xca_secret_t *secret;

    if (field == NULL || field->text == NULL || field->text[0] == '\0') {
        return NULL;
    }
    secret = xca_secret_make(pool, field->text, strlen(field->text));
    xca_wipe(field->text, secret->length);
    field->text = NULL;
    return secret;
}

const xca_bytes_t *xca_form_file(const xca_form_t *form, const char *name) {
    const field_t *field = field_of(form, name);

    return field != NULL ? field->file : NULL;
}
