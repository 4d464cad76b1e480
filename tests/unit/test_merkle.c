/* Merkle trees: the hashes that RFC 6962's authors publish for their eight leaves; and the texts of the public log. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include <apr_general.h>
#include "base/text.h"
#include "outside/crypto_merkle.h"
#include "wire/public_log.h"

static apr_pool_t *pool;

/* github.com/google/certificate-transparency, merkletree tests: leaves, and the roots over the first one, two, ... of them. */
static const char *const leaves[] = {"", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"};
static const char *const roots[] = {"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
                                    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
                                    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
                                    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
                                    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
                                    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
                                    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
                                    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
                                    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};

static void test_roots_are_those_of_the_published_vectors(void **state) {
    unsigned char hashes[8 * XCA_MERKLE_SIZE], root[XCA_MERKLE_SIZE];
    size_t i;

    for (i = 0; i < 8; i++) {
        const xca_bytes_t *leaf = *leaves[i] != '\0' ? xca_text_unhex(pool, leaves[i]) : NULL;

        xca_merkle_leaf(hashes + i * XCA_MERKLE_SIZE, leaf != NULL ? leaf->data : (const void *)"", leaf != NULL ? leaf->length : 0);
    }
    for (i = 0; i <= 8; i++) {
        xca_merkle_root(root, hashes, i);
        assert_string_equal(xca_text_hex(pool, root, sizeof(root)), roots[i]);
    }
}

#define SEAL "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define LEAF "XCA-LOG-1\nindex: 7\ntime: 20261130T022900Z\nkind: certificate-issue\ncertificate: " SEAL "\nentry: 12\nseal: " SEAL "\n"
#define HEAD "XCA-LOG-HEAD-1\nsize: 8\nroot: " SEAL "\ntime: 20261130T022900Z\nentry: 12\n"

static int reads_leaf(const char *text) {
    char storage[2048];
    xca_log_leaf_t leaf;

    return xca_log_leaf_read(&leaf, storage, text, strlen(text));
}

static int reads_head(const char *text) {
    char storage[2048];
    xca_log_head_t head;

    return xca_log_head_read(&head, storage, text, strlen(text));
}

static void test_leaves_and_heads_are_read_only_as_they_are_written(void **state) {
    assert_true(reads_leaf(LEAF));
    assert_false(reads_leaf("XCA-LOG-1\nindex: 7\n"));
    assert_false(reads_leaf(LEAF "\n"));
    assert_false(reads_leaf("XCA-LOG-1\nindex: 07\ntime: 20261130T022900Z\nkind: certificate-issue\nentry: 12\nseal: " SEAL "\n"));
    assert_false(reads_leaf(HEAD));
    assert_true(reads_head(HEAD));
    assert_false(reads_head("XCA-LOG-HEAD-1\nsize: 8\nroot: " SEAL "\nentry: 12\n"));
    assert_false(reads_head("XCA-LOG-HEAD-1\nsize: 08\nroot: " SEAL "\ntime: 20261130T022900Z\nentry: 12\n"));
    assert_false(reads_head(LEAF));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_roots_are_those_of_the_published_vectors),
        cmocka_unit_test(test_leaves_and_heads_are_read_only_as_they_are_written),
    };
    int failed;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    apr_terminate();
    return failed;
}
