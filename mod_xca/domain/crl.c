#include "domain/crl.h"

#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>

#define SERIAL_BYTES 16
#define FIRST        0x4000 /* the leading two bytes of the smallest serial: xca_signer_new_serial() */
#define RANGE        0x4000

int xca_crl_part(const unsigned char *serial, apr_size_t length, int parts) {
    int leading;

    if (length != SERIAL_BYTES || parts < 1 || parts > XCA_CRL_PARTITIONS_MAX) {
        return -1;
    }
    leading = (serial[0] << 8 | serial[1]) - FIRST;
    return leading >= 0 && leading < RANGE ? leading * parts / RANGE : -1;
}

int xca_crl_part_begins(int part, int parts) {
    return FIRST + (part * RANGE + parts - 1) / parts;
}

const char *xca_crl_scope_name(const xca_crl_scope_t *scope, apr_pool_t *pool) {
    const char *name = scope->kind == XCA_CRL_FULL   ? "full"
                       : scope->kind == XCA_CRL_REST ? "rest"
                                                     : apr_psprintf(pool, "%d-%d", scope->parts, scope->part);

    return scope->generation > 0 ? apr_psprintf(pool, "g%d-%s", scope->generation, name) : name;
}

/* A number without sign, blanks or leading zeros; -1 if it is none. */
static int take_number(const char **at) {
    const char *start = *at;
    int number = 0;

    for (; **at >= '0' && **at <= '9'; (*at)++) {
        if (number > XCA_CRL_PARTITIONS_MAX) {
            return -1;
        }
        number = number * 10 + (**at - '0');
    }
    return *at == start || (*start == '0' && *at - start > 1) ? -1 : number;
}

/* "g1-" of the second key's lists; 0 if it is written otherwise. */
static int take_generation(int *generation, const char **name) {
    *generation = 0;
    if (**name != 'g') {
        return 1;
    }
    (*name)++;
    *generation = take_number(name);
    if (*generation < 1 || *generation >= XCA_GENERATIONS_MAX || **name != '-') {
        return 0;
    }
    (*name)++;
    return 1;
}

int xca_crl_scope_parse(xca_crl_scope_t *scope, const char *name) {
    scope->parts = scope->part = 0;
    if (!take_generation(&scope->generation, &name)) {
        return 0;
    }
    if (strcmp(name, "full") == 0 || strcmp(name, "rest") == 0) {
        scope->kind = *name == 'f' ? XCA_CRL_FULL : XCA_CRL_REST;
        return 1;
    }
    scope->kind = XCA_CRL_PARTITION;
    scope->parts = take_number(&name);
    if (*name != '-') {
        return 0;
    }
    name++;
    scope->part = take_number(&name);
    return *name == '\0' && scope->parts >= 1 && scope->parts <= XCA_CRL_PARTITIONS_MAX && scope->part >= 0 &&
           scope->part < scope->parts;
}

const char *xca_crl_url(const char *crl_url, const xca_crl_scope_t *scope, int delta, apr_pool_t *pool) {
    const char *slash = strrchr(crl_url, '/');
    int folder = slash != NULL ? (int)(slash - crl_url) + 1 : 0;

    if (scope->kind == XCA_CRL_REST && !delta) {
        return scope->generation == 0 ? crl_url : apr_psprintf(pool, "%.*scrl/g%d.crl", folder, crl_url, scope->generation);
    }
    return apr_psprintf(pool, "%.*scrl/%s%s.crl", folder, crl_url, xca_crl_scope_name(scope, pool), delta ? "-delta" : "");
}
