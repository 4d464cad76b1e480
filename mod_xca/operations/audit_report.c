#include "operations/audit_report.h"

#include "outside/crypto.h"

xca_error_t *xca_audit_report(xca_store_t *store, const xca_audit_event_t *event, apr_time_t now, apr_pool_t *pool) {
    unsigned char id[16];
    xca_event_t filed = {0};
    xca_error_t *err = xca_random(id, sizeof(id), pool);

    if (err != NULL) {
        return err;
    }
    filed.id = xca_text_hex(pool, id, sizeof(id));
    filed.kind = event->kind;
    filed.actor = event->actor;
    filed.case_number = event->case_number;
    filed.serial = event->serial;
    filed.card = event->card;
    filed.organisation = event->organisation;
    filed.details = event->details;
    filed.cms = event->cms;
    filed.filed = now;
    return xca_event_add(store, &filed, pool);
}
