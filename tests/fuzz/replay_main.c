/* Runs a fuzz target once over every file of the folders named on the command line, and on nothing at all. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define INPUT_MAX (4 * 1024 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay_file(const char *path) {
    FILE *file = fopen(path, "rb");
    uint8_t *whole = malloc(INPUT_MAX);
    uint8_t *exact;
    size_t length;

    if (file == NULL || whole == NULL) {
        fprintf(stderr, "cannot read %s\n", path);
        exit(1);
    }
    length = fread(whole, 1, INPUT_MAX, file);
    fclose(file);
    /* A block of the input's own size: reading behind its end is an error that ASan sees. */
    exact = malloc(length > 0 ? length : 1);
    memcpy(exact, whole, length);
    free(whole);
    LLVMFuzzerTestOneInput(exact, length);
    free(exact);
    return 1;
}

static int replay(const char *path) {
    struct stat info;
    struct dirent *entry;
    DIR *folder;
    int count = 0;

    if (stat(path, &info) != 0) {
        fprintf(stderr, "no such corpus: %s\n", path);
        exit(1);
    }
    if (S_ISREG(info.st_mode)) {
        return replay_file(path);
    }
    folder = opendir(path);
    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        char inner[4096];

        if (entry->d_name[0] != '.' &&
            snprintf(inner, sizeof(inner), "%s/%s", path, entry->d_name) < (int)sizeof(inner)) {
            count += replay(inner);
        }
    }
    if (folder != NULL) {
        closedir(folder);
    }
    return count;
}

int main(int argc, char **argv) {
    int i, count = 0;

    LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
    for (i = 1; i < argc; i++) {
        count += replay(argv[i]);
    }
    printf("%d inputs\n", count);
    return 0;
}
