/* ou=oid: class xcaArcEntry.
 *   xcaArc (RDN), xcaOid, xcaOrgClass, xcaOrgState and the texts of org_fields below
 *   xcaNameKey, xcaNameGram   of organisations and agencies: the folded name, its singles and pairs (domain/names.h), and its
 *                             first single and pair behind a ^, which no folded name has in it
 *   xcaArcBlock               directory/arc_blocks.h
 *   xcaBannedFrom             written by the signer alone, no import touches it */
#include "directory/org_store.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include "directory/arc_blocks.h"
#include "directory/mappings.h"
#include "directory/record.h"
#include "domain/names.h"

#define FIRST_NUMBER 100000 /* of registered organisations, profile.md "Codes" */
#define LOCALITIES   900    /* of counties and towns: 900xx, there as well */
#define WIDTH_MAX    16     /* blocks of arcs that are read at once */
#define WALK_PAGE    500    /* arcs that a walk has in memory for each level */
#define WALK_TRIES   3
#define NEXT_TRIES   1000   /* numbers that others may take while we look */

typedef struct org_field {
    const char *attribute;
    size_t offset; /* of the const char * in xca_org_t */
} org_field_t;

static const org_field_t org_fields[] = {
    {"o", offsetof(xca_org_t, name)},
    {"xcaNameEn", offsetof(xca_org_t, name_en)},
    {"xcaUbn", offsetof(xca_org_t, ubn)},
    {"xcaSchoolCode", offsetof(xca_org_t, school_code)},
    {"xcaSourceKey", offsetof(xca_org_t, source_key)},
    {"xcaCounty", offsetof(xca_org_t, county)},
    {"xcaDistrict", offsetof(xca_org_t, district)},
    {"postalCode", offsetof(xca_org_t, zip)},
    {"xcaAddress", offsetof(xca_org_t, address)},
    {"xcaPhone", offsetof(xca_org_t, phone)},
    {"xcaFax", offsetof(xca_org_t, fax)},
    {"labeledURI", offsetof(xca_org_t, url)},
    {"mail", offsetof(xca_org_t, email)},
    {"xcaAuthority", offsetof(xca_org_t, authority)},
    {"description", offsetof(xca_org_t, note)},
};
#define ORG_FIELDS (int)(sizeof(org_fields) / sizeof(org_fields[0]))

const char *const xca_org_attrs[] = {
    "xcaArc",     "xcaOid",          "o",          "xcaNameEn",  "xcaOrgClass",   "xcaOrgState",
    "xcaUbn",     "xcaSchoolCode",   "xcaCounty",  "xcaDistrict", "xcaSourceKey", "postalCode",
    "xcaAddress", "xcaPhone",        "xcaFax",     "labeledURI", "mail",          "description",
    "xcaBannedFrom", "xcaAuthority", "modifyTimestamp", "hasSubordinates", "xcaNameKey", NULL};

static const char *get_field(const xca_org_t *org, const org_field_t *field) {
    const char *value;

    memcpy(&value, (const char *)org + field->offset, sizeof(value));
    return value != NULL ? value : "";
}

static void set_field(xca_org_t *org, const org_field_t *field, const char *value) {
    memcpy((char *)org + field->offset, &value, sizeof(value));
}

/* ---- OID and DN ---- */

/* One arc at *at, moved behind it: digits without a leading zero, not above XCA_ARC_MAX; -1 if it is none. */
static long read_arc(const char **at) {
    long arc = 0;

    if (!apr_isdigit(**at) || (**at == '0' && apr_isdigit((*at)[1]))) {
        return -1;
    }
    for (; apr_isdigit(**at); (*at)++) {
        arc = arc * 10 + (**at - '0');
        if (arc > XCA_ARC_MAX) {
            return -1;
        }
    }
    return arc;
}

