#include "crypto_certificate.h"

#include <stdlib.h>
#include <string.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include "crypto_openssl.h"
#include "platform.h"

#define OID_RANK       "2.16.886.1.100.2.2"    /* of a card                           */
#define OID_ORG        "2.16.886.1.100.2.102"  /* the organisation's object identifier */

X509 *certificate_x509(const certificate_t *certificate) {
    return certificate->x509;
}

/* Without control characters: what stands in a certificate goes to a terminal. */
static void keep_text(char *to, size_t size, const unsigned char *text, size_t length) {
    size_t used = 0, i;

    for (i = 0; i < length && used + 1 < size; i++) {
        if (text[i] >= 0x20 && text[i] != 0x7f) {
            to[used++] = (char)text[i];
        }
    }
    while (used > 0 && used + 1 == size && ((unsigned char)to[used - 1] & 0xc0) == 0x80) {
        used--; /* no half character at the end of a text cut short */
    }
    to[used] = '\0';
}

static void keep_string(char *to, size_t size, const ASN1_STRING *string) {
    unsigned char *utf8 = NULL;
    int length = string != NULL ? ASN1_STRING_to_UTF8(&utf8, string) : -1;

    to[0] = '\0';
    if (length >= 0) {
        keep_text(to, size, utf8, (size_t)length);
        OPENSSL_free(utf8);
    }
}

static void keep_name_part(char *to, size_t size, const X509_NAME *name, int nid) {
    int at = X509_NAME_get_index_by_NID(name, nid, -1);

    to[0] = '\0';
    if (at >= 0) {
        keep_string(to, size, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
    }
}

static void keep_name(char *to, size_t size, const X509_NAME *name) {
    BIO *out = BIO_new(BIO_s_mem());
    char *text;
    long length;

    to[0] = '\0';
    if (out != NULL && X509_NAME_print_ex(out, name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB) >= 0) {
        length = BIO_get_mem_data(out, &text);
        keep_text(to, size, (const unsigned char *)text, length > 0 ? (size_t)length : 0);
    }
    BIO_free(out);
}

static void keep_serial(char *to, size_t size, const X509 *x509) {
    const ASN1_INTEGER *serial = X509_get0_serialNumber(x509);
    size_t length = (size_t)ASN1_STRING_length(serial);

    to[0] = '\0';
    if (2 * length + 1 <= size) {
        hex_write(to, ASN1_STRING_get0_data(serial), length);
    }
}

static int keep_time(time_t *to, const ASN1_TIME *time) {
    struct tm utc;

    memset(&utc, 0, sizeof(utc));
    if (ASN1_TIME_to_tm(time, &utc) != 1) {
        return 0;
    }
    *to = platform_utc(&utc);
    return 1;
}

static void keep_email(certificate_t *c, X509 *x509) {
    GENERAL_NAMES *names = X509_get_ext_d2i(x509, NID_subject_alt_name, NULL, NULL);
    int i;

    for (i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);

        if (name->type == GEN_EMAIL && c->email[0] == '\0') {
            keep_string(c->email, sizeof(c->email), name->d.rfc822Name);
        }
    }
    GENERAL_NAMES_free(names);
}

static void keep_crl_url(certificate_t *c, X509 *x509) {
    CRL_DIST_POINTS *points = X509_get_ext_d2i(x509, NID_crl_distribution_points, NULL, NULL);
    int i, j;

    for (i = 0; i < sk_DIST_POINT_num(points); i++) {
        const DIST_POINT *point = sk_DIST_POINT_value(points, i);
        const GENERAL_NAMES *names =
            point->distpoint != NULL && point->distpoint->type == 0 ? point->distpoint->name.fullname : NULL;

        for (j = 0; j < sk_GENERAL_NAME_num(names); j++) {
            const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, j);
            const unsigned char *url = name->type == GEN_URI ? ASN1_STRING_get0_data(name->d.ia5) : NULL;

            if (url != NULL && strncmp((const char *)url, "http", 4) == 0 && c->crl_url[0] == '\0') {
                keep_string(c->crl_url, sizeof(c->crl_url), name->d.ia5);
            }
        }
    }
    CRL_DIST_POINTS_free(points);
}

static void keep_ocsp_url(certificate_t *c, X509 *x509) {
    AUTHORITY_INFO_ACCESS *access = X509_get_ext_d2i(x509, NID_info_access, NULL, NULL);
    int i;

    for (i = 0; i < sk_ACCESS_DESCRIPTION_num(access); i++) {
        const ACCESS_DESCRIPTION *one = sk_ACCESS_DESCRIPTION_value(access, i);

        if (OBJ_obj2nid(one->method) == NID_ad_OCSP && one->location->type == GEN_URI) {
            keep_string(c->ocsp_url, sizeof(c->ocsp_url), one->location->d.ia5);
        }
    }
    AUTHORITY_INFO_ACCESS_free(access);
}

