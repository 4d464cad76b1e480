#include "outside/xls_marks.h"

#include <string.h>

#define HEADER           512
#define ENTRY            128        /* bytes of a directory entry, MS-CFB 2.6.1 */
#define MINI_CUTOFF      4096       /* shorter streams stand in the mini stream  */
#define MINI_SECTOR      64
#define SECTOR_MAX       0xfffffffaU /* greater ones are marks, MS-CFB 2.1 */
#define FAT_IN_HEADER    109

#define RECORD_FORMULA   0x0006
#define RECORD_EOF       0x000a
#define RECORD_FILEPASS  0x002f
#define RECORD_SHEET     0x0085
#define RECORD_MERGED    0x00e5
#define RECORD_BOOL_ERR  0x0205
#define RECORD_BOF       0x0809

typedef struct {
    const unsigned char *data;
    apr_size_t length;
    unsigned sector; /* bytes of a sector */
    unsigned *fat;   /* the sector behind each */
    apr_size_t sectors;
    apr_pool_t *pool;
} file_t;

static unsigned get16(const unsigned char *at) {
    return at[0] | (unsigned)at[1] << 8;
}

static unsigned get32(const unsigned char *at) {
    return get16(at) | get16(at + 2) << 16;
}

static xca_error_t *damaged(const file_t *file, const char *why) {
    return xca_error_make(file->pool, XCA_E_INVALID, "sheet.damaged", "%s", why);
}

/* The bytes of a sector, NULL if the file has none of this number (the last one may be cut short: then it is none). */
static const unsigned char *sector_at(const file_t *file, unsigned number) {
    apr_size_t at = ((apr_size_t)number + 1) * file->sector;

    return number < SECTOR_MAX && at + file->sector <= file->length ? file->data + at : NULL;
}

static xca_error_t *read_fat_sector(file_t *file, unsigned number) {
    const unsigned char *at = sector_at(file, number);
    unsigned i;

    if (at == NULL) {
        return damaged(file, "sector of the FAT");
    }
    for (i = 0; i < file->sector / 4 && file->sectors < file->length / file->sector; i++) {
        file->fat[file->sectors++] = get32(at + i * 4);
    }
    return NULL;
}

static xca_error_t *read_fat(file_t *file) {
    unsigned next = get32(file->data + 68), i;
    apr_size_t steps = 0;
    xca_error_t *err = NULL;

    file->fat = apr_palloc(file->pool, (file->length / file->sector + 1) * sizeof(unsigned));
    for (i = 0; err == NULL && i < FAT_IN_HEADER; i++) {
        unsigned number = get32(file->data + 76 + i * 4);

        err = number < SECTOR_MAX ? read_fat_sector(file, number) : NULL;
    }
    while (err == NULL && next < SECTOR_MAX && steps++ < file->length / file->sector) {
        const unsigned char *at = sector_at(file, next);

        if (at == NULL) {
            return damaged(file, "list of the FAT");
        }
        for (i = 0; err == NULL && i < file->sector / 4 - 1; i++) {
            unsigned number = get32(at + i * 4);

            err = number < SECTOR_MAX ? read_fat_sector(file, number) : NULL;
        }
        next = get32(at + file->sector - 4);
    }
    return err;
}

/* A stream of whole sectors from `first` on: what is there, as far as the chain goes. */
static xca_error_t *gather(xca_bytes_t *stream, const file_t *file, unsigned first) {
    unsigned char *bytes = apr_palloc(file->pool, file->length);
    apr_size_t length = 0, steps = 0;

    for (; first < SECTOR_MAX; first = first < file->sectors ? file->fat[first] : SECTOR_MAX) {
        const unsigned char *at = sector_at(file, first);

        if (at == NULL || ++steps > file->sectors || length + file->sector > file->length) {
            return damaged(file, "chain of sectors");
        }
        memcpy(bytes + length, at, file->sector);
        length += file->sector;
    }
    stream->data = bytes;
    stream->length = length;
    return NULL;
}

static xca_error_t *gather_mini(xca_bytes_t *stream, const file_t *file, const unsigned char *root, unsigned first,
                                apr_size_t size) {
    xca_bytes_t mini, links;
    unsigned char *bytes = apr_palloc(file->pool, MINI_CUTOFF);
    apr_size_t length = 0;
    xca_error_t *err = gather(&mini, file, get32(root + 116));

    if (err == NULL) {
        err = gather(&links, file, get32(file->data + 60));
    }
    while (err == NULL && first < SECTOR_MAX && length + MINI_SECTOR <= MINI_CUTOFF) {
        if (((apr_size_t)first + 1) * MINI_SECTOR > mini.length || ((apr_size_t)first + 1) * 4 > links.length) {
            return damaged(file, "mini stream");
        }
        memcpy(bytes + length, mini.data + (apr_size_t)first * MINI_SECTOR, MINI_SECTOR);
        length += MINI_SECTOR;
        first = get32(links.data + (apr_size_t)first * 4);
    }
    stream->data = bytes;
    stream->length = length < size ? length : size;
    return err;
}

static int is_named(const unsigned char *entry, const char *name) {
    apr_size_t length = strlen(name), i;

    if (get16(entry + 64) != (length + 1) * 2) {
        return 0;
    }
    for (i = 0; i < length; i++) {
        if (get16(entry + i * 2) != (unsigned char)name[i]) {
            return 0;
        }
    }
    return 1;
}