char *xca_org_dn(const xca_store_t *store, const char *oid, apr_pool_t *pool) {
    apr_size_t root = strlen(XCA_OID_ROOT);
    const char *dn = xca_branch_dn(store, "oid", pool);
    const char *at;

    if (strncmp(oid, XCA_OID_ROOT, root) != 0) {
        return NULL;
    }
    for (at = oid + root; *at != '\0';) {
        long arc;

        if (*at != '.') {
            return NULL;
        }
        at++;
        arc = read_arc(&at);
        if (arc < 0) {
            return NULL;
        }
        dn = apr_psprintf(pool, "xcaArc=%ld,%s", arc, dn);
    }
    return (char *)dn;
}

char *xca_org_oid_of_dn(const xca_store_t *store, const char *dn, apr_pool_t *pool) {
    static const char rdn[] = "xcaArc=";
    const char *branch = xca_branch_dn(store, "oid", pool);
    const char *rest = "";

    while (strncasecmp(dn, rdn, sizeof(rdn) - 1) == 0) {
        long arc;

        dn += sizeof(rdn) - 1;
        arc = read_arc(&dn);
        if (arc < 0 || *dn != ',') {
            return NULL;
        }
        dn++;
        rest = apr_psprintf(pool, ".%ld%s", arc, rest);
    }
    return strcasecmp(dn, branch) == 0 ? apr_pstrcat(pool, XCA_OID_ROOT, rest, NULL) : NULL;
}

/* The OID above and the last arc. 0 if there is nothing above. */
static int split_oid(const char **parent, long *arc, const char *oid, apr_pool_t *pool) {
    const char *dot = strrchr(oid, '.');
    const char *at;

    if (dot == NULL || strlen(oid) <= strlen(XCA_OID_ROOT)) {
        return 0;
    }
    at = dot + 1;
    *arc = read_arc(&at);
    *parent = apr_pstrmemdup(pool, oid, (apr_size_t)(dot - oid));
    return *arc >= 0 && *at == '\0';
}

static xca_error_t *needed_dn(const char **dn, const xca_store_t *store, const char *oid,
                              apr_pool_t *pool) {
    *dn = oid != NULL ? xca_org_dn(store, oid, pool) : NULL;
    if (*dn != NULL) {
        return NULL;
    }
    return xca_error_make(pool, XCA_E_NOT_FOUND, "org.not-found", "not below " XCA_OID_ROOT ": %s",
                          oid != NULL ? oid : "(none)");
}

/* ---- Records and entries ---- */

/* The grams of a name, and its beginning marked: searches for names that start with a keyword. */
static apr_array_header_t *indexed_grams(apr_pool_t *pool, const char *folded) {
    apr_array_header_t *grams = xca_name_grams(pool, folded);
    const char *end = folded + strlen(folded);
    const char *next = folded;
    int i;

    for (i = 0; i < 2 && next < end; i++) {
        xca_text_next(&next, end);
        APR_ARRAY_PUSH(grams, const char *) =
            apr_pstrcat(pool, "^", apr_pstrmemdup(pool, folded, (apr_size_t)(next - folded)), NULL);
    }
    return grams;
}

static long last_arc(const xca_org_t *org) {
    const char *dot = strrchr(org->oid, '.');

    return dot != NULL ? atol(dot + 1) : 0;
}

int xca_org_is_agency(const xca_org_t *org) {
    const char *arc = xca_class_get(XCA_CLASS_NONE)->arc;
    apr_size_t root = strlen(XCA_OID_ROOT "."), length = strlen(arc);

    return org->class == XCA_CLASS_NONE && org->name != NULL && strncmp(org->oid, XCA_OID_ROOT ".", root) == 0 &&
           strncmp(org->oid + root, arc, length) == 0 && org->oid[root + length] == '.' &&
           last_arc(org) / 100 != LOCALITIES;
}

/* Whether it is found by its name: organisations and agencies are. */
static int is_searched(const xca_org_t *org) {
    return org->name != NULL && (org->class != XCA_CLASS_NONE || xca_org_is_agency(org));
}

static void add_search_form(xca_entry_t *entry, const xca_org_t *org, apr_pool_t *pool) {
    const char *folded;
    apr_array_header_t *grams;
    int i;

    if (!is_searched(org)) {
        return;
    }
    folded = xca_name_fold(pool, org->name);
    grams = indexed_grams(pool, folded);
    xca_entry_add(pool, entry, "xcaNameKey", folded);
    for (i = 0; i < grams->nelts; i++) {
        xca_entry_add(pool, entry, "xcaNameGram", APR_ARRAY_IDX(grams, i, const char *));
    }
}

