/* Any bytes as the rows of a known table (the first byte chooses its header): every row comes out
 * or is told, a record has its key and place, and what is exported is imported the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <apr_general.h>
#include <apr_strings.h>
#include "operations/import.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char places[] = "zipcode,county,district\n100,臺北市,中正區\n106,臺北市,大安區\n"
                             "320,桃園市,中壢區\n300,新竹市,東區\n300,新竹市,北區\n";

static const char *const headers[] = {
    XCA_IMPORT_EXPORT_HEADER,
    "oid,dn,name,org_code,parent_path,zip,address,phone,fax,url,name_en,effective\n",
    "school_year_roc,level,school_code,name,public_private,county,zip,address,phone,url,source\n",
    "nhi_code,name,kind,address,phone\n",
    "name,business_no,county,kind_by_name\n",
    "name,registered_on,kind_by_name\n",
    "name,category,address,business_no\n",
    "name,category,county,district,address\n",
    "org_code,name\n",
    "",
};

/* Imports the export of one record and compares. */
static void round_trip(const xca_org_t *made, const xca_postal_t *postal, apr_pool_t *pool) {
    xca_org_t org = *made;
    const char *text;
    xca_import_t *import;
    const xca_import_row_t *row;
    int line;

    org.oid = org.oid != NULL ? org.oid : "2.16.886.110.100000";
    text = apr_pstrcat(pool, XCA_IMPORT_EXPORT_HEADER, xca_import_export_line(pool, &org), NULL);
    if (xca_import_open(&import, text, strlen(text), postal, pool) != NULL ||
        xca_import_next(import, &row, &line, pool) != NULL || row == NULL ||
        xca_org_differences(pool, &row->org, &org)->nelts != 0) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static apr_pool_t *root;
    static xca_postal_t *postal;
    apr_pool_t *pool, *row_pool;
    xca_import_t *import;
    const char *text, *header;
    size_t rows;

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
    header = headers[data[0] % (sizeof(headers) / sizeof(headers[0]))];
    text = apr_pstrcat(pool, header, apr_pstrmemdup(pool, (const char *)data + 1, size - 1), NULL);
    if (xca_import_open(&import, text, strlen(text), postal, pool) != NULL) {
        apr_pool_destroy(pool);
        return 0;
    }
    apr_pool_create(&row_pool, pool);
    for (rows = 0;; rows++) {
        const xca_import_row_t *row;
        int line;
        xca_error_t *err;

        apr_pool_clear(row_pool);
        err = xca_import_next(import, &row, &line, row_pool);
        if (rows > size + 1 || (err != NULL && (row != NULL || line < 1))) {
            abort();
        }
        if (err != NULL) {
            continue;
        }
        if (row == NULL) {
            break;
        }
        if ((row->org.oid == NULL) != (row->parent != NULL) ||
            (row->org.oid == NULL && row->org.source_key == NULL)) {
            abort();
        }
        round_trip(&row->org, postal, row_pool);
    }
    apr_pool_destroy(pool);
    return 0;
}
