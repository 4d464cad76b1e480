/* An organisation: the arc of the OID tree that it is. */
#ifndef XCA_DOMAIN_ORGANISATION_H
#define XCA_DOMAIN_ORGANISATION_H

#include <apr_tables.h>
#include "base/settings.h"

/* Organisation classes 憑證種類; XCA_CLASS_NONE for arcs that are no organisation of ours
 * (registration arcs, counties, government agencies). */
typedef enum {
    XCA_CLASS_NONE,
    XCA_CLASS_SCHOOL,
    XCA_CLASS_FOUNDATION,
    XCA_CLASS_ASSOCIATION,
    XCA_CLASS_ADMINISTRATIVE,
    XCA_CLASS_PROFESSIONAL,
    XCA_CLASS_OTHER,
    XCA_CLASS_COUNT
} xca_class;

typedef struct xca_class_info {
    const char *id;           /* in the directory and in forms: "school" ...               */
    const char *arc;          /* the class's arc under 2.16.886: "111"; profile.md "Codes" */
    const char *subject_type; /* default of its subject type OID; profile.md "Names"       */
    int card_less;            /* may have certificates without a card (非IC卡類)            */
} xca_class_info_t;

const xca_class_info_t *xca_class_get(xca_class class);

/* Takes "class.<id>.arc" and "class.<id>.subject-type" from the settings in place of the defaults. Called
 * once at start, before threads; the settings must stay as long as the program runs.
 * Error: "settings.oid" (arg: the name). */
xca_error_t *xca_classes_configure(const xca_settings_t *settings, apr_pool_t *pool) XCA_MUST_USE;

/* The class with this id, XCA_CLASS_NONE if there is none. */
xca_class xca_class_by_id(const char *id);

/* Guesses from a full name (財團法人..., 社團法人..., ...事務所, ...藥局, ...學校, ...國小):
 * XCA_CLASS_OTHER where nothing tells. */
xca_class xca_class_by_name(const char *name);

typedef enum {
    XCA_ORG_ACTIVE,
    XCA_ORG_ABOLISHED, /* 裁撤 */
    XCA_ORG_UNIT,      /* may not apply by itself; `note` tells why */
    XCA_ORG_STATE_COUNT
} xca_org_state;

const char *xca_org_state_id(xca_org_state state); /* "active", "abolished", "unit" */
xca_org_state xca_org_state_by_id(const char *id); /* XCA_ORG_STATE_COUNT if unknown */

typedef struct xca_org {
    const char *oid;         /* dotted, "2.16.886.104.100008"                       */
    const char *name;        /* full name; of a registration arc its description    */
    const char *name_en;     /* or NULL                                             */
    xca_class class;
    xca_org_state state;
    const char *ubn;         /* unified business number, 8 digits, or NULL          */
    const char *school_code; /* 機關代碼 or NULL                                      */
    const char *source_key;  /* key of the row it was imported from ("nhi:5931..."), or NULL */
    const char *county;      /* for the subject's L, or NULL for national bodies    */
    const char *district;    /* township, or NULL                                   */
    const char *zip, *address, *phone, *fax, *url;
    const char *email;       /* representative address (private), or NULL           */
    const char *authority;   /* competent authority (主管機關) by its full name, where a change sheet has told it, or NULL */
    const char *note;
    apr_time_t banned_from;  /* letter date of a revocation that bars new applications, or 0 */
    int has_children;        /* set by reads of the tree                            */
    int searchable;          /* so is this: the directory has what it is found by   */
    apr_time_t modified;
} xca_org_t;

/* Where two records differ, as names of fields, array of const char *; empty if they are equal in
 * all that an import sets. */
apr_array_header_t *xca_org_differences(apr_pool_t *pool, const xca_org_t *a, const xca_org_t *b);

#endif
