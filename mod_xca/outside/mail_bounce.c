#include "outside/mail_bounce.h"

#include <string.h>
#include <strings.h>
#include <apr_strings.h>
#include <apr_tables.h>
#include "outside/mail.h"

#define FIELD_MAX    8192 /* bytes of one header field, unfolded */
#define BOUNDARY_MAX 70   /* RFC 2046 section 5.1.1 */
#define PARTS_MAX    20
#define GROUPS_MAX   100  /* recipients */
#define REASON_MAX   400
#define ID_MAX       128 /* as in what is sent (mail_format.c) */

/* A piece of the message; it is never copied as a whole. */
typedef struct {
    const char *at, *end;
} piece_t;

static xca_error_t *malformed(apr_pool_t *pool, const char *why) {
    return xca_error_make(pool, XCA_E_INVALID, "bounce.malformed", "%s", why);
}

/* The next line without its end; 0 at the end of the piece. */
static int next_line(piece_t *piece, piece_t *line) {
    const char *stop;

    if (piece->at >= piece->end) {
        return 0;
    }
    stop = memchr(piece->at, '\n', (size_t)(piece->end - piece->at));
    line->at = piece->at;
    line->end = stop != NULL ? stop : piece->end;
    piece->at = stop != NULL ? stop + 1 : piece->end;
    if (line->end > line->at && line->end[-1] == '\r') {
        line->end--;
    }
    return 1;
}

/* The header up to the first empty line, and what stands behind it (RFC 5322 section 2.1). */
static piece_t split_header(piece_t whole, piece_t *rest) {
    piece_t header = {whole.at, whole.end}, line;

    *rest = (piece_t){whole.end, whole.end};
    while (next_line(&whole, &line)) {
        if (line.at == line.end) {
            header.end = line.at;
            *rest = whole;
            break;
        }
    }
    return header;
}

static int is_field(const piece_t *line, const char *name) {
    size_t length = strlen(name);

    return (size_t)(line->end - line->at) > length && strncasecmp(line->at, name, length) == 0 &&
           line->at[length] == ':';
}

static void append(char *value, size_t *used, piece_t part) {
    size_t length = (size_t)(part.end - part.at);

    if (length > FIELD_MAX - *used) {
        length = FIELD_MAX - *used;
    }
    memcpy(value + *used, part.at, length);
    *used += length;
}

/* The value of the first field of this name, unfolded (RFC 5322 section 2.2.3), without NULs; NULL if there is none. */
static char *field(piece_t header, const char *name, apr_pool_t *pool) {
    char *value = NULL;
    size_t used = 0, i;
    piece_t line;

    while (next_line(&header, &line)) {
        if (value != NULL && line.at < line.end && (*line.at == ' ' || *line.at == '\t')) {
            append(value, &used, line);
        } else if (value != NULL) {
            break;
        } else if (is_field(&line, name)) {
            value = apr_palloc(pool, FIELD_MAX + 1);
            line.at += strlen(name) + 1;
            append(value, &used, line);
        }
    }
    if (value == NULL) {
        return NULL;
    }
    for (i = 0; i < used; i++) {
        value[i] = value[i] == '\0' ? ' ' : value[i];
    }
    value[used] = '\0';
    return value;
}

/* "type/subtype" at the beginning of a Content-Type. */
static int is_type(const char *content_type, const char *wanted) {
    size_t length = strlen(wanted);

    while (content_type != NULL && (*content_type == ' ' || *content_type == '\t')) {
        content_type++;
    }
    return content_type != NULL && strncasecmp(content_type, wanted, length) == 0 &&
           strchr("; \t", content_type[length]) != NULL;
}

/* The boundary parameter, quoted or not (RFC 2045 section 5.1); NULL if there is none that could be one. */
static const char *boundary_of(const char *content_type, apr_pool_t *pool) {
    static const char name[] = "boundary=";
    const char *at = content_type;
    size_t length;

    while (at != NULL && strncasecmp(at, name, sizeof(name) - 1) != 0) {
        at = strpbrk(at, "; \t");
        at = at != NULL ? at + 1 : NULL;
    }
    if (at == NULL) {
        return NULL;
    }
    at += sizeof(name) - 1;
    if (*at == '"') {
        at++;
        length = strcspn(at, "\"");
    } else {
        length = strcspn(at, "; \t\r\n");
    }
    return length > 0 && length <= BOUNDARY_MAX ? apr_pstrmemdup(pool, at, length) : NULL;
}

/* 0: another line; 1: between two parts; 2: behind the last. */
static int delimiter(const piece_t *line, const char *boundary) {
    size_t length = strlen(boundary), found = (size_t)(line->end - line->at);

    if (found < length + 2 || strncmp(line->at, "--", 2) != 0 || memcmp(line->at + 2, boundary, length) != 0) {
        return 0;
    }
    return found >= length + 4 && strncmp(line->at + 2 + length, "--", 2) == 0 ? 2 : 1;
}

/* The parts between the delimiters, array of piece_t; what has no end ends with the message. */
static apr_array_header_t *parts_of(piece_t body, const char *boundary, apr_pool_t *pool) {
    apr_array_header_t *parts = apr_array_make(pool, 4, sizeof(piece_t));
    piece_t line, *open = NULL;
    int kind = 0;

    while (kind != 2 && parts->nelts <= PARTS_MAX && next_line(&body, &line)) {
        kind = delimiter(&line, boundary);
        if (kind != 0 && open != NULL) {
            open->end = line.at;
            open = NULL;
        }
        if (kind == 1 && parts->nelts < PARTS_MAX) {
            open = apr_array_push(parts);
            open->at = body.at;
            open->end = body.end;
        }
    }
    return parts;
}

