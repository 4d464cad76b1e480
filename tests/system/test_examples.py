"""The example programs of the page 電子憑證應用程式介面: what stands there is what can be downloaded, and it works."""

import os
import re
import subprocess
import time

import pytest
from applying import revoke
from certifying import publish
from conftest import TOP
from visiting import Visitor

EXAMPLES = TOP / "htdocs" / "examples"


def run(*command, **more):
    return subprocess.run([str(c) for c in command], capture_output=True, text=True, timeout=60, **more)


@pytest.fixture(scope="module")
def programs(instance, tmp_path_factory):
    """Downloaded as anyone would, and compiled."""
    folder = tmp_path_factory.mktemp("examples")
    for name in ("verify.c", "lookup.sh"):
        answer = Visitor(instance).get("/interface/" + name)
        assert answer.status == 200 and name in answer.headers["Content-Disposition"]
        assert answer.body == (EXAMPLES / name).read_bytes()
        (folder / name).write_bytes(answer.body)
    (folder / "lookup.sh").chmod(0o755)
    flags = run("pkg-config", "--cflags", "--libs", "libcurl", "libcrypto", "jansson").stdout.split()
    made = run("cc", "-std=c11", "-Wall", "-Wextra", "-Werror", "-fsanitize=address,undefined", "-o", folder / "verify", folder / "verify.c", *flags)
    assert made.returncode == 0, made.stderr
    return folder


@pytest.fixture(scope="module")
def holder(instance, tmp_path_factory):
    folder = tmp_path_factory.mktemp("holder")
    key, _, serial = publish(instance, folder, "example-signer@example.org.tw", use="signature")
    (folder / "my.pem").write_text(Visitor(instance).get("/certificates/%s?download=pem" % serial).text)
    (folder / "my.cer").write_bytes(Visitor(instance).get("/certificates/%s?download=der" % serial).body)
    (folder / "letter").write_text("公文一件\n" * 100000)
    signed = run("openssl", "cms", "-sign", "-binary", "-in", folder / "letter", "-signer", folder / "my.pem", "-inkey", key, "-outform", "DER",
                 "-out", folder / "letter.p7s")
    assert signed.returncode == 0, signed.stderr
    return folder, serial


def test_the_page_shows_what_is_downloaded(instance):
    for language, title in (("zh", "電子憑證應用程式介面"), ("en", "Programming interface")):
        visitor = Visitor(instance, language=language)
        page = visitor.get("/interface")
        assert page.status == 200 and title in page.main
        sources = [(e.text or "").removeprefix("\n") for e in page.elements() if e.tag == "pre"]
        for name in ("verify.c", "lookup.sh"):
            assert (EXAMPLES / name).read_text("utf-8") in sources
        assert "/interface" in [e.get("href") for e in visitor.get("/sitemap").elements() if e.tag == "a"]
    assert Visitor(instance).get("/interface/nothing.c").status == 404


def test_the_c_program_verifies_signatures_and_certificates(instance, programs, holder, tmp_path):
    folder, serial = holder
    verify = [programs / "verify", instance.url, instance.home / "ca/root.pem"]
    done = run(*verify, folder / "letter", folder / "letter.p7s")
    assert done.returncode == 0 and done.stdout.endswith("\ngood\n"), done.stdout + done.stderr
    for check in ("digest", "signature", "chain", "validity", "status", "policy", "key-usage", "organisation", "class"):
        assert "pass %s" % check in done.stdout
    done = run(*verify, folder / "my.cer")
    assert done.returncode == 0, done.stdout + done.stderr
    (tmp_path / "other").write_text("another letter")
    done = run(*verify, tmp_path / "other", folder / "letter.p7s")
    assert done.returncode == 1 and "fail digest" in done.stdout and done.stdout.endswith("NOT good\n")
    # what cannot be asked is told
    done = run(*verify, tmp_path / "other")
    assert done.returncode == 2 and "certificate" in done.stderr
    assert run(programs / "verify", "https://localhost:1", instance.home / "ca/root.pem", folder / "my.cer").returncode == 2
    # another root is not trusted
    assert run(programs / "verify", instance.url, instance.home / "ca/officer-ca.pem", folder / "my.cer").returncode == 2
    revoke(instance, serial)
    done = run(*verify, folder / "letter", folder / "letter.p7s")
    assert done.returncode == 1 and "fail status" in done.stdout