xca_entry_t *xca_org_entry(const xca_store_t *store, const xca_org_t *org, apr_pool_t *pool) {
    xca_entry_t *entry = xca_entry_make(pool, xca_org_dn(store, org->oid, pool));
    const char *parent;
    long arc;
    int i;

    xca_entry_add(pool, entry, "objectClass", "xcaArcEntry");
    xca_entry_add(pool, entry, "xcaOid", org->oid);
    if (split_oid(&parent, &arc, org->oid, pool)) {
        xca_entry_add_number(pool, entry, "xcaArc", arc);
        xca_arc_blocks_add(pool, entry, parent, arc);
    }
    for (i = 0; i < ORG_FIELDS; i++) {
        xca_entry_add(pool, entry, org_fields[i].attribute, get_field(org, &org_fields[i]));
    }
    if (org->class != XCA_CLASS_NONE) {
        xca_entry_add(pool, entry, "xcaOrgClass", xca_class_get(org->class)->id);
    }
    if (org->state != XCA_ORG_ACTIVE) {
        xca_entry_add(pool, entry, "xcaOrgState", xca_org_state_id(org->state));
    }
    add_search_form(entry, org, pool);
    return entry;
}

void *xca_org_of_entry(const xca_entry_t *entry, apr_pool_t *pool) {
    xca_org_t *org = apr_pcalloc(pool, sizeof(*org));
    const char *oid = xca_entry_text(entry, "xcaOid");
    const char *class = xca_entry_text(entry, "xcaOrgClass");
    const char *state = xca_entry_text(entry, "xcaOrgState");
    const char *children = xca_entry_text(entry, "hasSubordinates");
    int i;

    if (oid == NULL) {
        return NULL;
    }
    org->oid = apr_pstrdup(pool, oid);
    org->class = class != NULL ? xca_class_by_id(class) : XCA_CLASS_NONE;
    org->state = state != NULL ? xca_org_state_by_id(state) : XCA_ORG_ACTIVE;
    if (org->state == XCA_ORG_STATE_COUNT) {
        org->state = XCA_ORG_UNIT; /* a state we do not know: it may not apply */
    }
    for (i = 0; i < ORG_FIELDS; i++) {
        set_field(org, &org_fields[i],
                  apr_pstrdup(pool, xca_entry_text(entry, org_fields[i].attribute)));
    }
    org->banned_from = xca_entry_time(entry, "xcaBannedFrom");
    org->searchable = xca_entry_text(entry, "xcaNameKey") != NULL;
    org->has_children = children != NULL && strcmp(children, "TRUE") == 0;
    org->modified = xca_entry_time(entry, "modifyTimestamp");
    return org;
}

xca_error_t *xca_org_read(xca_org_t **org, xca_store_t *store, const char *oid, apr_pool_t *pool) {
    xca_entry_t *entry;
    const char *dn;
    xca_error_t *err = needed_dn(&dn, store, oid, pool);

    if (err != NULL) {
        return err;
    }
    err = xca_ldap_read(&entry, store->ldap, dn, xca_org_attrs, pool);
    if (err != NULL) {
        return xca_store_error(err, XCA_E_NOT_FOUND, "org.not-found");
    }
    *org = xca_org_of_entry(entry, pool);
    if (*org == NULL) {
        return xca_error_make(pool, XCA_E_NOT_FOUND, "org.not-found", "%s is no arc", dn);
    }
    return NULL;
}

xca_error_t *xca_org_ban(xca_store_t *store, const char *oid, apr_time_t from, apr_pool_t *pool) {
    xca_changes_t *changes = xca_changes_make(pool);
    xca_org_t *org;
    xca_error_t *err = xca_org_read(&org, store, oid, pool);

    if (err != NULL || org->banned_from >= from) {
        return err != NULL && err->kind == XCA_E_NOT_FOUND ? NULL : err;
    }
    xca_changes_time(pool, changes, "xcaBannedFrom", from);
    return xca_ldap_modify(store->ldap, xca_org_dn(store, oid, pool), changes, NULL, NULL, NULL, pool);
}

