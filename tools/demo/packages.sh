#!/usr/bin/env bash
# packages.sh LIST...: installs those Debian packages of the lists (conf/packages-*.txt) that are missing.
set -euo pipefail

missing=()
while read -r name; do
    status=$(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null) || status=
    [[ $status == installed ]] || missing+=("$name")
done < <(sed -e 's/#.*//' -e '/^[[:space:]]*$/d' "$@" | sort -u)

if ((${#missing[@]} == 0)); then
    exit 0
fi

root=()
if ((EUID != 0)); then
    if ! command -v sudo >/dev/null; then
        printf 'xca: these packages are missing, and without sudo only root can install them:\n  apt-get install %s\n' \
            "${missing[*]}" >&2
        exit 1
    fi
    root=(sudo)
fi

export DEBIAN_FRONTEND=noninteractive
printf 'Installing %d packages: %s\n' "${#missing[@]}" "${missing[*]}"
# Debian would start a directory of its own on port 389; the demo has its own configuration. apt-get itself runs the
# command that says so, before dpkg: whoever may run nothing but apt-get by sudo can install, too.
settings=()
if [[ " ${missing[*]} " == *" vsmartcard-vpcd "* ]]; then
    # With this file the system's own pcscd would have a reader that listens on every interface; the demo needs the driver alone.
    settings+=(-o 'DPkg::Options::=--path-exclude=/etc/reader.conf.d/vpcd')
fi
if [[ " ${missing[*]} " == *" slapd "* ]]; then
    settings+=(-o 'DPkg::Pre-Invoke::=echo slapd slapd/no_configuration boolean true | debconf-set-selections')
fi
"${root[@]}" apt-get -q update
"${root[@]}" apt-get -q -y --no-install-recommends "${settings[@]}" -o DPkg::Lock::Timeout=120 install "${missing[@]}"
