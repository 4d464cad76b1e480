/* Inside outside/ldap*.c only: what xca_changes_t is made of. */
#ifndef XCA_OUTSIDE_LDAP_CHANGES_H
#define XCA_OUTSIDE_LDAP_CHANGES_H

#include "outside/ldap.h"

typedef struct xca_change {
    xca_change_op op;
    const char *name;
    int count;
    xca_bytes_t *values;
} xca_change_t;

struct xca_changes {
    apr_pool_t *pool;
    apr_array_header_t *list; /* xca_change_t */
};

#endif
