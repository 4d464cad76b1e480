#include "domain/content.h"

#include <string.h>
#include <apr_hash.h>
#include <apr_strings.h>
#include "base/text.h"
#include "domain/calendar.h"
#include "domain/names.h"

#define ID_MAX    60
#define WORDS_MAX 6
#define WINDOW    200 /* code points that xca_name_grams() takes at once */

static const char *const kinds[] = {"news", "faq", "use", "fee"};
static const char *const states[] = {"draft", "published", "withdrawn"};

const char *const xca_faq_categories[] = {"about",      "application", "cards", "pin",  "codes",
                                          "revocation", "mail",        "tools", "fees", NULL};

const char *xca_content_kind_id(xca_content_kind kind) {
    return kinds[kind];
}

xca_content_kind xca_content_kind_by_id(const char *id) {
    int kind = 0;

    while (kind < XCA_CONTENT_KINDS && (id == NULL || strcmp(kinds[kind], id) != 0)) {
        kind++;
    }
    return (xca_content_kind)kind;
}

const char *xca_content_state_id(xca_content_state state) {
    return states[state];
}

xca_content_state xca_content_state_by_id(const char *id) {
    int state = 0;

    while (state < XCA_CONTENT_STATES && (id == NULL || strcmp(states[state], id) != 0)) {
        state++;
    }
    return (xca_content_state)state;
}

static xca_error_t *check_id(const char *id, apr_pool_t *pool) {
    apr_size_t length = id != NULL ? strlen(id) : 0;

    if (length == 0 || length > ID_MAX || strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789-") != length || id[0] == '-') {
        return xca_error_field(pool, "id", "content.id", id);
    }
    return NULL;
}

static xca_error_t *check_text(const char *text, const char *field, int may_be_missing, int is_body, apr_pool_t *pool) {
    if (text == NULL || *text == '\0') {
        return may_be_missing ? NULL : xca_error_field(pool, field, "field.required", NULL);
    }
    if (!xca_text_valid(text, strlen(text), is_body)) {
        return xca_error_field(pool, field, "field.characters", NULL);
    }
    if (is_body ? strlen(text) > XCA_CONTENT_BODY_MAX : xca_text_length(text) > XCA_CONTENT_TITLE_MAX) {
        return xca_error_field(pool, field, "field.too-long",
                               apr_itoa(pool, is_body ? XCA_CONTENT_BODY_MAX : XCA_CONTENT_TITLE_MAX));
    }
    return NULL;
}

static int is_category(const char *category) {
    int i;

    for (i = 0; category != NULL && xca_faq_categories[i] != NULL; i++) {
        if (strcmp(xca_faq_categories[i], category) == 0) {
            return 1;
        }
    }
    return 0;
}

xca_error_t *xca_content_check(const xca_content_t *content, apr_pool_t *pool) {
    int is_draft = content->state == XCA_CONTENT_DRAFT;
    xca_error_t *err = check_id(content->id, pool);

    err = xca_error_append(err, check_text(content->title[0], "title_zh", is_draft, 0, pool));
    err = xca_error_append(err, check_text(content->title[1], "title_en", is_draft, 0, pool));
    err = xca_error_append(err, check_text(content->body[0], "body_zh", is_draft, 1, pool));
    err = xca_error_append(err, check_text(content->body[1], "body_en", is_draft, 1, pool));
    if (content->kind == XCA_CONTENT_FAQ && !is_category(content->category)) {
        err = xca_error_append(err, xca_error_field(pool, "category", "field.choose", NULL));
    }
    if (content->kind == XCA_CONTENT_NEWS && content->dated <= 0) {
        err = xca_error_append(err, xca_error_field(pool, "dated", "field.required", NULL));
    }
    return err;
}

int xca_content_year(apr_time_t dated) {
    apr_time_exp_t parts;

    return apr_time_exp_tz(&parts, dated, 8 * 3600) == APR_SUCCESS ? parts.tm_year + 1900 : 0;
}

int xca_content_is_scheduled(const xca_content_t *content, apr_time_t now) {
    return content->state == XCA_CONTENT_PUBLISHED && content->kind == XCA_CONTENT_NEWS &&
           xca_day_of(content->dated) > xca_day_of(now);
}

/* The byte behind `count` code points of `text`. */
static const char *behind(const char *text, const char *end, int count) {
    while (text < end && count-- > 0) {
        xca_text_next(&text, end);
    }
    return text;
}

apr_array_header_t *xca_text_grams(apr_pool_t *pool, const char *text) {
    const char *folded = xca_name_fold(pool, text);
    const char *end = folded + strlen(folded);
    apr_array_header_t *all = apr_array_make(pool, 256, sizeof(char *));
    apr_hash_t *known = apr_hash_make(pool);

    while (folded < end) {
        const char *stop = behind(folded, end, WINDOW);
        apr_array_header_t *grams = xca_name_grams(pool, apr_pstrmemdup(pool, folded, (apr_size_t)(stop - folded)));
        int i;

        for (i = 0; i < grams->nelts && all->nelts < XCA_GRAMS_MAX; i++) {
            char *gram = APR_ARRAY_IDX(grams, i, char *);

            if (apr_hash_get(known, gram, APR_HASH_KEY_STRING) == NULL) {
                apr_hash_set(known, gram, APR_HASH_KEY_STRING, gram);
                APR_ARRAY_PUSH(all, char *) = gram;
            }
        }
        /* The next window begins with the last character of this one: no pair is lost between them. */
        folded = stop < end ? behind(folded, end, WINDOW - 1) : stop;
    }
    return all;
}

apr_array_header_t *xca_search_words(apr_pool_t *pool, const char *typed) {
    apr_array_header_t *words = apr_array_make(pool, WORDS_MAX, sizeof(char *));
    char *rest = xca_text_trim(pool, typed);
    char *word, *state;

    for (word = apr_strtok(rest, " ", &state); word != NULL && words->nelts < WORDS_MAX;
         word = apr_strtok(NULL, " ", &state)) {
        char *folded = xca_name_fold(pool, word);

        *(char *)behind(folded, folded + strlen(folded), XCA_KEYWORD_MAX) = '\0';
        if (*folded != '\0') {
            APR_ARRAY_PUSH(words, char *) = folded;
        }
    }
    return words;
}

int xca_text_has_words(apr_pool_t *pool, const char *text, const apr_array_header_t *words) {
    const char *folded = xca_name_fold(pool, text);
    int i;

    for (i = 0; i < words->nelts; i++) {
        if (strstr(folded, APR_ARRAY_IDX(words, i, const char *)) == NULL) {
            return 0;
        }
    }
    return 1;
}
