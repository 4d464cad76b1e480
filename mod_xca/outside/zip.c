#include "outside/zip.h"

#include <string.h>
#include <apr_strings.h>
#include <zip.h>

struct xca_zip {
    zip_t *handle;
    apr_size_t unpacked;
    apr_pool_t *pool;
};

struct xca_zip_entry {
    xca_zip_t *zip;
    zip_file_t *file;
    apr_pool_t *pool;
};

static xca_error_t *damaged(apr_pool_t *pool, const char *why) {
    return xca_error_make(pool, XCA_E_INVALID, "sheet.damaged", "%s", why);
}

static apr_status_t discard(void *data) {
    xca_zip_t *zip = data;

    zip_discard(zip->handle);
    return APR_SUCCESS;
}

xca_error_t *xca_zip_open(xca_zip_t **zip, const void *data, apr_size_t length, apr_pool_t *pool) {
    xca_zip_t *opened = apr_pcalloc(pool, sizeof(*opened));
    zip_error_t error;
    zip_source_t *source;

    zip_error_init(&error);
    source = zip_source_buffer_create(data, length, 0, &error);
    if (source != NULL) {
        opened->handle = zip_open_from_source(source, ZIP_RDONLY, &error);
    }
    if (opened->handle == NULL) {
        const char *why = apr_pstrdup(pool, zip_error_strerror(&error));

        if (source != NULL) {
            zip_source_free(source);
        }
        zip_error_fini(&error);
        return damaged(pool, why);
    }
    zip_error_fini(&error);
    opened->pool = pool;
    apr_pool_cleanup_register(pool, opened, discard, apr_pool_cleanup_null);
    if (zip_get_num_entries(opened->handle, 0) > XCA_ZIP_ENTRIES_MAX) {
        return xca_error_make(pool, XCA_E_TOO_LARGE, "sheet.unpacks", "too many entries");
    }
    *zip = opened;
    return NULL;
}

int xca_zip_count(const xca_zip_t *zip) {
    return (int)zip_get_num_entries(zip->handle, 0);
}

const char *xca_zip_name(const xca_zip_t *zip, int index) {
    const char *name = zip_get_name(zip->handle, (zip_uint64_t)index, ZIP_FL_ENC_RAW);

    return name != NULL ? name : "";
}

int xca_zip_has(const xca_zip_t *zip, const char *name) {
    return zip_name_locate(zip->handle, name, 0) >= 0;
}

static apr_status_t close_entry(void *data) {
    zip_fclose(data);
    return APR_SUCCESS;
}

xca_error_t *xca_zip_entry_open(xca_zip_entry_t **entry, xca_zip_t *zip, const char *name,
                                apr_pool_t *pool) {
    xca_zip_entry_t *opened = apr_pcalloc(pool, sizeof(*opened));
    zip_stat_t stat;

    zip_stat_init(&stat);
    if (zip_stat(zip->handle, name, 0, &stat) != 0) {
        return damaged(pool, apr_pstrcat(pool, "no entry ", name, NULL));
    }
    if ((stat.valid & ZIP_STAT_ENCRYPTION_METHOD) != 0 && stat.encryption_method != ZIP_EM_NONE) {
        return xca_error_make(pool, XCA_E_INVALID, "sheet.encrypted", NULL);
    }
    opened->file = zip_fopen(zip->handle, name, 0);
    if (opened->file == NULL) {
        return damaged(pool, apr_pstrdup(pool, zip_strerror(zip->handle)));
    }
    apr_pool_cleanup_register(pool, opened->file, close_entry, apr_pool_cleanup_null);
    opened->zip = zip;
    opened->pool = pool;
    *entry = opened;
    return NULL;
}

xca_error_t *xca_zip_entry_read(apr_size_t *got, xca_zip_entry_t *entry, char *buffer, apr_size_t size) {
    zip_int64_t count = zip_fread(entry->file, buffer, size);

    *got = 0;
    if (count < 0) {
        return damaged(entry->pool, apr_pstrdup(entry->pool, zip_file_strerror(entry->file)));
    }
    entry->zip->unpacked += (apr_size_t)count;
    if (entry->zip->unpacked > XCA_ZIP_UNPACK_MAX) {
        return xca_error_make(entry->pool, XCA_E_TOO_LARGE, "sheet.unpacks", NULL);
    }
    *got = (apr_size_t)count;
    return NULL;
}

/* ---- Making ---- */

static int add_part(zip_t *archive, const xca_zip_part_t *part) {
    zip_source_t *source = zip_source_buffer(archive, part->text, strlen(part->text), 0);
    zip_int64_t index;

    if (source == NULL) {
        return 0;
    }
    index = zip_file_add(archive, part->name, source, ZIP_FL_ENC_UTF_8);
    if (index < 0) {
        zip_source_free(source);
        return 0;
    }
    return zip_set_file_compression(archive, (zip_uint64_t)index,
                                    part->stored ? ZIP_CM_STORE : ZIP_CM_DEFLATE, 0) == 0 &&
           zip_file_set_dostime(archive, (zip_uint64_t)index, 0, (1 << 5) | 1, 0) == 0;
}

static int take_bytes(xca_bytes_t *archive, zip_source_t *source, apr_pool_t *pool) {
    zip_int64_t length;
    unsigned char *data;
    int whole;

    if (zip_source_open(source) != 0) {
        return 0;
    }
    zip_source_seek(source, 0, SEEK_END);
    length = zip_source_tell(source);
    zip_source_seek(source, 0, SEEK_SET);
    data = apr_palloc(pool, length > 0 ? (apr_size_t)length : 1);
    whole = length > 0 && zip_source_read(source, data, (zip_uint64_t)length) == length;
    zip_source_close(source);
    archive->data = data;
    archive->length = whole ? (apr_size_t)length : 0;
    return whole;
}

xca_error_t *xca_zip_make(xca_bytes_t *archive, const xca_zip_part_t *parts, int count, apr_pool_t *pool) {
    zip_error_t error;
    zip_source_t *target;
    zip_t *made = NULL;
    int i, right;

    zip_error_init(&error);
    target = zip_source_buffer_create(NULL, 0, 0, &error);
    if (target != NULL) {
        zip_source_keep(target); /* it outlives the archive that is written into it */
        made = zip_open_from_source(target, ZIP_TRUNCATE, &error);
    }
    right = made != NULL;
    for (i = 0; right && i < count; i++) {
        right = add_part(made, &parts[i]);
    }
    if (right) {
        right = zip_close(made) == 0;
    }
    if (made != NULL && !right) {
        zip_discard(made);
    }
    right = right && take_bytes(archive, target, pool);
    if (target != NULL) {
        zip_source_free(target);
    }
    zip_error_fini(&error);
    return right ? NULL : xca_error_make(pool, XCA_E_INTERNAL, "sheet.unwritable", NULL);
}
