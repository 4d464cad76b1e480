#!/usr/bin/env bash
# what-to-try.sh: a short walk for the first visitor, with this instance's own paths. Lines that begin with six spaces are commands
# for one terminal, one after the other.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

from_top() { printf '%q' "${1#"$top"/}"; } # file: as it is called in the folder of the clone
admin=$(from_top "$build/xca-admin")
card="$(from_top "$build/xca-card") --config $(from_top "$home/xca-card.conf")"
officers=$(from_top "$home/officers")

state_of() { # case
    local state
    for state in approved made dispatched; do
        if "$build/xca-admin" --settings "$home/xca.conf" review list --state "$state" 2>/dev/null | grep -q "^$1"; then
            printf '%s' "$state"
        fi
    done
}

# What is left to do until the card of the case can be activated.
until_activation() { # case state
    [[ $2 != approved ]] || cat <<TEXT
    - the card centre makes it, which takes some seconds:
      $card produce --case $1
TEXT
    [[ $2 != approved && $2 != made ]] || cat <<TEXT
    - and sends it by registered mail:
      $card dispatch --case $1 --mail-number 12345678901234 \\
          --card \$($admin card list --state made | grep $1 | cut -f1)
TEXT
}

first_card() { # case state organisation code
    cat <<TEXT
 The application of $3 is approved, its card will be in the first reader:
$(until_activation "$1" "$2")
    - the organisation activates it with its user code, $4, and notes the PIN that is shown:
      $card activate
      $card info
      $card test
TEXT
}

second_card() { # case state organisation code
    cat <<TEXT
 The application of $3 is approved too, its card will be in the second reader:
      tools/demo/card.sh 1 pull
      tools/demo/card.sh 2 insert
$(until_activation "$1" "$2")
    - the organisation activates it in the browser, with its user code, $4, at the link that this prints:
      $card serve
TEXT
}

cards() {
    local number name code which=first_card state left=
    cat <<TEXT

Certificate IC cards: two virtual readers, a blank card in the first, and one beside the second:
      $card list
TEXT
    while IFS=$'\t' read -r number name code; do
        state=$(state_of "$number")
        if [[ -n $state ]]; then
            left=1
            "$which" "$number" "$state" "$name" "$code"
        fi
        which=second_card
    done < <(cat "$home/applications" 2>/dev/null)
    [[ -n $left ]] || cat <<TEXT
 The card that was made is shown, and tested with its PIN:
      $card info
      $card test
TEXT
    cat <<TEXT
 An application of your own: https://localhost:$https_port/ , 組織及團體憑證申請 → 申請組織及團體憑證IC卡, then both reviews as above, and the card
 for it is made on a new blank in the first reader:
      tools/demo/card.sh 1 new
      $card queue
      $card produce --case CASE
 The hand at the readers, which pulls cards and puts them in:
      tools/demo/card.sh --help
TEXT
}

terminal() {
    printf '      cd %q\n' "$top"
    [[ $home == "$top/build/demo" ]] || printf '      export XCA_HOME=%s\n' "$(from_top "$home")"
    [[ $build == "$top/build" ]] || printf '      export BUILD=%s\n' "$(from_top "$build")"
    printf '      export XCA_SETTINGS=%s\n' "$(from_top "$home/xca.conf")"
    [[ ! -s $home/run/readers ]] || printf '      export PCSCLITE_CSOCK_NAME=%q\n' "$(readers_folder)/pcscd.comm"
}

cat <<TEXT
  certificate of this demo's root (to trust it in a browser): $home/ca/root.pem
  plain HTTP for programs:  http://localhost:$http_port/repository/      LDAP: ldap://127.0.0.1:$ldap_port/
  mail it sends:            $home/outbox/      logs: $home/log/

What to try, in another terminal:
$(terminal)

A walk from an application to a certificate:
 1. Make a key and a request:
      openssl req -new -newkey rsa:2048 -nodes -keyout my.key -out my.csr -subj /CN=any
 2. Open https://localhost:$https_port/ , 組織及團體憑證申請 → 申請組織及團體非IC卡類憑證, search an organisation
    (for example 藥局 or 基金會), fill in the form, upload my.csr, note the case number and the user code.
 3. First review by the window you chose, second review by the centre:
      $admin review list
      $admin review show CASE
      $admin review accept CASE --letter 1150000001 \\
          --officer ra-WINDOW --key $officers/ra-WINDOW.p12 --password-file $officers/password
      $admin review accept CASE \\
          --officer central-1 --key $officers/central-1.p12 --password-file $officers/password
 4. The signer issues at once. The name of the notice in $home/outbox begins with the serial number.
    Accept with it and the user code: 憑證及IC卡相關作業 → 非IC卡類憑證接受.
 5. Mail clients find it now:
      ldapsearch -x -H ldap://127.0.0.1:$ldap_port -b c=TW '(mail=YOUR-ADDRESS)'
$([[ ! -s $home/run/readers ]] || cards)

Ctrl-C stops everything; the next "make run" goes on with the same data; "make run-clean" forgets it.
TEXT
