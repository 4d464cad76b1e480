"""Revocation lists as checkers of other makers take them: OpenSSL with deltas and partitions, GnuTLS; and as HTTP and LDAP give them."""

import re
import ssl
import subprocess
import time
import urllib.error
import urllib.request

import ldap
import pytest
from applying import download, revoke
from certifying import change_state, publish
from conftest import BASE

ADDRESS = "lists@example.org.tw"


@pytest.fixture(scope="module")
def certificate(instance, tmp_path_factory):
    """A published certificate's file, its serial number, and the folder."""
    folder = tmp_path_factory.mktemp("lists")
    _, case, serial = publish(instance, folder, ADDRESS)
    to_pem(download(instance, "certificates/%s.cer" % serial, folder / "my.cer"), folder / "my.pem", "x509")
    return folder / "my.pem", serial, folder


def to_pem(der, pem, kind):
    subprocess.run(["openssl", kind, "-inform", "DER", "-in", der, "-out", pem], check=True, capture_output=True)
    return pem


def text_of(instance, name):
    return subprocess.run("curl -sf %s/repository/%s | openssl crl -inform DER -noout -text" % (instance.plain, name), shell=True,
                          capture_output=True, text=True, check=True).stdout


def points_of(pem):
    said = subprocess.run(["openssl", "x509", "-in", pem, "-noout", "-ext", "crlDistributionPoints"], capture_output=True, text=True,
                          check=True).stdout
    return re.findall(r"URI:(\S+)", said)


def number_of(text, what="CRL Number"):
    return int(re.search(r"X509v3 %s: (?:critical)?\s+([0-9]+|0x[0-9A-F]+)" % what, text).group(1), 0)


def partition_of(instance, pem):
    """The name that the certificate gives, which is its own list's."""
    first = points_of(pem)[0]
    assert first.startswith(instance.plain + "/repository/crl/"), first
    return first[len(instance.plain + "/repository/"):]


def wait_until_newer(instance, name, number, seconds=15):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        text = text_of(instance, name)
        if number_of(text) > number:
            time.sleep(1.5)  # the other processes of httpd may show the list before for a second
            return text_of(instance, name)
        time.sleep(0.2)
    raise AssertionError("%s is still number %d" % (name, number))


class Checker:
    """openssl verify with lists that were fetched at some time."""

    def __init__(self, instance, folder):
        self.instance, self.folder, self.count = instance, folder, 0
        self.keep("root.crl")

    def keep(self, name):
        """Fetches a list; gives the file."""
        self.count += 1
        der = download(self.instance, name, self.folder / ("list%d.crl" % self.count))
        return to_pem(der, self.folder / ("list%d.pem" % self.count), "crl")

    def verify(self, pem, *lists):
        both = self.folder / "lists.pem"
        both.write_bytes(b"".join(one.read_bytes() for one in lists))
        return subprocess.run(["openssl", "verify", "-crl_check", "-extended_crl", "-use_deltas", "-x509_strict", "-CRLfile", both,
                               "-CAfile", self.instance.home / "ca/root.pem", "-untrusted", self.instance.home / "ca/ca.pem", pem],
                              capture_output=True, text=True)

    def good(self, pem, *lists):
        said = self.verify(pem, *lists)
        assert said.returncode == 0, said.stderr

    def revoked(self, pem, *lists):
        said = self.verify(pem, *lists)
        assert said.returncode != 0 and "certificate revoked" in said.stderr, said.stdout + said.stderr


def test_a_certificate_names_its_partition_and_then_the_full_list(instance, certificate):
    pem, serial, _ = certificate
    points = points_of(pem)
    part = (int(serial[:4], 16) - 0x4000) * 4 // 0x4000
    assert points[:2] == [instance.plain + "/repository/crl/4-%d.crl" % part, instance.plain + "/repository/crl/full.crl"]
    assert points[2].startswith("ldap://")


def test_openssl_follows_a_change_by_partition_by_full_list_and_by_delta(instance, certificate):
    pem, serial, folder = certificate
    own = partition_of(instance, pem)
    delta = own.replace(".crl", "-delta.crl")
    others = ["crl/4-%d.crl" % part for part in range(4) if "crl/4-%d.crl" % part != own]
    checker = Checker(instance, folder)
    before_own, before_full = checker.keep(own), checker.keep("crl/full.crl")
    checker.good(pem, before_own)
    checker.good(pem, before_full)
    said = checker.verify(pem, *[checker.keep(other) for other in others])
    assert "unable to get certificate CRL" in said.stderr or "different CRL scope" in said.stderr, said.stderr  # not of its scope

    number = number_of(text_of(instance, own))
    change_state(instance, serial, "suspend")
    text = wait_until_newer(instance, own, number)
    assert "Certificate Hold" in text and "X509v3 Issuing Distribution Point: critical" in text and "X509v3 Freshest CRL" in text
    text = text_of(instance, delta)
    assert "X509v3 Delta CRL Indicator: critical" in text and "Freshest" not in text
    assert number_of(text) == number_of(text_of(instance, own)) and number_of(text, "Delta CRL Indicator") <= number
    for name, before in ((own, before_own), ("crl/full.crl", before_full)):
        checker.revoked(pem, checker.keep(name))
        checker.good(pem, before)  # who has the list of before alone does not know it yet
        checker.revoked(pem, before, checker.keep(name.replace(".crl", "-delta.crl")))

    held = checker.keep(own)
    number = number_of(text_of(instance, own))
    change_state(instance, serial, "resume")
    wait_until_newer(instance, own, number)
    assert "Remove From CRL" in text_of(instance, delta)
    checker.good(pem, checker.keep(own))
    checker.revoked(pem, held)
    checker.good(pem, held, checker.keep(delta))
    checker.good(pem, checker.keep("xca.crl"))