def with_curl_that_tells(folder, refused=()):
    """A folder for PATH: its curl notes what it fetches, and is the real one; what is refused it does not get."""
    folder.mkdir()
    lines = ["#!/bin/bash", 'for one in "$@"; do [[ $one == http* ]] && echo "$one" >>"%s/fetched"; done' % folder]
    lines += ['[[ " $*" == *"%s" ]] && exit 22' % end for end in refused]
    (folder / "curl").write_text("\n".join(lines + ['exec /usr/bin/curl "$@"', ""]))
    (folder / "curl").chmod(0o755)
    return "%s:%s" % (folder, os.environ["PATH"])


def test_the_shell_program_fetches_the_lists_that_certificates_name(instance, programs, tmp_path):
    """Of a parted list the certificate's own part, not the one list that grows with all."""
    address = "example-parted@example.org.tw"
    _, _, serial = publish(instance, tmp_path, address, use="encryption")
    environment = dict(instance.environment, LDAP_URL=instance.ldap_uri, HTTP_URL=instance.plain, ROOT=str(instance.home / "ca/root.pem"))
    environment["PATH"] = with_curl_that_tells(tmp_path / "telling", ["/repository/xca.crl"])
    until = time.monotonic() + 15
    while True:
        done = run(programs / "lookup.sh", address, cwd=tmp_path, env=environment)
        if done.returncode == 0 or time.monotonic() > until:
            break
        time.sleep(0.5)
    assert done.returncode == 0, done.stdout + done.stderr
    shown = run("openssl", "x509", "-in", tmp_path / "certificate.pem", "-noout", "-text").stdout
    named = re.findall(r"URI:(http:\S+\.crl)", shown)
    assert named and "/repository/crl/" in named[0]
    fetched = (tmp_path / "telling/fetched").read_text().split()
    assert named[0] in fetched and any(one.endswith("/root.crl") for one in fetched), fetched
    # without any list that it names, nothing is good
    environment["PATH"] = with_curl_that_tells(tmp_path / "refusing", [one.removeprefix(instance.plain) for one in named])
    done = run(programs / "lookup.sh", address, cwd=tmp_path, env=environment)
    assert done.returncode == 1 and "no revocation list" in done.stderr


def test_the_shell_program_finds_and_checks_a_certificate(instance, programs, tmp_path):
    address = "example-reader@example.org.tw"
    _, _, serial = publish(instance, tmp_path, address, use="encryption")
    environment = dict(instance.environment, LDAP_URL=instance.ldap_uri, HTTP_URL=instance.plain, ROOT=str(instance.home / "ca/root.pem"))
    until = time.monotonic() + 15
    while True:  # list and OCSP know of a new certificate within seconds
        done = run(programs / "lookup.sh", address, cwd=tmp_path, env=environment)
        if done.returncode == 0 or time.monotonic() > until:
            break
        time.sleep(0.5)
    assert done.returncode == 0 and "subject=" in done.stdout, done.stdout + done.stderr
    shown = run("openssl", "x509", "-in", tmp_path / "certificate.pem", "-noout", "-serial").stdout
    assert shown.strip().lower() == "serial=" + serial.lower()
    assert run(programs / "lookup.sh", "nobody@example.org.tw", cwd=tmp_path, env=environment).returncode == 1
    assert run(programs / "lookup.sh", "*)(mail=*", cwd=tmp_path, env=environment).returncode == 2
    # an own root instead of the right one
    done = run(programs / "lookup.sh", address, cwd=tmp_path, env=dict(environment, ROOT=str(instance.home / "ca/officer-ca.pem")))
    assert done.returncode == 1