/* ---- Browsing ---- */

static int by_arc(const void *a, const void *b) {
    long left = last_arc(*(xca_org_t *const *)a), right = last_arc(*(xca_org_t *const *)b);

    return left < right ? -1 : left > right;
}

/* The arcs of `count` blocks below `parent`, in order. */
static xca_error_t *read_blocks(apr_array_header_t **orgs, xca_store_t *store, const char *parent,
                                long first, int count, apr_pool_t *pool) {
    xca_collect_t into = {apr_array_make(pool, XCA_ARC_BLOCK, sizeof(void *)), xca_org_of_entry};
    const char *filter = "";
    int i;
    xca_error_t *err;

    for (i = 0; i < count; i++) {
        filter = apr_pstrcat(pool, filter, "(xcaArcBlock=",
                             xca_arc_block(pool, parent, 1, first + i), ")", NULL);
    }
    err = xca_ldap_search(store->ldap, xca_org_dn(store, parent, pool), XCA_SCOPE_ONE,
                          apr_pstrcat(pool, "(|", filter, ")", NULL), xca_org_attrs, count * XCA_ARC_BLOCK,
                          NULL, xca_collect, &into, pool);
    if (err == NULL) {
        qsort(into.list->elts, (size_t)into.list->nelts, sizeof(void *), by_arc);
        *orgs = into.list;
    }
    return err;
}

xca_error_t *xca_org_children(apr_array_header_t **orgs, int *more, xca_store_t *store,
                              const char *oid, const char *after, int limit, apr_pool_t *pool) {
    apr_array_header_t *found = apr_array_make(pool, limit + 1, sizeof(xca_org_t *));
    long above = after != NULL ? atol(after) : -1;
    long block = above >= 0 ? above / XCA_ARC_BLOCK : 0;
    int width = 1;
    const char *dn;
    xca_error_t *err = needed_dn(&dn, store, oid, pool);

    while (err == NULL && found->nelts <= limit && block <= XCA_ARC_MAX / XCA_ARC_BLOCK) {
        apr_array_header_t *some;
        int i;

        err = read_blocks(&some, store, oid, block, width, pool);
        for (i = 0; err == NULL && i < some->nelts && found->nelts <= limit; i++) {
            xca_org_t *org = APR_ARRAY_IDX(some, i, xca_org_t *);

            if (last_arc(org) > above) {
                APR_ARRAY_PUSH(found, xca_org_t *) = org;
            }
        }
        block += width;
        if (err == NULL && some->nelts == 0) {
            err = xca_arc_block_next(&block, store, oid, block, pool);
            if (block < 0) {
                break;
            }
        } else if (err == NULL && some->nelts < width * XCA_ARC_BLOCK / 2 && width < WIDTH_MAX) {
            width *= 2; /* few numbers are in use here */
        }
    }
    if (err != NULL) {
        return xca_store_error(err, XCA_E_NOT_FOUND, "org.not-found");
    }
    *more = found->nelts > limit;
    found->nelts = *more ? limit : found->nelts;
    *orgs = found;
    return NULL;
}

/* ---- Adding and changing ---- */

xca_error_t *xca_org_add(xca_store_t *store, const xca_org_t *org, apr_pool_t *pool) {
    const char *dn;
    xca_error_t *err = needed_dn(&dn, store, org->oid, pool);

    return err != NULL ? err : xca_ldap_add(store->ldap, xca_org_entry(store, org, pool), pool);
}

