#!/usr/bin/env bash
# applications.sh TABLE: applications for cards, filed by the portal's own code, and accepted by the officers of both reviews, so
# that cards can be made at once. slapd and the signer of the instance in XCA_HOME run. Writes XCA_HOME/applications: number,
# organisation and user code, a line each.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
check_names

admin() { "$build/xca-admin" --settings "$home/xca.conf" "$@"; }

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

filed=$("$build/applicant" "$home/xca.conf" "$1") || fail "The applications of $1 cannot be filed."
while IFS=$'\t' read -r number window name code; do
    {
        accept "ra-$window" --letter 示範字第1150000001號
        accept central-1
        wait_for_approval
    } >>"$home/log/make.log"
    printf '%s\t%s\t%s\n' "$number" "$name" "$code" >>"$home/applications"
done <<<"$filed"
