#!/usr/bin/env bash
# what-to-try.sh: a short walk for the first visitor, with this instance's own paths.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

q() { printf '%q' "$1"; }
admin="$(q "$build/xca-admin") --settings $(q "$home/xca.conf")"
cat <<TEXT
  certificate of this demo's root (to trust it in a browser): $home/ca/root.pem
  plain HTTP for programs:  http://localhost:$http_port/repository/      LDAP: ldap://127.0.0.1:$ldap_port/
  mail it sends:            $home/outbox/      logs: $home/log/

A walk from an application to a certificate:
 1. Make a key and a request:
      openssl req -new -newkey rsa:2048 -nodes -keyout my.key -out my.csr -subj /CN=any
 2. Open https://localhost:$https_port/ , 組織及團體憑證申請 → 申請組織及團體非IC卡類憑證, search an organisation
    (for example 藥局 or 基金會), fill in the form, upload my.csr, note the case number and the user code.
 3. First review by the window you chose, second review by the centre:
      $admin review list
      $admin review show CASE
      $admin review accept CASE --letter 1150000001 \\
          --officer ra-WINDOW --key $(q "$home/officers")/ra-WINDOW.p12 --password-file $(q "$home/officers/password")
      $admin review accept CASE \\
          --officer central-1 --key $(q "$home/officers/central-1.p12") --password-file $(q "$home/officers/password")
 4. The signer issues at once. The name of the notice in $home/outbox begins with the serial number.
    Accept with it and the user code: 憑證及IC卡相關作業 → 非IC卡類憑證接受.
 5. Mail clients find it now:
      ldapsearch -x -H ldap://127.0.0.1:$ldap_port -b c=TW '(mail=YOUR-ADDRESS)'
Ctrl-C stops everything; the next "make run" goes on with the same data; "make run-clean" forgets it.
TEXT
