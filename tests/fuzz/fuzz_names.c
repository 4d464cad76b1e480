/* Any bytes as a name, an address, a code, a time: folding is stable and valid, a part of a name
 * asks for nothing that the name does not have, and no checker reads past the end. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <apr_general.h>
#include <apr_hash.h>
#include <apr_strings.h>
#include "base/text.h"
#include "domain/calendar.h"
#include "domain/codes.h"
#include "domain/names.h"
#include "domain/organisation.h"
#include "domain/postal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char places[] = "zipcode,county,district\n100,臺北市,中正區\n106,臺北市,大安區\n"
                             "320,桃園市,中壢區\n300,新竹市,東區\n300,新竹市,北區\n";

static void fold(const char *name, apr_pool_t *pool) {
    const char *folded = xca_name_fold(pool, name);
    apr_array_header_t *grams = xca_name_grams(pool, folded);
    apr_hash_t *has = apr_hash_make(pool);
    const char *end = folded + strlen(folded), *part = folded;
    apr_array_header_t *asked;
    int i;

    if (strcmp(xca_name_fold(pool, folded), folded) != 0 ||
        !xca_text_valid(folded, strlen(folded), 0) || grams->nelts > 399) {
        abort();
    }
    for (i = 0; i < grams->nelts; i++) {
        apr_hash_set(has, APR_ARRAY_IDX(grams, i, char *), APR_HASH_KEY_STRING, "");
    }
    if (xca_text_length(folded) > 200) {
        return;
    }
    for (i = 0; i < 3 && part < end; i++) { /* a part of the name as the keyword */
        xca_text_next(&part, end);
    }
    asked = xca_keyword_grams(pool, part);
    for (i = 0; i < asked->nelts; i++) {
        if (apr_hash_get(has, APR_ARRAY_IDX(asked, i, char *), APR_HASH_KEY_STRING) == NULL) {
            abort();
        }
    }
}

static void check_codes(const char *typed, apr_pool_t *pool) {
    const char *serial, *card;
    xca_error_t *errors = NULL;
    apr_time_t when = xca_date_parse_ldap(typed);

    errors = xca_error_append(errors, xca_ubn_check(typed, "f", pool));
    errors = xca_error_append(errors, xca_school_code_check(typed, "f", pool));
    errors = xca_error_append(errors, xca_oid_check(typed, "2.16.886", "f", pool));
    errors = xca_error_append(errors, xca_case_number_check(typed, "f", pool));
    errors = xca_error_append(errors, xca_card_number_parse(&card, typed, "f", pool));
    errors = xca_error_append(errors, xca_serial_parse(&serial, typed, "f", pool));
    errors = xca_error_append(errors, xca_email_check(typed, "f", pool));
    errors = xca_error_append(errors, xca_phone_check(typed, "f", pool));
    errors = xca_error_append(errors, xca_line_check(typed, 1, 20, "f", pool));
    if (errors == NULL) { /* nothing is all of these */
        abort();
    }
    if (when != 0 &&
        xca_date_parse_ldap(xca_date_format(pool, when, XCA_DATE_LDAP)) !=
            when - when % APR_USEC_PER_SEC &&
        when > 0) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static apr_pool_t *root;
    static xca_postal_t *postal;
    apr_pool_t *pool;
    const char *text;
    const xca_district_t *place;

    if (root == NULL) {
        apr_initialize();
        apr_pool_create(&root, NULL);
        if (xca_postal_make(&postal, places, strlen(places), root) != NULL) {
            abort();
        }
    }
    apr_pool_create(&pool, root);
    text = apr_pstrmemdup(pool, (const char *)data, size);
    fold(text, pool);
    check_codes(text, pool);
    place = xca_postal_of_address(postal, text, NULL, pool);
    if (place != NULL && xca_postal_find(postal, place->county, place->district) != place) {
        abort();
    }
    xca_class_by_name(text);
    apr_pool_destroy(pool);
    return 0;
}
