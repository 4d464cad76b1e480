#!/usr/bin/env bash
# verify.sh [--head NUMBER:HASH]... CA.pem [FILE]: verifies an audit log that "xca-admin audit export --format text" wrote (FILE or standard input), with
# nothing of this project: bash, coreutils and openssl. CA.pem is the certificate of the authority; a head is one that was noted
# earlier, which the log must still have. Prints the head, or the first entry that is wrong (exit status 1). README.md beside it
# describes the format.
set -u
export LC_ALL=C
usage() { printf 'usage: %s [--head NUMBER:HASH]... CA.pem [FILE]\n' "$0" >&2; exit 2; }
heads=()
while [[ ${1:-} == --head ]]; do
    [[ ${2:-} =~ ^[1-9][0-9]{0,14}:[0-9a-f]{64}$ ]] || usage
    heads+=("$2")
    shift 2
done
[[ $# -ge 1 && $# -le 2 ]] || usage
ca=$1
usage=2.25.324061906216893514827140394867195218907.3.1
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT

number=0
hash=$(printf '%064d' 0)

wrong() { printf 'bad: %d\nwrong: %s\n' "$((number + 1))" "$1"; exit 1; }

value() { sed -n "s/^$1: //p" "$work/text"; } # of a line of the entry

# The certificate of the log's key: by the authority, for this purpose alone.
take_key() {
    value details | sed -n 's/^certificate=//p' | openssl base64 -d -A >"$work/key.der"
    openssl x509 -inform DER -in "$work/key.der" -out "$work/key.pem" 2>/dev/null || wrong 'no certificate'
    openssl verify -no_check_time -partial_chain -trusted "$ca" "$work/key.pem" >/dev/null 2>&1 || wrong 'certificate not of this authority'
    [[ $(openssl x509 -in "$work/key.pem" -noout -ext extendedKeyUsage | sed -n '2s/^ *//p') == "$usage" ]] ||
        wrong 'certificate for another purpose'
    openssl x509 -in "$work/key.pem" -noout -pubkey >"$work/key.pub"
}

check_entry() { # signature in base64
    [[ $(head -n 1 "$work/text") == XCA-AUDIT-1 ]] || wrong 'no entry'
    [[ $(value number) == "$((number + 1))" ]] || wrong "number $(value number)"
    [[ $(value previous) == "$hash" ]] || wrong 'does not follow the entry before it'
    [[ $(value kind) != audit-key ]] || take_key
    printf '%s' "$1" | openssl base64 -d -A >"$work/signature"
    openssl dgst -sha256 -verify "$work/key.pub" -signature "$work/signature" "$work/text" >/dev/null 2>&1 || wrong 'signature'
    hash=$(sha256sum <"$work/text")
    hash=${hash%% *}
    for head in "${heads[@]}"; do
        [[ $head == "$((number + 1)):"* && $head != *":$hash" ]] && wrong 'another entry than when a head was noted'
    done
    number=$((number + 1))
}

: >"$work/text"
while IFS= read -r line || [[ -n $line ]]; do
    case $line in
    'signature: '*)
        check_entry "${line#signature: }"
        : >"$work/text"
        ;;
    '') ;; # between entries
    *) printf '%s\n' "$line" >>"$work/text" ;;
    esac
done < <(cat -- "${2:--}")
[[ ! -s $work/text ]] || wrong 'no signature'
((number > 0)) || { printf 'nothing to verify\n' >&2; exit 2; }
for head in "${heads[@]}"; do
    ((${head%%:*} <= number)) || wrong 'the log ends before a head that was noted'
done
printf 'verified: %d\nhead: %d:%s\n' "$number" "$number" "$hash"
