#!/usr/bin/env bash
# make.sh: makes the demo instance in XCA_HOME: keys, certificates, directory, officers, organisations. One that is
# complete is left as it is; one that was cut off in the making is made again.
# XCA_DEMO_DATA: folder of the tables (tools/demo/data).
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
check_names
data=$(absolute "${XCA_DEMO_DATA:-$top/tools/demo/data}")

prepare_folder() {
    mkdir -p "$home"
    if [[ ! -e $mark ]]; then
        [[ -z $(ls -A "$home") ]] || fail "$home is not empty and no instance of the demo: please choose another XCA_HOME."
        printf 'An instance of the demo. "make run-clean" removes this folder.\n' >"$mark"
    fi
}

empty_folder() {
    find "$home" -mindepth 1 -maxdepth 1 ! -name lock ! -path "$mark" -exec rm -rf -- {} +
    mkdir "$home"/{ca,cards,secrets,officers,ldap,log,outbox,run}
}

random_hex() { od -An -v -tx1 -N"$1" /dev/urandom | tr -d ' \n'; }

make_secrets() {
    local name
    for name in portal signer admin; do
        random_hex 24 >"$home/secrets/$name.password"
    done
    random_hex 12 >"$home/officers/password"
    random_hex 32 >"$home/secrets/portal.key" # no byte that is a line end, which would not count
}

admin() { "$build/xca-admin" --settings "$home/xca.conf" "$@"; }

add_officers() {
    local uid role window title person=0
    while IFS=, read -r uid role window title; do
        person=$((person + 1))
        [[ $uid == uid || -z $uid ]] && continue
        admin officer add --uid "$uid" --role "$role" --title "$title" --person "$person" \
            ${window:+--window "$window"} --ca-folder "$home/ca" \
            --password-file "$home/officers/password" --out "$home/officers/$uid.p12" >>"$home/log/make.log"
    done < <(tr -d '\r' <"$data/officers.csv")
}

import_organisations() {
    local table
    for table in "$data"/*.csv; do
        case ${table##*/} in
        windows.csv | officers.csv | applications.csv) continue ;;
        esac
        say "  organisations of ${table##*/}"
        # Rows that are wrong are named in the log; the others go in.
        admin oid import "$table" >>"$home/log/make.log" 2>&1 || (($? == 2))
    done
}

add_applications() {
    [[ -e $data/applications.csv ]] || return 0
    say "  applications for cards"
    start_server signer
    wait_for signer 30 "$!" || exit 1
    "$top/tools/demo/applications.sh" "$data/applications.csv"
}

prepare_folder
lock_home
[[ ! -e $home/made ]] || exit 0
stop_servers
empty_folder
say "Making the demo instance in $home"
check_ports_free
make_secrets
configure
say "  keys and certificates"
admin ca init --folder "$home/ca" --dns localhost \
    --root-list-url "http://localhost:$http_port/repository/root.crl" >>"$home/log/make.log"
"$top/tools/demo/first-load.sh"
start_server slapd
trap stop_servers EXIT
wait_for slapd 20 "$!" || exit 1
say "  directory"
admin directory prepare >>"$home/log/make.log"
say "  windows and officers"
admin window import "$data/windows.csv" >>"$home/log/make.log"
add_officers
import_organisations
say "  news, questions and answers"
admin content import "$top"/conf/content/*.xml >>"$home/log/make.log"
add_applications
stop_servers
trap - EXIT
: >"$home/made"
