/* A case: an application with what was filled in, and its way to the end. */
#ifndef XCA_DOMAIN_CASE_H
#define XCA_DOMAIN_CASE_H

#include <apr_time.h>
#include "base/secret.h"
#include "base/text.h"
#include "domain/certificate.h"
#include "domain/postal.h"

/* What a case asks for. */
typedef enum {
    XCA_CASE_CERTIFICATE, /* 申請非IC卡類憑證: a certificate for a key of the applicant's own */
    XCA_CASE_CARD,        /* 申請憑證IC卡                                                     */
    XCA_CASE_REVOCATION,  /* 憑證廢止                                                         */
    XCA_CASE_OID_CHANGE,  /* OID異動: the rows of a change sheet (domain/xds.h)               */
    XCA_CASE_CODE_RESET,  /* 用戶代碼重設: a new user code for a card or certificate             */
    XCA_CASE_KIND_COUNT
} xca_case_kind;

const char *xca_case_kind_id(xca_case_kind kind); /* "certificate", "card", "revocation", "oid-change", "code-reset" */
xca_case_kind xca_case_kind_by_id(const char *id);

/* States, features.md 2.6. Only the portal writes FILED (new or corrected); all others only the
 * signer, after it has verified what leads there. */
typedef enum {
    XCA_STATE_FILED,    /* 已申請 waiting for letter and first review                  */
    XCA_STATE_REVIEWED, /* 已收到公文，初審合格 waiting for the second review             */
    XCA_STATE_APPROVED, /* 審核通過 waiting for the certificate (or the card)           */
    XCA_STATE_ISSUING,  /* serial and OID are recorded, the certificate is being made  */
    XCA_STATE_ISSUED,   /* issued, waiting for acceptance                              */
    XCA_STATE_MADE,     /* 卡片製作完成 card made, waiting for packing and dispatch       */
    XCA_STATE_DISPATCHED, /* 已寄送 dispatched, waiting for activation                  */
    XCA_STATE_COMPLETED,/* accepted (activated), or revocation done                    */
    XCA_STATE_RETURNED, /* 退件 with reasons; the applicant may correct it              */
    XCA_STATE_REFUSED,  /* the applicant refused the certificate                       */
    XCA_STATE_LAPSED,   /* not accepted in time                                        */
    XCA_STATE_COUNT
} xca_case_state;

const char *xca_case_state_id(xca_case_state state); /* "filed", "reviewed", ... */
xca_case_state xca_case_state_by_id(const char *id); /* XCA_STATE_COUNT if unknown */

/* Non-zero for an application, with or without a card; the other kinds are about what was issued, or about OIDs. */
int xca_case_is_application(xca_case_kind kind);

/* Non-zero if nothing more comes of it: completed, refused, lapsed. */
int xca_case_ended(xca_case_state state);

/* Non-zero if the applicant may still correct the case (filed, returned). */
int xca_case_correctable(xca_case_state state);

/* All that the applicant filled in, one string a field (NULL where empty); the names of the fields in
 * forms, drafts, the directory mapping and the canonical text are one table: xca_case_fields. */
