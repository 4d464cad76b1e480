/* The portal map: one table for navigation, site map and breadcrumbs. An entry is a link as soon as the route table has
 * a page at its path. */
#ifndef XCA_PORTAL_NAVIGATION_H
#define XCA_PORTAL_NAVIGATION_H

typedef struct xca_nav_entry {
    const char *id;     /* "apply-guide"; its text in the catalogue is "nav.apply-guide" */
    const char *parent; /* section it belongs to, NULL for the sections themselves       */
    const char *path;   /* of its page, NULL for sections that have none of their own    */
} xca_nav_entry_t;

/* Ends with a row whose id is NULL; entries follow their section. */
extern const xca_nav_entry_t xca_navigation[];

/* The entry with this id, NULL if there is none. */
const xca_nav_entry_t *xca_nav_find(const char *id);

/* Non-zero if there is a page at the entry's path. */
int xca_nav_is_open(const xca_nav_entry_t *entry);

#endif
