/* Any bytes as rows of a change sheet: those kept in the directory come back the same from what is written of them; those of a
 * file each have a verdict, and the right ones can be kept and signed. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <apr_general.h>
#include <apr_strings.h>
#include "operations/xds.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char places[] = "zipcode,county,district\n100,臺北市,中正區\n106,臺北市,大安區\n320,桃園市,中壢區\n";

static const char headings[] = "異動形式,機關代碼,統一編號,全稱,郵遞區號,地址,電話,傳真,E-mail,原組織(團體)全稱,連絡人,連絡人 Email,主管機關\n";

/* Written and read again, and written: the same text. */
static void round_trip(const apr_array_header_t *rows, apr_pool_t *pool) {
    const char *text = xca_xds_write(pool, rows);
    apr_array_header_t *again;

    if (xca_xds_read(&again, text, strlen(text), pool) != NULL || again->nelts != rows->nelts ||
        strcmp(xca_xds_write(pool, again), text) != 0) {
        abort();
    }
}

static void kept(const char *text, size_t length, apr_pool_t *pool) {
    apr_array_header_t *rows;

    if (xca_xds_read(&rows, text, length, pool) == NULL) {
        round_trip(rows, pool);
    }
}

static void handed_in(const char *text, const xca_postal_t *postal, apr_pool_t *pool) {
    xca_xds_preview_t *preview;
    apr_array_header_t *rows;
    int i, right = 0;

    if (xca_xds_open(&preview, text, strlen(text), NULL, postal, pool) != NULL) {
        return;
    }
    rows = apr_array_make(pool, preview->lines->nelts + 1, sizeof(xca_xds_row_t));
    for (i = 0; i < preview->lines->nelts; i++) {
        const xca_xds_line_t *line = &APR_ARRAY_IDX(preview->lines, i, xca_xds_line_t);
        const xca_error_t *err;

        for (err = line->wrong; err != NULL; err = err->next) {
            if (err->field != NULL && xca_xds_column_by_id(err->field) == XCA_XDS_COLUMN_COUNT) {
                abort();
            }
        }
        if (line->wrong == NULL) {
            right++;
            APR_ARRAY_PUSH(rows, xca_xds_row_t) = line->row;
            (void)xca_xds_apply(&line->row, NULL, postal, pool);
        }
    }
    if (right != preview->right || preview->right + preview->wrong != preview->lines->nelts) {
        abort();
    }
    round_trip(rows, pool);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static apr_pool_t *root;
    static xca_postal_t *postal;
    apr_pool_t *pool;
    const char *text;

    if (root == NULL) {
        apr_initialize();
        apr_pool_create(&root, NULL);
        if (xca_postal_make(&postal, places, strlen(places), root) != NULL) {
            abort();
        }
    }
    if (size == 0) {
        return 0;
    }
    apr_pool_create(&pool, root);
    text = apr_pstrmemdup(pool, (const char *)data + 1, size - 1);
    if (data[0] % 3 == 0) {
        kept(text, size - 1, pool);
    } else {
        handed_in(data[0] % 3 == 1 ? apr_pstrcat(pool, headings, text, NULL) : text, postal, pool);
    }
    apr_pool_destroy(pool);
    return 0;
}
