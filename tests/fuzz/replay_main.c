/* Runs a fuzz target over files: each argument is a file, or a folder whose files are all taken, in
 * folders below too. For machines without libFuzzer, and for every run of the tests. */
#include <ftw.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned long replayed;

static int replay(const char *path, const struct stat *status, int kind, struct FTW *where) {
    FILE *file = kind == FTW_F ? fopen(path, "rb") : NULL;
    size_t size = (size_t)status->st_size;
    uint8_t *data;

    if (kind != FTW_F) {
        return 0;
    }
    data = malloc(size > 0 ? size : 1); /* exactly as long as the file: a reader beyond is seen */
    if (file == NULL || data == NULL || fread(data, 1, size, file) != size) {
        perror(path);
        return 1;
    }
    fclose(file);
    LLVMFuzzerTestOneInput(data, size);
    free(data);
    replayed++;
    return 0;
}

int main(int count, char **paths) {
    int i;

    for (i = 1; i < count; i++) {
        if (nftw(paths[i], replay, 16, FTW_PHYS) != 0) {
            fprintf(stderr, "%s: cannot be replayed\n", paths[i]);
            return 1;
        }
    }
    printf("%s: %lu files\n", paths[0], replayed);
    return replayed > 0 ? 0 : 1;
}
