#!/usr/bin/env bash
# lookup.sh ADDRESS: finds the encryption certificate of an e-mail address, checks it, and leaves it in certificate.pem.
#
#   LDAP_URL=ldap://xca.example HTTP_URL=http://xca.example ROOT=root.pem ./lookup.sh info@example.org.tw
#
# ROOT is the root that you trust; get it by a way that you trust. Needs curl, ldapsearch (ldap-utils) and openssl.
set -euo pipefail

address=${1:?which address?}
[[ $address =~ ^[A-Za-z0-9._+-]+@[A-Za-z0-9.-]+$ ]] || { echo "$address: not an address" >&2; exit 2; }

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# 1. The directory has at most one certificate for an address and use.
ldapsearch -x -LLL -o ldif-wrap=no -H "$LDAP_URL" -b ou=mail,ou=XCA,c=TW "(&(mail=$address)(xcaUse=encryption))" 'userCertificate;binary' |
    sed -n 's/^userCertificate;binary:: //p' | base64 -d >"$folder/certificate.der"
[[ -s $folder/certificate.der ]] || { echo "$address: no certificate" >&2; exit 1; }
openssl x509 -inform DER -in "$folder/certificate.der" -out "$folder/certificate.pem"

# 2. The certificate store gives the same for its digest (RFC 4387: SHA-1 in base64 without the '=').
key=$(openssl dgst -sha1 -binary "$folder/certificate.der" | base64 | tr -d '=' | sed 's/+/%2B/g; s,/,%2F,g')
curl -sSf -o "$folder/store.der" "$HTTP_URL/certificates/search.cgi?certHash=$key"
cmp -s "$folder/certificate.der" "$folder/store.der" || { echo "directory and store do not agree" >&2; exit 1; }

# 3. Chain, and the revocation list that each certificate names (RFC 5280 section 4.2.1.13): an authority of many certificates parts
#    its list, and no certificate is on another's part. Several addresses are several ways to the same; a root names none.
curl -sSf -o "$folder/chain.pem" "$HTTP_URL/repository/chain.pem"
fetch_list() {
    local addresses address
    addresses=$(openssl x509 -in "$1" -noout -ext crlDistributionPoints 2>/dev/null | sed -n 's/^ *URI:\(http:.*\)$/\1/p')
    for address in $addresses; do
        if curl -sSf -o "$folder/list.crl" "$address" && openssl crl -inform DER -in "$folder/list.crl" >>"$folder/lists.pem"; then
            return 0
        fi
    done
    [[ -z $addresses ]]
}
awk -v folder="$folder" '/BEGIN CERTIFICATE/ { n++ } n { print > (folder "/above" n ".pem") }' "$folder/chain.pem"
for certificate in "$folder"/certificate.pem "$folder"/above*.pem; do
    fetch_list "$certificate" || { echo "$address: no revocation list" >&2; exit 1; }
done
[[ -s $folder/lists.pem ]] || { echo "$address: no certificate names a revocation list" >&2; exit 1; }
openssl verify -CAfile "$ROOT" -untrusted "$folder/chain.pem" -CRLfile "$folder/lists.pem" -crl_check_all "$folder/certificate.pem" >&2 || exit 1

# 4. Status now, where the certificate names an OCSP service.
ocsp=$(openssl x509 -in "$folder/certificate.pem" -noout -ocsp_uri)
if [[ -n $ocsp ]]; then
    openssl x509 -in "$folder/chain.pem" -out "$folder/issuer.pem"
    said=$(openssl ocsp -url "$ocsp" -sha256 -issuer "$folder/issuer.pem" -cert "$folder/certificate.pem" -CAfile "$ROOT" \
        -verify_other "$folder/chain.pem" 2>/dev/null) || { echo "no answer from $ocsp" >&2; exit 1; }
    grep -q ': good$' <<<"$said" || { echo "$said" >&2; exit 1; }
fi

cp "$folder/certificate.pem" certificate.pem
openssl x509 -in certificate.pem -noout -subject -enddate -nameopt utf8
