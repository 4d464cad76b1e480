#!/usr/bin/env bash
# service.sh slapd|signer|httpd|readers|card-1|card-2: becomes that server, or the card readers, or a card in its reader, of
# the instance in XCA_HOME, in the foreground. It is not ended by a Ctrl-C at the terminal: whoever started it stops the
# servers in the right order (common.sh: stop_servers). CARD_OUT=1: the card lies beside its reader.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
check_names

# A module built with a sanitizer needs its runtime from the start, which Debian's httpd was not linked with.
runtime_of_the_sanitizer() {
    ldd "$build/mod_xca.so" | sed -nE 's/^[[:space:]]*libasan\.so[^ ]* => ([^ ]+) .*/\1/p'
}

name=${1:-}
case $name in
slapd) command=(slapd -h "ldap://127.0.0.1:$ldap_port" -f "$home/slapd.conf" -d 0) ;;
signer) command=("$build/xca-signer" --settings "$home/xca.conf") ;;
httpd)
    command=(apache2 -f "$home/httpd.conf" -D FOREGROUND)
    # Idle connections are descriptors (AsyncRequestWorkerFactor).
    ulimit -Sn "$(ulimit -Hn)"
    runtime=$(runtime_of_the_sanitizer)
    [[ -z $runtime ]] || command=(env "LD_PRELOAD=$runtime" "${command[@]}")
    ;;
readers) command=("$build/cardreader" "$(readers_folder)" 2) ;;
card-[12])
    command=("$build/cardsim" --reader "$(readers_folder)/slot-$((${name#card-} - 1))" --state "$home/cards/$name"
        --control "$(readers_folder)/$name.control")
    [[ -z ${CARD_OUT:-} ]] || command+=(--out)
    ;;
*) fail "service.sh slapd|signer|httpd|readers|card-1|card-2" ;;
esac

# A session of its own keeps the terminal's Ctrl-C away. The process id must stay: setsid would fork for a group leader.
session=(setsid)
if [[ $(cut -d' ' -f5 "/proc/$$/stat") == "$$" ]]; then
    session=()
fi
printf '%s\n' "$$" >"$home/run/$name.pid"
exec "${session[@]}" "${command[@]}"