/* One line of valid text without controls, at most REASON_MAX bytes. */
static const char *tidy(const char *text, apr_pool_t *pool) {
    const char *at = text, *end = text + strlen(text);
    char *tidied = apr_palloc(pool, 3 * strlen(text) + 1), *to = tidied;

    while (at < end && to - tidied < REASON_MAX) {
        long code = xca_text_next(&at, end);
        char one[5] = "";

        one[code >= 0 ? xca_text_put(one, code) : 0] = '\0';
        if (code < 0 || !xca_text_valid(one, strlen(one), 0)) {
            *to++ = ' ';
        } else {
            memcpy(to, one, strlen(one));
            to += strlen(one);
        }
    }
    *to = '\0';
    tidied = xca_text_trim(pool, tidied);
    return *tidied != '\0' ? tidied : NULL;
}

/* What stands behind the type and its ';' ("smtp; 550 no such user", "rfc822; a@b"). */
static const char *behind_type(const char *value, apr_pool_t *pool) {
    const char *semicolon = value != NULL ? strchr(value, ';') : NULL;

    return value == NULL ? NULL : tidy(semicolon != NULL ? semicolon + 1 : value, pool);
}

/* Groups of fields with empty lines between (RFC 3464 section 2.1): the first recipient for whom it failed, else the first. */
static int read_status(xca_bounce_t *bounce, piece_t body, apr_pool_t *pool) {
    int found = 0, groups;

    for (groups = 0; !bounce->failed && body.at < body.end && groups < GROUPS_MAX; groups++) {
        piece_t rest, group = split_header(body, &rest);
        const char *action = field(group, "Action", pool), *recipient;

        body = rest;
        action = action != NULL ? tidy(action, pool) : NULL;
        if (action == NULL || (found && strcasecmp(action, "failed") != 0)) {
            continue;
        }
        recipient = field(group, "Final-Recipient", pool);
        found = 1;
        bounce->failed = strcasecmp(action, "failed") == 0;
        bounce->status = field(group, "Status", pool);
        bounce->status = bounce->status != NULL ? tidy(bounce->status, pool) : NULL;
        bounce->recipient = behind_type(recipient != NULL ? recipient : field(group, "Original-Recipient", pool), pool);
        bounce->reason = behind_type(field(group, "Diagnostic-Code", pool), pool);
    }
    return found;
}

static int is_id(const char *id) {
    size_t length = strspn(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.");

    return length > 0 && length <= ID_MAX && id[length] == '\0' && *id != '.';
}

/* The left part of "<id@domain>" where the domain is ours; NULL else. */
static const char *notice_of(piece_t header, const char *from, apr_pool_t *pool) {
    const char *domain = strrchr(xca_mail_bare_address(pool, from), '@');
    char *value = field(header, "Message-ID", pool);
    char *open = value != NULL ? strchr(value, '<') : NULL, *at = open != NULL ? strchr(open, '@') : NULL;
    char *close = at != NULL ? strchr(at, '>') : NULL;

    if (close == NULL || domain == NULL) {
        return NULL;
    }
    *close = '\0';
    if (strcasecmp(at, domain) != 0) {
        return NULL;
    }
    *at = '\0';
    return is_id(open + 1) ? open + 1 : NULL;
}

static void read_part(xca_bounce_t *bounce, int *has_status, piece_t part, const char *from, apr_pool_t *pool) {
    piece_t body, header = split_header(part, &body), ignored;
    const char *type = field(header, "Content-Type", pool);

    if (!*has_status && (is_type(type, "message/delivery-status") || is_type(type, "message/global-delivery-status"))) {
        *has_status = read_status(bounce, body, pool);
    } else if (bounce->notice == NULL &&
               (is_type(type, "message/rfc822") || is_type(type, "text/rfc822-headers") ||
                is_type(type, "message/global") || is_type(type, "message/global-headers"))) {
        bounce->notice = notice_of(split_header(body, &ignored), from, pool);
    }
}

xca_error_t *xca_bounce_read(xca_bounce_t *bounce, const char *message, apr_size_t length, const char *from,
                             apr_pool_t *pool) {
    piece_t whole = {message, message + (length < XCA_BOUNCE_MAX ? length : XCA_BOUNCE_MAX)}, body;
    piece_t header = split_header(whole, &body);
    const char *type = field(header, "Content-Type", pool), *boundary;
    apr_array_header_t *parts;
    int has_status = 0, i;

    memset(bounce, 0, sizeof(*bounce));
    if (!is_type(type, "multipart/report")) {
        return xca_error_make(pool, XCA_E_INVALID, "bounce.no-report", NULL);
    }
    boundary = boundary_of(type, pool);
    if (boundary == NULL) {
        return malformed(pool, "multipart/report without a boundary");
    }
    parts = parts_of(body, boundary, pool);
    for (i = 0; i < parts->nelts; i++) {
        read_part(bounce, &has_status, APR_ARRAY_IDX(parts, i, piece_t), from, pool);
    }
    if (!has_status) {
        return malformed(pool, "no delivery status");
    }
    return bounce->notice == NULL ? xca_error_make(pool, XCA_E_INVALID, "bounce.not-ours", NULL) : NULL;
}
