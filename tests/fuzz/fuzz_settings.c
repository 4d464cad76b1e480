/* Settings files. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <apr_general.h>
#include "base/settings.h"
#include "domain/organisation.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static int started;
    apr_pool_t *pool;
    xca_settings_t *settings;
    char path[40];
    long number = 0;
    int file = memfd_create("settings", 0);

    if (!started) {
        started = apr_initialize() == APR_SUCCESS;
    }
    if (file < 0 || write(file, data, size) != (ssize_t)size) {
        abort();
    }
    snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
    apr_pool_create(&pool, NULL);
    if (xca_settings_read(&settings, path, pool) == NULL) {
        if (xca_settings_number(settings, "crl-hours", &number, 24, 1, 24, pool) == NULL && (number < 1 || number > 24)) {
            abort();
        }
        (void)xca_settings_get(settings, "seal-key-file", NULL);
        (void)xca_settings_get(settings, "", "");
    }
    close(file);
    apr_pool_destroy(pool);
    return 0;
}
