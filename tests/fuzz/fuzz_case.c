/* Any bytes as what an applicant filled in: a field a line, the first three bytes choose kind,
 * class and use. Checked once or twice gives the same, and different contents have different
 * canonical texts. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <apr_general.h>
#include <apr_strings.h>
#include "domain/case.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char places[] = "zipcode,county,district\n100,臺北市,中正區\n106,臺北市,大安區\n"
                             "320,桃園市,中壢區\n300,新竹市,東區\n300,新竹市,北區\n";

static void fill_in(xca_case_t *kase, char *text) {
    const xca_case_field_t *field;

    for (field = xca_case_fields; field->name != NULL && text != NULL; field++) {
        char *next = strchr(text, '\n');

        if (next != NULL) {
            *next++ = '\0';
        }
        xca_case_set(kase, field, text);
        text = next;
    }
}

/* Non-zero if two cases have the same content, NULL and "" being one. */
static int same_content(const xca_case_t *a, const xca_case_t *b) {
    const xca_case_field_t *field;

    for (field = xca_case_fields; field->name != NULL; field++) {
        const char *x = xca_case_get(a, field), *y = xca_case_get(b, field);

        if (strcmp(x != NULL ? x : "", y != NULL ? y : "") != 0) {
            return 0;
        }
    }
    return 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static apr_pool_t *root;
    static xca_postal_t *postal;
    apr_pool_t *pool;
    xca_case_t kase = {0}, before;
    xca_error_t *errors, *err;
    const char *canonical;

    if (root == NULL) {
        apr_initialize();
        apr_pool_create(&root, NULL);
        if (xca_postal_make(&postal, places, strlen(places), root) != NULL) {
            abort();
        }
    }
    if (size < 3) {
        return 0;
    }
    apr_pool_create(&pool, root);
    kase.kind = (xca_case_kind)(data[0] % XCA_CASE_KIND_COUNT);
    kase.class = (xca_class)(data[1] % XCA_CLASS_COUNT);
    kase.use = (xca_use)(data[2] % (XCA_USE_COUNT + 1));
    fill_in(&kase, apr_pstrmemdup(pool, (const char *)data + 3, size - 3));
    before = kase;
    canonical = xca_case_canonical(pool, &kase);
    errors = xca_case_check(&kase, postal, pool);
    for (err = errors; err != NULL; err = err->next) {
        if (err->field == NULL || err->kind != XCA_E_INVALID) {
            abort();
        }
    }
    if (!same_content(&before, &kase) == !strcmp(canonical, xca_case_canonical(pool, &kase))) {
        abort();
    }
    before = kase;
    if ((xca_case_check(&kase, postal, pool) == NULL) != (errors == NULL) ||
        !same_content(&before, &kase)) {
        abort();
    }
    apr_pool_destroy(pool);
    return 0;
}