xca_error_t *xca_org_add_path(xca_store_t *store, const char *oid, apr_pool_t *pool) {
    static const char *const nothing[] = {"1.1", NULL};
    const char *parent, *dn;
    xca_entry_t *entry;
    xca_org_t arc;
    long number;
    xca_error_t *err;

    if (!split_oid(&parent, &number, oid, pool) || strcmp(parent, XCA_OID_ROOT) == 0) {
        return NULL;
    }
    err = needed_dn(&dn, store, parent, pool);
    if (err == NULL) {
        err = xca_ldap_read(&entry, store->ldap, dn, nothing, pool);
    }
    if (err == NULL || strcmp(err->message, "ldap.no-entry") != 0) {
        return err;
    }
    err = xca_org_add_path(store, parent, pool);
    if (err != NULL) {
        return err;
    }
    memset(&arc, 0, sizeof(arc));
    arc.oid = parent;
    err = xca_org_add(store, &arc, pool);
    return err != NULL && strcmp(err->message, "ldap.exists") == 0 ? NULL : err;
}

/* The greatest number from FIRST_NUMBER on that is taken below `parent`, or the one before the first. */
static xca_error_t *last_number(long *number, xca_store_t *store, const char *parent,
                                apr_pool_t *pool) {
    apr_array_header_t *orgs;
    long block;
    xca_error_t *err = xca_arc_block_last(&block, store, parent, pool);

    *number = FIRST_NUMBER - 1;
    if (err != NULL || block < FIRST_NUMBER / XCA_ARC_BLOCK) {
        return err;
    }
    err = read_blocks(&orgs, store, parent, block, 1, pool);
    if (err == NULL && orgs->nelts > 0) {
        *number = last_arc(APR_ARRAY_IDX(orgs, orgs->nelts - 1, xca_org_t *));
    }
    return err;
}

xca_error_t *xca_org_next(const char **oid, xca_store_t *store, const char *parent,
                          apr_pool_t *pool) {
    long number;
    xca_error_t *err = last_number(&number, store, parent, pool);

    if (err != NULL) {
        return err;
    }
    if (number >= XCA_ARC_MAX) {
        return xca_error_make(pool, XCA_E_CONFLICT, "org.no-number", "below %s", parent);
    }
    *oid = apr_psprintf(pool, "%s.%ld", parent, number + 1);
    return NULL;
}

xca_error_t *xca_org_add_next(xca_store_t *store, xca_org_t *org, const char *parent,
                              apr_pool_t *pool) {
    const char *dn;
    long number;
    int tries;
    xca_error_t *err = needed_dn(&dn, store, parent, pool);

    if (err == NULL) {
        err = last_number(&number, store, parent, pool);
    }
    for (tries = 0; err == NULL && tries < NEXT_TRIES; tries++) {
        number++;
        if (number > XCA_ARC_MAX) {
            break;
        }
        org->oid = apr_psprintf(pool, "%s.%ld", parent, number);
        err = xca_org_add(store, org, pool);
        if (err == NULL || strcmp(err->message, "ldap.exists") != 0) {
            return err;
        }
        err = NULL;
    }
    if (err != NULL) {
        return xca_store_error(err, XCA_E_NOT_FOUND, "org.not-found");
    }
    return xca_error_make(pool, XCA_E_CONFLICT, "org.no-number", "below %s", parent);
}

static void change_search_form(xca_changes_t *changes, const xca_org_t *org, apr_pool_t *pool) {
    xca_entry_t *form = xca_entry_make(pool, "");
    const xca_attr_t *grams;
    int i;

    add_search_form(form, org, pool);
    grams = xca_entry_attr(form, "xcaNameGram");
    xca_changes_text(changes, "xcaNameKey", xca_entry_text(form, "xcaNameKey"));
    xca_changes_add(changes, XCA_CHANGE_REPLACE, "xcaNameGram", NULL);
    for (i = 0; grams != NULL && i < grams->count; i++) {
        xca_changes_more(changes, (const char *)grams->values[i].data);
    }
}

