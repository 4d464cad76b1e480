#!/usr/bin/env bash
# service.sh slapd|signer|httpd: becomes that server of the instance in XCA_HOME, in the foreground. It is not
# ended by a Ctrl-C at the terminal: whoever started it stops the servers in the right order (common.sh: stop_servers).
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
    runtime=$(runtime_of_the_sanitizer)
    [[ -z $runtime ]] || command=(env "LD_PRELOAD=$runtime" "${command[@]}")
    ;;
*) fail "service.sh slapd|signer|httpd" ;;
esac

# A session of its own keeps the terminal's Ctrl-C away. The process id must stay: setsid would fork for a group leader.
session=(setsid)
if [[ $(cut -d' ' -f5 "/proc/$$/stat") == "$$" ]]; then
    session=()
fi
printf '%s\n' "$$" >"$home/run/$name.pid"
exec "${session[@]}" "${command[@]}"
