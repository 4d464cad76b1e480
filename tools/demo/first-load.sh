#!/usr/bin/env bash
# first-load.sh: the first entries of the directory of the instance in XCA_HOME, before slapd runs: the suffix and the
# programs' identities with their passwords (hashed). slapd.conf must be there already.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
check_names

mkdir -p "$home/ldap/main" "$home/ldap/mail"
text=$(<"$top/conf/services.ldif.in")
for name in portal signer admin; do
    hash=$(slappasswd -n -h '{ARGON2}' -o module-path=/usr/lib/ldap -o module-load=argon2 \
        -T "$home/secrets/$name.password")
    text=${text//"@${name^^}_PASSWORD@"/"$hash"}
done
slapadd -q -f "$home/slapd.conf" <<<"$text"
