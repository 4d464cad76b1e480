/* Texts of officers: whatever they are, the HTML has no elements but ours, every one closed, and no address that may not be. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <apr_general.h>
#include <apr_strings.h>
#include "base/text.h"
#include "portal/html.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const names[] = {"p",  "ul", "ol", "li", "blockquote", "pre", "code", "em", "strong",
                                    "a",  "h2", "h3", "h4", "h5",         "h6",  "br",   "hr", NULL};

static int is_ours(const char *name, size_t length) {
    int i;

    for (i = 0; names[i] != NULL; i++) {
        if (strlen(names[i]) == length && strncmp(names[i], name, length) == 0) {
            return 1;
        }
    }
    return 0;
}

/* Each '<' begins an element of ours, with no attribute but href of <a> and start of <ol>. */
static void check_html(const char *html) {
    int open = 0;

    while ((html = strchr(html, '<')) != NULL) {
        int closes = html[1] == '/';
        const char *name = html + 1 + closes;
        size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789");
        const char *rest = name + length;
        int is_void = strncmp(name, "br", length) == 0 || strncmp(name, "hr", length) == 0;

        if (!is_ours(name, length) || (*rest != '>' && (closes || (strncmp(rest, " href=\"", 7) != 0 && strncmp(rest, " start=\"", 8) != 0)))) {
            abort();
        }
        open += is_void ? 0 : closes ? -1 : 1;
        if (strncmp(rest, " href=\"", 7) == 0) {
            rest += 7;
            if (strncmp(rest, "https://", 8) != 0 && strncmp(rest, "http://", 7) != 0 && strncmp(rest, "mailto:", 7) != 0 && *rest != '#' &&
                (*rest != '/' || rest[1] == '/')) {
                abort();
            }
        }
        html = name;
    }
    if (open != 0) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static int started;
    apr_pool_t *pool;
    const xca_markup_t *document;
    const char *text;

    if (!started) {
        started = apr_initialize() == APR_SUCCESS;
    }
    apr_pool_create(&pool, NULL);
    text = apr_pstrmemdup(pool, (const char *)data, size);
    if (xca_markup_parse(&document, text, size, pool) == NULL) {
        const char *plain = xca_markup_plain(document, pool);

        check_html(xca_html_markup_text(document, pool));
        if (!xca_text_valid(plain, strlen(plain), 1)) {
            abort();
        }
        if ((xca_markup_check(text, "body", pool) == NULL) != (document->refused == NULL)) {
            abort();
        }
    }
    apr_pool_destroy(pool);
    return 0;
}