def test_gnutls_takes_the_lists(instance, certificate, tmp_path):
    pem, serial, folder = certificate
    chain = tmp_path / "chain.pem"
    chain.write_bytes(pem.read_bytes() + (instance.home / "ca/ca.pem").read_bytes())
    # certtool wants a list of each CA; the partition's, as well as the full one
    for name in (partition_of(instance, pem), "crl/full.crl"):
        lists = tmp_path / "lists.pem"
        lists.write_bytes(b"".join(to_pem(download(instance, one, tmp_path / "one.crl"), tmp_path / "one.pem", "crl").read_bytes()
                                   for one in (name, "root.crl")))
        said = subprocess.run(["certtool", "--verify", "--verify-profile=low", "--infile", chain, "--load-ca-certificate",
                               instance.home / "ca/root.pem", "--load-crl", lists], capture_output=True, text=True)
        assert said.returncode == 0 and "Chain verification output: Verified" in said.stdout, said.stdout + said.stderr


def fetch(address, headers=None, method="GET"):
    any_host = ssl._create_unverified_context()
    try:
        answer = urllib.request.urlopen(urllib.request.Request(address, headers=headers or {}, method=method), timeout=20,
                                        context=any_host)
        return answer.status, answer.read(), answer.headers
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read(), refused.headers


def test_http_gives_lists_whole_in_ranges_and_not_twice(instance, certificate):
    address = "%s/repository/%s" % (instance.plain, partition_of(instance, certificate[0]))
    status, body, headers = fetch(address)
    assert status == 200 and headers["Content-Type"] == "application/pkix-crl" and int(headers["Content-Length"]) == len(body)
    assert headers["Accept-Ranges"] == "bytes" and headers["Last-Modified"] and headers["Expires"]
    assert 0 < int(re.search(r"max-age=(\d+)", headers["Cache-Control"]).group(1)) <= 3600
    assert fetch(address, {"If-None-Match": headers["ETag"]})[0] == 304
    assert fetch(address, {"If-Modified-Since": headers["Last-Modified"]})[0] == 304
    status, part, cut = fetch(address, {"Range": "bytes=10-49"})
    assert (status, part) == (206, body[10:50]) and cut["Content-Range"] == "bytes 10-49/%d" % len(body)
    # a download that was cut goes on, unless the list is another one
    assert fetch(address, {"Range": "bytes=100-", "If-Range": headers["ETag"]})[:2] == (206, body[100:])
    assert fetch(address, {"Range": "bytes=100-", "If-Range": '"another"'})[:2] == (200, body)
    assert fetch(address, {"Range": "bytes=100-", "If-Match": headers["ETag"]})[:2] == (206, body[100:])
    assert fetch(address, {"Range": "bytes=100-", "If-Match": '"another"'})[:2] == (412, b"")
    assert fetch(address, {"Range": "bytes=%d-" % (len(body) + 5)})[0] == 416


def test_lists_that_are_none_are_not_found(instance):
    for name in ("4-4.crl", "04-1.crl", "4-1", "rest.crl", "root.crl", "..%2fxca.crl", "4-1-delta-delta.crl", "-delta.crl", ".crl",
                 "9999999999999999999-1.crl"):
        assert fetch("%s/repository/crl/%s" % (instance.plain, name))[0] == 404, name


def test_ldap_has_a_leaf_for_each_list(instance):
    anonymous = instance.bind()
    found = dict((v["cn"][0].decode(), v) for _, v in anonymous.search_s(
        "ou=crl," + BASE, ldap.SCOPE_ONELEVEL, "(objectClass=cRLDistributionPoint)"))
    assert set(found) == {"full", "root", "4-0", "4-1", "4-2", "4-3"}
    for name, entry in found.items():
        assert entry["certificateRevocationList;binary"] == [fetch("%s/repository/%s.crl" % (
            instance.plain, name if name == "root" else "crl/" + name))[1]]
        assert int(entry["xcaCrlBytes"][0]) == len(entry["certificateRevocationList;binary"][0]) < 10000000
        if name != "root":
            assert entry["deltaRevocationList;binary"] == [fetch("%s/repository/crl/%s-delta.crl" % (instance.plain, name))[1]]


def test_the_page_shows_all_lists(instance):
    status, body, _ = fetch(instance.url + "/repository", {"Accept": "text/html", "Cookie": "xca-lang=en"})
    page = body.decode()
    assert status == 200
    for name in ("/repository/xca.crl", "/repository/crl/full-delta.crl", "/repository/crl/4-3.crl", "/repository/crl/4-0-delta.crl",
                 "/repository/root.crl"):
        assert 'href="%s"' % name in page, name
    assert "4 lists with" in page


def test_a_revoked_certificate_is_on_its_lists(instance, certificate):
    pem, serial, folder = certificate
    own = partition_of(instance, pem)
    number = number_of(text_of(instance, own))
    revoke(instance, serial)
    text = wait_until_newer(instance, own, number)
    assert serial.upper() in text and "Key Compromise" in text
    checker = Checker(instance, folder)
    checker.revoked(pem, checker.keep(own))
    checker.revoked(pem, checker.keep("crl/full.crl"))