typedef struct xca_case {
    const char *number; /* 25 digits */
    xca_case_kind kind;
    xca_case_state state;
    long revision;      /* 1, counted up by every correction */
    apr_time_t filed, corrected; /* corrected: 0 if never */
    apr_time_t state_changed;
    const char *version; /* of the whole entry as it was read, NULL if not known */

    const char *earlier; /* canonical text of what an officer returned last, or of what was filed first; NULL: never corrected */

    /* organisation */
    const char *oid;         /* as filed; NULL for a new organisation */
    xca_class class;
    const char *org_name;
    const char *ubn, *school_code;
    const char *org_county, *org_district, *org_zip, *org_street, *org_phone, *org_fax;
    const char *email;       /* representative address: goes into the certificate */
    const char *remark;
    /* contact */
    const char *contact_name, *contact_title, *contact_email, *contact_county, *contact_district,
        *contact_zip, *contact_street, *contact_phone, *contact_fax;
    /* certificate without a card */
    xca_use use;
    xca_bytes_t csr;         /* DER of the PKCS#10 request, length 0 if none */
    const char *key_hash;    /* SHA-256 of its SubjectPublicKeyInfo, hex */
    /* card */
    const char *rank;        /* "primary", "secondary" */
    /* revocation, code reset */
    const char *target_serial; /* serial of the certificate it is about, or NULL */
    const char *revoke_reason; /* "abolished", "lost", "damaged", "other" */
    const char *letter_date;   /* of the organisation's letter, YYYY-MM-DD, or NULL */

    /* change sheet */
    const char *sheet;       /* SHA-256 of its text, hex */
    const char *sheet_rows;  /* how many rows it has */

    const char *window;      /* id of the RA window it goes to */
    /* kept by the portal */
    const char *code_hash;   /* scrypt text; see outside/crypto_code.h */
    int code_tries;
    apr_time_t code_locked_until; /* 0 if not locked */
    /* kept by the signer */
    const char *assigned_oid; /* of a new organisation, once approved */
    const char *serial;      /* serial reserved for the certificate, then that of it */
    apr_time_t not_before;   /* reserved with the serial */
    const char *card_number; /* of the card that is or was made for it, or NULL */
    const char *problem;     /* why it cannot go on ("key.used-elsewhere" ..., xca_error_ids()), for officers */
    long rows_done;          /* of a change sheet: carried out or refused */
    const char *return_reason; /* text of the officer who returned it, or NULL */
    /* of a code reset: the new code for the second officer's key, EnvelopedData; and its scrypt text, for the signer alone */
    xca_bytes_t envelope;
    const char *new_code_hash;
    const xca_secret_t *device_secret; /* of a device that enrols without a certificate (CMP), as it was shown; NULL: none */
    apr_time_t device_secret_until;
} xca_case_t;

/* Reasons for a revocation (features.md 8.2) as cases have them: "abolished", "lost", "damaged", "other"; NULL at the end. */
extern const char *const xca_revoke_reasons[];

/* The id of the text that names the case's state, in the words of its kind where those of all kinds do not fit: a sheet of
 * changes is not issued, a card is made. */
const char *xca_case_state_label(const xca_case_t *kase);
/* The same in a word or two, for lists: "office.state.reviewed". */
const char *xca_case_state_short(const xca_case_t *kase);

/* One field of a case that the applicant fills in. */
typedef struct xca_case_field {
    const char *name;      /* form field, draft element, canonical line: "org_name"       */
    const char *attribute; /* LDAP attribute: "xcaOrgName"                                */
    apr_size_t offset;     /* of the const char * in xca_case_t                           */
    apr_size_t max;        /* code points                                                 */
} xca_case_field_t;

/* Ends with a row whose name is NULL. */
extern const xca_case_field_t xca_case_fields[];

/* Reads or sets a field by its row. */
const char *xca_case_get(const xca_case_t *kase, const xca_case_field_t *field);
void xca_case_set(xca_case_t *kase, const xca_case_field_t *field, const char *value);

/* The canonical text of the content: what officers sign the digest of. "XCA-CASE-1\n", then one line
 * "name: value\n" a non-empty field in the table's order, with kind, number, revision, class, use, the CSR in
 * base64 and the filing time; \ and line breaks in values escaped. Same content, same bytes. The OID
 * that the signer assigns to a new organisation is not content: it stands in assigned_oid. */
char *xca_case_canonical(apr_pool_t *pool, const xca_case_t *kase);

/* Checks everything the applicant filled in (not the CSR: outside/crypto_csr.h), trims and normalises
 * in place; county and district are checked against `postal` and the postal code is set from it. A case
 * with an OID is of a known organisation: name, unified number, address and class are then the
 * directory's and not asked for.
 * Returns all that is wrong as a list, at most one error a field: "field.required", "field.choose",
 * "field.too-long", "field.characters", "address.county", "address.district",
 * "school-code.only-schools", "case.class-not-card-less" and those of domain/codes.h. What belongs to another kind of case
 * (use, rank) is taken out. */
xca_error_t *xca_case_check(xca_case_t *kase, const xca_postal_t *postal,
                            apr_pool_t *pool) XCA_MUST_USE;

/* Checks the contact's fields alone, all required ones of an application; the other fields are taken out. */
xca_error_t *xca_contact_check(xca_case_t *kase, const xca_postal_t *postal,
                               apr_pool_t *pool) XCA_MUST_USE;

#endif
