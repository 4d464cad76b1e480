/* Inside directory/: the order of the arcs below one OID. LDAP gives entries in no order, and one arc can have
 * 100,000 others below it. So each arc entry carries the blocks of numbers it stands in (xcaArcBlock, equality
 * index): "104/1/1000" are the arcs 100000 to 100099 below 2.16.886.104, "104/2/10" those from 100000 to 109999,
 * and so on by hundreds. Which block has something in it is a question to the index. */
#ifndef XCA_DIRECTORY_ARC_BLOCKS_H
#define XCA_DIRECTORY_ARC_BLOCKS_H

#include "directory/store.h"

#define XCA_ARC_BLOCK     100        /* arcs of a block of level 1 */
#define XCA_ARC_LEVELS    4
#define XCA_ARC_MAX       2147483647 /* last arc number that we take */

/* The value of xcaArcBlock for the block `number` of a level below `parent` ("2.16.886.104"). */
char *xca_arc_block(apr_pool_t *pool, const char *parent, int level, long number);

/* Adds the values for `arc` below `parent`. */
void xca_arc_blocks_add(apr_pool_t *pool, xca_entry_t *entry, const char *parent, long arc);

/* The first block of level 1 from block `from` on that has an arc in it; the last one. -1 if there is none. */
xca_error_t *xca_arc_block_next(long *block, xca_store_t *store, const char *parent, long from,
                                apr_pool_t *pool) XCA_MUST_USE;
xca_error_t *xca_arc_block_last(long *block, xca_store_t *store, const char *parent,
                                apr_pool_t *pool) XCA_MUST_USE;

#endif
