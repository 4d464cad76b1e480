#!/usr/bin/env bash
# start.sh: starts slapd, xca-signer and httpd of the instance in XCA_HOME on loopback, and two card readers; says when they
# answer, and stops them all on Ctrl-C or TERM, or when one of the servers ends.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
check_names
[[ -e $home/made ]] || fail "There is no complete instance in $home: start it by 'make run'."

lock_home
stop_servers
check_ports_free
configure

stopping=
pids=()
trap 'stopping=1' INT TERM HUP
trap 'trap "" INT TERM HUP; stop_servers' EXIT

for name in slapd signer httpd; do
    [[ $name != signer ]] || signer_log_from=$(($(wc -l 2>/dev/null <"$home/log/signer.log" || echo 0) + 1))
    start_server "$name"
    pids+=($!)
    # The signer's readiness is waited for last: httpd does not need it to start.
    [[ $name == signer ]] || wait_for "$name" 30 "$!" || exit 1
    [[ -z $stopping ]] || exit 0
done
wait_for signer 30 "${pids[1]}" || exit 1
if start_cards; then
    readers=$(our_process "$home/run/readers.pid")
else
    readers=
    stop_cards
    [[ -n $stopping ]] || say "The demo runs without its card readers; the log is $home/log/readers.log."
fi

# All is said at once and by bash itself: a Ctrl-C that comes just when a command ends, or one that is waited for, can be lost.
text=$("$top/tools/demo/what-to-try.sh") || true
say ""
say "ready: https://localhost:$https_port/"
printf '%s\n' "$text"

# No other process from here on (see is_running). A pause that a signal ends: nothing ever comes from there.
exec {never}<> <(:)
while [[ -z $stopping ]]; do
    for i in 0 1 2; do
        if ! is_running "${pids[i]}"; then
            [[ -n $stopping ]] && break
            names=(slapd signer httpd)
            fail "${names[i]} ended unexpectedly; see $home/log. The others are stopped."
        fi
    done
    if [[ -n $readers && -z $stopping ]] && ! is_running "$readers"; then
        readers=
        say "The card readers ended unexpectedly; see $home/log/readers.log. The servers go on."
    fi
    read -rt 0.5 -u "$never" || true
done
say ""
say "Stopping the card readers, httpd, signer and slapd."