xca_error_t *xca_org_update(xca_store_t *store, const xca_org_t *old, const xca_org_t *new_record,
                            apr_pool_t *pool) {
    xca_changes_t *changes = xca_changes_make(pool);
    const char *dn;
    int i;
    xca_error_t *err = needed_dn(&dn, store, old->oid, pool);

    if (err != NULL) {
        return err;
    }
    for (i = 0; i < ORG_FIELDS; i++) {
        if (strcmp(get_field(old, &org_fields[i]), get_field(new_record, &org_fields[i])) != 0) {
            xca_changes_text(changes, org_fields[i].attribute,
                             get_field(new_record, &org_fields[i]));
        }
    }
    if (old->class != new_record->class) {
        xca_changes_text(changes, "xcaOrgClass",
                         new_record->class != XCA_CLASS_NONE ? xca_class_get(new_record->class)->id
                                                             : NULL);
    }
    if (old->state != new_record->state) {
        xca_changes_text(
            changes, "xcaOrgState",
            new_record->state != XCA_ORG_ACTIVE ? xca_org_state_id(new_record->state) : NULL);
    }
    if (old->class != new_record->class || old->searchable != is_searched(new_record) ||
        strcmp(get_field(old, &org_fields[0]), get_field(new_record, &org_fields[0])) != 0) {
        change_search_form(changes, new_record, pool);
    }
    if (xca_changes_empty(changes)) {
        return NULL;
    }
    err = xca_ldap_modify(store->ldap, dn, changes, NULL, NULL, NULL, pool);
    return xca_store_error(err, XCA_E_NOT_FOUND, "org.not-found");
}

/* ---- All of them ---- */

typedef struct org_walk {
    xca_store_t *store;
    xca_on_org *on_org;
    void *baton;
    apr_pool_t *scratch;
} org_walk_t;

static xca_error_t *walk_below(org_walk_t *walk, const char *oid, apr_pool_t *pool);

static xca_error_t *walk_some(org_walk_t *walk, const apr_array_header_t *orgs, apr_pool_t *pool) {
    xca_error_t *err = NULL;
    int i;

    for (i = 0; err == NULL && i < orgs->nelts; i++) {
        const xca_org_t *org = APR_ARRAY_IDX(orgs, i, const xca_org_t *);

        err = walk->on_org(walk->baton, org, walk->scratch);
        if (err == NULL) {
            apr_pool_clear(walk->scratch);
            err = org->has_children ? walk_below(walk, org->oid, pool) : NULL;
        }
    }
    return err;
}

/* A server under load may not answer in time: a page says where it begins, so it can be asked for again. */
static xca_error_t *walk_page(apr_array_header_t **orgs, int *more, org_walk_t *walk, const char *oid, const char *after,
                              apr_pool_t *pool) {
    xca_error_t *err = NULL;
    int tries;

    for (tries = 0; tries < WALK_TRIES; tries++) {
        err = xca_org_children(orgs, more, walk->store, oid, after, WALK_PAGE, pool);
        if (err == NULL || (strcmp(err->message, "ldap.limit") != 0 && strcmp(err->message, "ldap.down") != 0)) {
            break;
        }
    }
    return err;
}

static xca_error_t *walk_below(org_walk_t *walk, const char *oid, apr_pool_t *pool) {
    char after[16] = "-1";
    apr_pool_t *own;
    int more = 1;
    xca_error_t *err = NULL;

    apr_pool_create(&own, pool);
    while (err == NULL && more) {
        apr_array_header_t *orgs;

        err = walk_page(&orgs, &more, walk, oid, after, own);
        if (err == NULL && orgs->nelts > 0) {
            apr_snprintf(after, sizeof(after), "%ld", last_arc(APR_ARRAY_IDX(orgs, orgs->nelts - 1, const xca_org_t *)));
        }
        if (err == NULL) {
            err = walk_some(walk, orgs, own);
        }
        if (err == NULL) {
            apr_pool_clear(own);
        }
    }
    if (err == NULL) {
        apr_pool_destroy(own); /* an error lives in it */
    }
    return err;
}

/* Block by block by the index: no question depends on how many organisations there are, as the pages of one search over all of
 * them would, each of which the server finds its place in again. */
xca_error_t *xca_org_walk(xca_store_t *store, xca_on_org *on_org, void *baton, apr_pool_t *pool) {
    org_walk_t walk = {store, on_org, baton, NULL};
    xca_error_t *err;

    apr_pool_create(&walk.scratch, pool);
    err = walk_below(&walk, XCA_OID_ROOT, pool);
    if (err == NULL) {
        apr_pool_destroy(walk.scratch);
    }
    return err;
}
