#include "domain/expiry.h"

#include <string.h>
#include "domain/calendar.h"

#define STAGES 3

static const int expiry_stages[STAGES] = {XCA_EXPIRY_LAST, 60, XCA_EXPIRY_FIRST};
static const int lapse_stages[STAGES] = {7, 30, XCA_LAPSE_FIRST};

static int stage_of(const int *stages, apr_time_t end, apr_time_t now) {
    apr_int64_t left = xca_day_of(end) - xca_day_of(now);
    int i;

    for (i = 0; end >= now && i < STAGES; i++) {
        if (left <= stages[i]) {
            return stages[i];
        }
    }
    return 0;
}

int xca_expiry_notice(apr_time_t not_after, apr_time_t now) {
    return stage_of(expiry_stages, not_after, now);
}

int xca_lapse_notice(apr_time_t end, apr_time_t now) {
    return stage_of(lapse_stages, end, now);
}

static int ends_before(const xca_holding_t *a, const xca_holding_t *b) {
    return a->not_after != b->not_after ? a->not_after < b->not_after : strcmp(a->id, b->id) < 0;
}

int xca_expiry_renewed(const xca_holding_t *one, const xca_holding_t *all, int count) {
    apr_time_t from = one->not_after - XCA_EXPIRY_FIRST * XCA_DAY; /* when it could first be applied for anew */
    int newer = 0, earlier = 0, i;

    for (i = 0; i < count; i++) {
        const xca_holding_t *other = &all[i];

        if (strcmp(other->id, one->id) == 0 || other->revoked) {
            continue;
        }
        if (other->not_before >= from && other->not_after > one->not_after) {
            newer += other->valid;
        } else if (other->not_after >= from && ends_before(other, one)) {
            earlier++;
        }
    }
    return newer > earlier;
}