/* SEQUENCE OF Attribute, of which each is SEQUENCE { OID, SET OF value } (RFC 5280 section 4.2.1.8). */
static void keep_attributes(certificate_t *c, const X509 *x509) {
    int at = X509_get_ext_by_OBJ(x509, OBJ_nid2obj(NID_subject_directory_attributes), -1);
    const ASN1_OCTET_STRING *value = at >= 0 ? X509_EXTENSION_get_data(X509_get_ext(x509, at)) : NULL;
    const unsigned char *der = value != NULL ? ASN1_STRING_get0_data(value) : NULL;
    STACK_OF(ASN1_TYPE) *all =
        der != NULL ? d2i_ASN1_SEQUENCE_ANY(NULL, &der, ASN1_STRING_length(value)) : NULL;
    int i;

    for (i = 0; i < sk_ASN1_TYPE_num(all); i++) {
        const ASN1_TYPE *one = sk_ASN1_TYPE_value(all, i);
        const unsigned char *inner =
            one->type == V_ASN1_SEQUENCE ? ASN1_STRING_get0_data(one->value.sequence) : NULL;
        X509_ATTRIBUTE *attribute =
            inner != NULL ? d2i_X509_ATTRIBUTE(NULL, &inner, ASN1_STRING_length(one->value.sequence)) : NULL;
        const ASN1_TYPE *first = attribute != NULL ? X509_ATTRIBUTE_get0_type(attribute, 0) : NULL;
        char type[64] = "";

        if (first != NULL) {
            OBJ_obj2txt(type, sizeof(type), X509_ATTRIBUTE_get0_object(attribute), 1);
        }
        if (strcmp(type, OID_ORG) == 0 && first->type == V_ASN1_OBJECT) {
            OBJ_obj2txt(c->oid, sizeof(c->oid), first->value.object, 1);
        } else if (strcmp(type, OID_RANK) == 0 && first->type == V_ASN1_PRINTABLESTRING) {
            keep_string(c->rank, sizeof(c->rank), first->value.printablestring);
        }
        X509_ATTRIBUTE_free(attribute);
    }
    sk_ASN1_TYPE_pop_free(all, ASN1_TYPE_free);
}

fault_t *certificate_wrap(certificate_t **result, X509 *x509) {
    certificate_t *c = calloc(1, sizeof(*c));
    const X509_NAME *subject = X509_get_subject_name(x509);

    if (c == NULL) {
        abort();
    }
    c->x509 = x509;
    c->key = public_key_wrap(X509_get_pubkey(x509));
    if (c->key == NULL || !keep_time(&c->not_before, X509_get0_notBefore(x509)) ||
        !keep_time(&c->not_after, X509_get0_notAfter(x509))) {
        certificate_free(c);
        ERR_clear_error();
        return fault_make(T_CERTIFICATE_MALFORMED, NULL, "key or dates");
    }
    keep_name(c->subject, sizeof(c->subject), subject);
    keep_name(c->issuer, sizeof(c->issuer), X509_get_issuer_name(x509));
    keep_serial(c->serial, sizeof(c->serial), x509);
    keep_name_part(c->holder, sizeof(c->holder), subject, NID_organizationName);
    keep_name_part(c->card_number, sizeof(c->card_number), subject, NID_serialNumber);
    keep_email(c, x509);
    keep_crl_url(c, x509);
    keep_ocsp_url(c, x509);
    keep_attributes(c, x509);
    ERR_clear_error();
    *result = c;
    return NULL;
}

fault_t *certificate_read(certificate_t **certificate, view_t der) {
    const unsigned char *at = der.data;
    X509 *x509 = der.length > 0 && der.length <= 0xffff ? d2i_X509(NULL, &at, (long)der.length) : NULL;

    *certificate = NULL;
    ERR_clear_error();
    if (x509 == NULL || at != der.data + der.length) {
        X509_free(x509);
        return fault_make(T_CERTIFICATE_MALFORMED, NULL, "%u bytes", (unsigned)der.length);
    }
    return certificate_wrap(certificate, x509);
}

void certificate_free(certificate_t *certificate) {
    if (certificate != NULL) {
        public_key_free(certificate->key);
        X509_free(certificate->x509);
        free(certificate);
    }
}

fault_t *certificate_der(const certificate_t *certificate, bytes_t *der) {
    unsigned char *data = NULL;
    int length = i2d_X509(certificate->x509, &data);

    if (length <= 0) {
        return crypto_fault("i2d_X509");
    }
    bytes_set(der, data, (size_t)length);
    OPENSSL_free(data);
    return NULL;
}

int card_number_well_formed(const char *number) {
    return strlen(number) == 16 && number[0] == 'X' && number[1] == 'c' &&
           strspn(number + 2, "0123456789") == 14;
}
