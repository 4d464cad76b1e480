/* ou=requests: class xcaRequestEntry: xcaRequest (RDN), xcaKind, xcaState, xcaFiled, xcaSerial or
 * xcaCardNumber or xcaCaseNumber, xcaSealedCode or xcaMessage (until answered), xcaGeneration, xcaAnswer, xcaTriesLeft, xcaReply. */
#include <string.h>
#include <apr_strings.h>
#include "directory/office_store.h"
#include "directory/record.h"
#include "domain/calendar.h"

static char *request_dn(const xca_store_t *store, const char *id, apr_pool_t *pool) {
    return apr_pstrcat(pool, "xcaRequest=", xca_dn_escape(pool, id), ",",
                       xca_branch_dn(store, "requests", pool), NULL);
}

xca_error_t *xca_request_add(xca_store_t *store, const xca_request_t *request, apr_pool_t *pool) {
    xca_entry_t *entry = xca_entry_make(pool, request_dn(store, request->id, pool));

    xca_entry_add(pool, entry, "objectClass", "xcaRequestEntry");
    xca_entry_add(pool, entry, "xcaRequest", request->id);
    xca_entry_add(pool, entry, "xcaKind", xca_request_kind_id(request->kind));
    xca_entry_add(pool, entry, "xcaState", xca_request_state_id(request->state));
    xca_entry_add_time(pool, entry, "xcaFiled", request->created);
    xca_entry_add(pool, entry, "xcaSerial", request->serial);
    xca_entry_add(pool, entry, "xcaCardNumber", request->card_number);
    xca_entry_add(pool, entry, "xcaCaseNumber", request->case_number);
    if (request->sealed_code.length > 0) {
        xca_entry_add_bytes(pool, entry, "xcaSealedCode", request->sealed_code);
    }
    if (request->message.length > 0) {
        xca_entry_add_bytes(pool, entry, "xcaMessage", request->message);
    }
    if (request->generation > 0) {
        xca_entry_add_number(pool, entry, "xcaGeneration", request->generation);
    }
    return xca_ldap_add(store->ldap, entry, pool);
}

static xca_request_state state_by_id(const char *id) {
    if (strcmp(id, "done") == 0) {
        return XCA_REQUEST_DONE;
    }
    return strcmp(id, "denied") == 0 ? XCA_REQUEST_DENIED : XCA_REQUEST_WAITING;
}

static xca_bytes_t copy_bytes(const xca_entry_t *entry, const char *name, apr_pool_t *pool) {
    xca_bytes_t bytes = xca_entry_bytes(entry, name);

    bytes.data = bytes.length > 0 ? apr_pmemdup(pool, bytes.data, bytes.length) : NULL;
    return bytes;
}

xca_request_t *xca_request_of_entry(const xca_entry_t *entry, apr_pool_t *pool) {
    xca_request_t *request = apr_pcalloc(pool, sizeof(*request));
    const char *id = xca_entry_text(entry, "xcaRequest");
    const char *kind = xca_entry_text(entry, "xcaKind");
    const char *state = xca_entry_text(entry, "xcaState");

    if (id == NULL || kind == NULL || state == NULL) {
        return NULL;
    }
    request->id = apr_pstrdup(pool, id);
    request->kind = xca_request_kind_by_id(kind);
    request->state = state_by_id(state);
    request->serial = apr_pstrdup(pool, xca_entry_text(entry, "xcaSerial"));
    request->card_number = apr_pstrdup(pool, xca_entry_text(entry, "xcaCardNumber"));
    request->case_number = apr_pstrdup(pool, xca_entry_text(entry, "xcaCaseNumber"));
    request->sealed_code = copy_bytes(entry, "xcaSealedCode", pool);
    request->message = copy_bytes(entry, "xcaMessage", pool);
    request->reply = copy_bytes(entry, "xcaReply", pool);
    request->generation = (int)xca_entry_number(entry, "xcaGeneration", 0);
    request->created = xca_entry_time(entry, "xcaFiled");
    request->answer = apr_pstrdup(pool, xca_entry_text(entry, "xcaAnswer"));
    request->tries_left = (int)xca_entry_number(entry, "xcaTriesLeft", 0);
    return request;
}

xca_error_t *xca_request_read(xca_request_t **request, xca_store_t *store, const char *id,
                              apr_pool_t *pool) {
    xca_entry_t *entry;
    xca_error_t *err = xca_ldap_read(&entry, store->ldap, request_dn(store, id, pool), NULL, pool);

    if (err != NULL) {
        return xca_store_error(err, XCA_E_NOT_FOUND, "request.not-found");
    }
    *request = xca_request_of_entry(entry, pool);
    if (*request == NULL) {
        return xca_error_make(pool, XCA_E_INTERNAL, "ldap.fault", "%s is no request", entry->dn);
    }
    return NULL;
}

xca_error_t *xca_request_answer(xca_store_t *store, const xca_request_t *request,
                                xca_request_state state, const char *answer, int tries_left,
                                apr_pool_t *pool) {
    xca_changes_t *changes = xca_changes_make(pool);

    xca_changes_swap(changes, "xcaState", xca_request_state_id(XCA_REQUEST_WAITING),
                     xca_request_state_id(state));
    xca_changes_text(changes, "xcaAnswer", answer);
    xca_changes_text(changes, "xcaTriesLeft", apr_itoa(pool, tries_left));
    xca_changes_text(changes, "xcaSealedCode", NULL);
    if (xca_request_has_message(request->kind)) {
        xca_changes_text(changes, "xcaMessage", NULL);
        if (request->reply.length > 0) {
            xca_changes_add_bytes(changes, XCA_CHANGE_REPLACE, "xcaReply", request->reply);
        }
    }
    return xca_ldap_modify(store->ldap, request_dn(store, request->id, pool), changes, NULL, NULL,
                           NULL, pool);
}

static void *make_request(const xca_entry_t *entry, apr_pool_t *pool) {
    return xca_request_of_entry(entry, pool);
}

xca_error_t *xca_request_waiting(apr_array_header_t **requests, xca_store_t *store,
                                 apr_pool_t *pool) {
    xca_collect_t into;
    xca_error_t *err;

    into.list = apr_array_make(pool, 8, sizeof(void *));
    into.make = make_request;
    err = xca_ldap_search(store->ldap, xca_branch_dn(store, "requests", pool), XCA_SCOPE_ONE,
                          "(&(objectClass=xcaRequestEntry)(xcaState=waiting))", NULL, 0, NULL,
                          xca_collect, &into, pool);
    if (err == NULL) {
        *requests = into.list;
    }
    return err;
}

xca_error_t *xca_request_expire(xca_store_t *store, apr_time_t before, apr_pool_t *pool) {
    return xca_expire(store, "requests",
                      apr_pstrcat(pool, "(&(objectClass=xcaRequestEntry)(!(xcaState=waiting))",
                                  "(xcaFiled<=", xca_date_format(pool, before, XCA_DATE_LDAP), "))",
                                  NULL),
                      pool);
}
