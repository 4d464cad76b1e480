#!/usr/bin/env bash
# applications.sh TABLE: applications for cards, filed as the portal files them, and accepted by the officers of both reviews, so
# that cards can be made at once. slapd and the signer of the instance in XCA_HOME run. Writes XCA_HOME/applications: number,
# organisation and user code, a line each.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
check_names

admin() { "$build/xca-admin" --settings "$home/xca.conf" "$@"; }

code_hash() { # user code
    local salt
    salt=$(openssl rand -hex 16)
    printf 'scrypt$15$8$1$%s$%s' "$(printf %b "$(sed 's/../\\x&/g' <<<"$salt")" | base64)" \
        "$(openssl kdf -keylen 32 -kdfopt "pass:$1" -kdfopt "hexsalt:$salt" -kdfopt n:32768 -kdfopt r:8 -kdfopt p:1 \
            -kdfopt maxmem_bytes:67108864 -binary SCRYPT | base64)"
}

# The numbers are far behind those that the portal's counter gives.
file_case() { # row
    local now
    now=$(date -u -d "@$(($(date +%s) + clock_offset))" +%Y%m%d%H%M%SZ)
    ldapadd -x -H "ldap://127.0.0.1:$ldap_port" -D "cn=portal,ou=services,ou=XCA,c=TW" -y "$home/secrets/portal.password" <<LDIF
dn: xcaCaseNumber=$number,ou=cases,ou=XCA,c=TW
objectClass: xcaCase
xcaCaseNumber: $number
xcaKind: card
xcaRank: $rank
xcaState: filed
xcaRevision: 1
xcaFiled: $now
xcaStateChanged: $now
xcaOrgClass: $class
o: $name
xcaUbn: $ubn
xcaCounty: $county
xcaDistrict: $district
postalCode: $zip
xcaAddress: $street
xcaPhone: $phone
mail: $mail
xcaContactName: 示範連絡人
xcaContactMail: $mail
xcaContactCounty: $county
xcaContactDistrict: $district
xcaContactZip: $zip
xcaContactStreet: $street
xcaContactPhone: $phone
xcaWindow: $window
xcaCodeHash: $(code_hash "$code")
LDIF
}

accept() { # officer, more
    admin review accept "$number" --officer "$1" --key "$home/officers/$1.p12" --password-file "$home/officers/password" "${@:2}"
}

wait_for_approval() {
    local tenths=300
    until admin review list --state approved | grep -q "^$number"; do
        ((tenths-- > 0)) || fail "The application $number is not approved; see $home/log."
        sleep 0.1
    done
}

count=0
while IFS=, read -r rank class name ubn county district zip street phone mail window code; do
    [[ $rank != rank ]] || continue
    count=$((count + 1))
    number=$(printf '04001%020d' "$((9000000000000000000 + count))")
    {
        file_case
        accept "ra-$window" --letter 示範字第1150000001號
        accept central-1
        wait_for_approval
    } >>"$home/log/make.log"
    printf '%s\t%s\t%s\n' "$number" "$name" "$code" >>"$home/applications"
done < <(tr -d '\r' <"$1")