static xca_error_t *find_workbook(xca_bytes_t *workbook, xca_xls_marks_t *marks, const file_t *file) {
    xca_bytes_t directory;
    const unsigned char *found = NULL;
    apr_size_t at, size;
    xca_error_t *err = gather(&directory, file, get32(file->data + 48));

    for (at = 0; err == NULL && at + ENTRY <= directory.length; at += ENTRY) {
        const unsigned char *entry = directory.data + at;

        if (is_named(entry, "Workbook") || (found == NULL && is_named(entry, "Book"))) {
            found = entry;
        }
        if (is_named(entry, "_VBA_PROJECT_CUR") || is_named(entry, "_VBA_PROJECT") || is_named(entry, "Macros")) {
            marks->has_macros = 1;
        }
    }
    if (err != NULL || found == NULL) {
        return err != NULL ? err : damaged(file, "no workbook in it");
    }
    size = get32(found + 120);
    if (size < MINI_CUTOFF) {
        return gather_mini(workbook, file, directory.data, get32(found + 116), size);
    }
    err = gather(workbook, file, get32(found + 116));
    if (err == NULL && size < workbook->length) {
        workbook->length = size;
    }
    return err;
}

/* ---- Records ---- */

/* One record at *at, moved behind it; 0 at the end or where it is cut short. */
static int next_record(unsigned *type, const unsigned char **body, unsigned *length, apr_size_t *at,
                       xca_bytes_t workbook) {
    if (*at + 4 > workbook.length) {
        return 0;
    }
    *type = get16(workbook.data + *at);
    *length = get16(workbook.data + *at + 2);
    *body = workbook.data + *at + 4;
    *at += 4 + *length;
    return *at <= workbook.length;
}

static xca_error_t *add_place(xca_xls_marks_t *marks, const unsigned char *body, int is_error, apr_pool_t *pool) {
    xca_xls_place_t place = {(int)get16(body), (int)get16(body + 2), is_error};

    if (marks->formulas->nelts >= XCA_XLS_MARKS_MAX) {
        return xca_error_make(pool, XCA_E_INVALID, "sheet.damaged", "too many formulas");
    }
    APR_ARRAY_PUSH(marks->formulas, xca_xls_place_t) = place;
    return NULL;
}

static xca_error_t *add_merges(xca_xls_marks_t *marks, const unsigned char *body, unsigned length, apr_pool_t *pool) {
    unsigned count = length >= 2 ? get16(body) : 0, i;

    for (i = 0; i < count && 2 + (i + 1) * 8 <= length; i++) {
        const unsigned char *at = body + 2 + i * 8;
        xca_xls_merge_t merge = {(int)get16(at), (int)get16(at + 2), (int)get16(at + 4), (int)get16(at + 6)};

        if (marks->merges->nelts >= XCA_XLS_MARKS_MAX) {
            return xca_error_make(pool, XCA_E_INVALID, "sheet.damaged", "too many merged cells");
        }
        APR_ARRAY_PUSH(marks->merges, xca_xls_merge_t) = merge;
    }
    return NULL;
}

/* The table's records, from its BOF to the EOF that ends it; charts inside have BOF and EOF of their own. */
static xca_error_t *read_table(xca_xls_marks_t *marks, xca_bytes_t workbook, apr_size_t at, apr_pool_t *pool) {
    unsigned type, length;
    const unsigned char *body;
    int depth = 0;
    xca_error_t *err = NULL;

    while (err == NULL && next_record(&type, &body, &length, &at, workbook)) {
        if (type == RECORD_BOF) {
            depth++;
        } else if (type == RECORD_EOF) {
            if (--depth <= 0) {
                break;
            }
        } else if ((type == RECORD_FORMULA || type == 0x0206 || type == 0x0406) && length >= 4) {
            err = add_place(marks, body, 0, pool);
        } else if (type == RECORD_BOOL_ERR && length >= 8 && body[7] != 0) {
            err = add_place(marks, body, 1, pool);
        } else if (type == RECORD_MERGED) {
            err = add_merges(marks, body, length, pool);
        }
    }
    return err;
}

xca_error_t *xca_xls_marks_read(xca_xls_marks_t *marks, const void *data, apr_size_t length, int sheet,
                                apr_pool_t *pool) {
    file_t file = {data, length, 512, NULL, 0, pool};
    xca_bytes_t workbook = {NULL, 0};
    apr_size_t at = 0;
    unsigned type, size, shift;
    const unsigned char *body;
    int seen = 0;
    xca_error_t *err;

    memset(marks, 0, sizeof(*marks));
    marks->formulas = apr_array_make(pool, 4, sizeof(xca_xls_place_t));
    marks->merges = apr_array_make(pool, 4, sizeof(xca_xls_merge_t));
    if (length < HEADER) {
        return damaged(&file, "shorter than its header");
    }
    shift = get16(file.data + 30);
    if (shift != 9 && shift != 12) {
        return damaged(&file, "size of a sector");
    }
    file.sector = 1u << shift;
    err = read_fat(&file);
    if (err == NULL) {
        err = find_workbook(&workbook, marks, &file);
    }
    while (err == NULL && next_record(&type, &body, &size, &at, workbook)) {
        if (type == RECORD_FILEPASS) {
            marks->is_encrypted = 1;
            return NULL;
        }
        if (type == RECORD_EOF) {
            break;
        }
        if (type == RECORD_SHEET && size >= 4 && seen++ == sheet) {
            return read_table(marks, workbook, get32(body), pool);
        }
    }
    return err != NULL ? err : damaged(&file, "no such table");
}
