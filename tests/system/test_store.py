"""The certificate store of RFC 4387: programs find certificates and lists by search keys, and nothing that is not public."""

import base64
import email.parser
import email.policy
import hashlib
import http.client
import ssl
import subprocess
import time
import urllib.parse

import ldap
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from applying import foundation, revoke
from certifying import issue, publish
from conftest import BASE
from test_broken_directory import servers  # noqa: F401  (a fixture)

ADDRESS = "store@example.org.tw"


def ask(instance, query, path="/certificates/search.cgi", headers=None, method="GET"):
    """Over plain HTTP, as such programs do."""
    connection = http.client.HTTPConnection("localhost", instance.http, timeout=30)
    connection.request(method, path + ("?" + query if query is not None else ""), headers=headers or {})
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer, body


def search_key(data):
    return base64.b64encode(hashlib.sha1(data).digest()).decode().rstrip("=")


def escaped(key):
    return urllib.parse.quote(key, safe="")


def keys_of(certificate):
    """What a program computes with a library of its own."""
    identifier = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    issuer = certificate.issuer.public_bytes()
    length = (certificate.serial_number.bit_length() + 8) // 8
    serial = b"\x02" + bytes([length]) + certificate.serial_number.to_bytes(length, "big")
    content = issuer + serial
    head = b"\x30\x81" + bytes([len(content)]) if len(content) > 127 else b"\x30" + bytes([len(content)])
    return {"certHash": search_key(certificate.public_bytes(Encoding.DER)), "iHash": search_key(issuer),
            "sHash": search_key(certificate.subject.public_bytes()), "iAndSHash": search_key(head + content),
            "sKIDHash": search_key(identifier)}


def recorded(instance, serial):
    found = instance.bind("admin").search_s("xcaSerial=%s,ou=certificates,%s" % (serial, BASE), ldap.SCOPE_BASE)[0][1]
    return x509.load_der_x509_certificate(found["userCertificate;binary"][0]), found


@pytest.fixture(scope="module")
def published(instance, tmp_path_factory):
    """Two certificates of an organisation that has no others."""
    folder, (organisation, _) = tmp_path_factory.mktemp("store"), foundation(instance)
    serials = [publish(instance, folder, ADDRESS, name=use, use=use, keyword=organisation)[2] for use in ("signature", "encryption")]
    return [recorded(instance, serial) for serial in serials]


def test_each_attribute_finds_the_certificate(instance, published):
    certificate, _ = published[0]
    der = certificate.public_bytes(Encoding.DER)
    keys = keys_of(certificate)
    for name in ("certHash", "iAndSHash", "sKIDHash"):
        answer, body = ask(instance, "%s=%s" % (name, escaped(keys[name])))
        assert answer.status == 200, (name, body)
        assert answer.headers["Content-Type"] == "application/pkix-cert" and body == der
        assert answer.headers["Content-Length"] == str(len(der)), "not in chunks (section 2.4)"
        assert "public" in answer.headers["Cache-Control"]
        # a '+' that was not escaped is one all the same
        assert ask(instance, "%s=%s" % (name, keys[name]))[1] == der
    # other stores take the identifier itself
    identifier = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    assert ask(instance, "sKIDHash=" + escaped(base64.b64encode(identifier).decode().rstrip("=")))[1] == der
    assert subprocess.run(["openssl", "x509", "-inform", "DER", "-noout", "-email"], input=body, capture_output=True).stdout \
        == ADDRESS.encode() + b"\n"


def parts_of(answer, body):
    head = ("Content-Type: %s\r\n\r\n" % answer.headers["Content-Type"]).encode()
    message = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + body)
    boundary = message.get_boundary().encode()
    pieces = body.split(b"--" + boundary)[1:-1]
    assert [p.get_content_type() for p in message.iter_parts()] == ["application/pkix-cert"] * len(pieces)
    return [piece.split(b"\r\n\r\n", 1)[1][:-2] for piece in pieces]


def test_several_matches_come_in_one_answer(instance, published):
    ders = {certificate.public_bytes(Encoding.DER) for certificate, _ in published}
    subject = keys_of(published[0][0])["sHash"]
    name = published[0][1]["o"][0].decode()
    for query in ("uri=" + urllib.parse.quote(ADDRESS), "sHash=" + escaped(subject), "name=" + urllib.parse.quote(name)):
        answer, body = ask(instance, query)
        assert answer.status == 200 and answer.headers["Content-Type"].startswith("multipart/mixed"), (query, body[:500])
        assert answer.headers["Content-Length"] == str(len(body))
        found = parts_of(answer, body)
        assert len(found) == 2 and ders == set(found), query
        newest = x509.load_der_x509_certificate(found[0])
        assert all(newest.not_valid_before >= x509.load_der_x509_certificate(der).not_valid_before for der in found)
    # compared exactly, upper and lower case too
    assert ask(instance, "uri=" + ADDRESS.upper())[0].status == 404
    assert ask(instance, "uri=" + ADDRESS[1:])[0].status == 404
    assert ask(instance, "uri=*")[0].status == 404


def test_caches_are_told_and_answered(instance, published):
    query = "certHash=" + escaped(keys_of(published[0][0])["certHash"])
    answer, _ = ask(instance, query)
    tag = answer.headers["ETag"]
    again, body = ask(instance, query, headers={"If-None-Match": tag})
    assert again.status == 304 and body == b"" and again.headers["ETag"] == tag
    head, body = ask(instance, query, method="HEAD")
    assert head.status == 200 and body == b"" and head.headers["Content-Type"] == "application/pkix-cert"
    # over HTTPS the same
    connection = http.client.HTTPSConnection("localhost", instance.https, context=ssl._create_unverified_context())
    connection.request("GET", "/certificates/search.cgi?" + query)
    answer = connection.getresponse()
    assert answer.status == 200 and answer.headers["ETag"] == tag and answer.headers.get("Set-Cookie") is None


def test_what_is_not_public_is_not_there(instance, tmp_path):
    organisation, _ = foundation(instance)
    _, _, serial = issue(instance, tmp_path, "store-hidden@example.org.tw", "hidden", keyword=organisation)
    certificate, entry = recorded(instance, serial)
    for name, key in keys_of(certificate).items():
        if name != "iHash":
            assert ask(instance, "%s=%s" % (name, escaped(key)))[0].status == 404, name
    assert ask(instance, "uri=store-hidden@example.org.tw")[0].status == 404
    hidden = certificate.public_bytes(Encoding.DER)
    assert ask(instance, "name=" + urllib.parse.quote(organisation))[0].status == 404
    # the keys are there for the portal; nobody else may ask the directory by them
    assert hashlib.sha1(hidden).hexdigest().encode() in entry["xcaCertHash"]
    assert instance.bind().search_s(BASE, ldap.SCOPE_SUBTREE, "(xcaCertHash=%s)" % hashlib.sha1(hidden).hexdigest()) == []
    # signatures of a revoked certificate have to be looked into for years: it stays
    _, _, revoked = publish(instance, tmp_path, "store-revoked@example.org.tw", "revoked")
    revoke(instance, revoked)
    key = keys_of(recorded(instance, revoked)[0])["certHash"]
    assert ask(instance, "certHash=" + escaped(key))[0].status == 200


def test_the_authorities_certificates_and_lists_are_found(instance, published):
    root, authority = (x509.load_pem_x509_certificate((instance.home / "ca" / name).read_bytes()) for name in ("root.pem", "ca.pem"))
    for certificate in (root, authority):
        keys = keys_of(certificate)
        for name in ("certHash", "sHash", "iAndSHash", "sKIDHash"):
            answer, body = ask(instance, "%s=%s" % (name, escaped(keys[name])))
            assert answer.status == 200 and body == certificate.public_bytes(Encoding.DER), (certificate.subject, name)
    # both were issued under the root's name
    answer, body = ask(instance, "iHash=" + escaped(keys_of(authority)["iHash"]))
    assert len(parts_of(answer, body)) == 2
    answer, body = ask(instance, "name=" + urllib.parse.quote("組織及團體憑證管理中心"))
    assert body == authority.public_bytes(Encoding.DER)

    lists = "/crls/search.cgi"
    for issuer, file in ((authority, "xca.crl"), (root, "root.crl")):
        keys = keys_of(issuer)
        for query in ("iHash=" + escaped(keys["sHash"]), "sKIDHash=" + escaped(keys["sKIDHash"])):
            answer, body = ask(instance, query, lists)
            assert answer.status == 200 and answer.headers["Content-Type"] == "application/pkix-crl", (file, query, body)
            crl = x509.load_der_x509_crl(body)
            assert crl.issuer == issuer.subject and crl.is_signature_valid(issuer.public_key())
            assert answer.headers["Expires"] and answer.headers["Last-Modified"]
            # a list may be made anew between two questions, for what was revoked before
            again = ask(instance, query, lists, {"If-None-Match": answer.headers["ETag"]})[0]
            if again.status == 200:
                again = ask(instance, query, lists, {"If-None-Match": again.headers["ETag"]})[0]
            assert again.status == 304
    assert ask(instance, "name=" + urllib.parse.quote("組織及團體憑證管理中心"), lists)[0].status == 200
    # a certificate of an authority is on its issuer's list
    for certificate in (authority, root):
        for name in ("certHash", "iAndSHash"):
            assert x509.load_der_x509_crl(ask(instance, "%s=%s" % (name, escaped(keys_of(certificate)[name])), lists)[1]).issuer == root.subject
    assert ask(instance, "iHash=" + "A" * 27, lists)[0].status == 404
    assert ask(instance, "uri=a", lists)[0].status == 400


def scope_of(crl):
    """The address that a list says it is at."""
    return crl.extensions.get_extension_for_class(x509.IssuingDistributionPoint).value.full_name[0].value


def test_the_list_and_the_delta_that_a_certificate_is_on_are_found(instance, published):
    for certificate, entry in published:
        assert int(entry["xcaCrlPartitions"][0]) > 0
        named = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value[0].full_name[0].value
        keys = keys_of(certificate)
        for name in ("certHash", "iAndSHash"):
            query = "%s=%s" % (name, escaped(keys[name]))
            answer, body = ask(instance, query, "/crls/search.cgi")
            assert answer.status == 200, body
            crl = x509.load_der_x509_crl(body)
            assert scope_of(crl) == named
            delta = x509.load_der_x509_crl(ask(instance, query + "&delta=1", "/crls/search.cgi")[1])
            assert scope_of(delta) == named
            base = delta.extensions.get_extension_for_class(x509.DeltaCRLIndicator).value.crl_number
            assert base <= crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
    # of the full list, too; the authority above has none
    keys = [keys_of(x509.load_pem_x509_certificate((instance.home / "ca" / name).read_bytes())) for name in ("ca.pem", "root.pem")]
    answers = [ask(instance, "iHash=%s&delta=1" % escaped(one["sHash"]), "/crls/search.cgi") for one in keys]
    assert [answer.status for answer, _ in answers] == [200, 404]
    assert x509.load_der_x509_crl(answers[0][1]).extensions.get_extension_for_class(x509.DeltaCRLIndicator)
    assert ask(instance, "certHash=%s&delta=1" % escaped(keys_of(published[0][0])["certHash"]))[0].status == 400


def test_questions_that_cannot_be_answered_are_told_why(instance, published):
    for query in (None, "", "a", "uri", "serial=1", "certHash=short", "certHash=" + "*" * 27, "certHash=" + "A" * 27 + "=",
                  "uri=a&uri=b", "name=%FF", "name=%", "name=" + "a" * 2000, "uri=" + "(" * 30 + "%00"):
        answer, body = ask(instance, query, headers={"Accept-Language": "en"})
        assert answer.status == 400, (query, answer.status, body)
        assert answer.headers["Content-Type"] == "application/problem+json" and b'"detail"' in body
    assert ask(instance, "uri=" + urllib.parse.quote("*)(mail=*"))[0].status == 404
    answer, body = ask(instance, "uri=a", method="POST")
    assert answer.status == 405 and answer.headers["Allow"] == "GET, HEAD"
    assert "請" in ask(instance, "certHash=x", headers={"Accept-Language": "zh-TW"})[1].decode()


def test_no_question_gives_everything(instance, published):
    """All certificates of this authority have its name's hash in common: with more than fit into an answer none comes."""
    key = keys_of(published[0][0])["iHash"]
    answer, body = ask(instance, "iHash=" + escaped(key), headers={"Accept-Language": "en"})
    total = len(instance.bind("admin").search_s("ou=certificates," + BASE, ldap.SCOPE_ONELEVEL, "(xcaPublished=TRUE)", ["1.1"]))
    if total > 32:
        assert answer.status == 403 and b"More than 32" in body
    else:
        assert answer.status == 200 and len(parts_of(answer, body)) == total


def test_certificates_of_before_get_their_keys(servers, spare, tmp_path):
    """A directory that was filled by an earlier version: the signer fills the keys in, and notes that it has."""
    _, _, serial = publish(spare, tmp_path, "store-old@example.org.tw", "old")
    certificate, entry = recorded(spare, serial)
    names = ("xcaCertHash", "xcaIssuerHash", "xcaIssuerSerialHash", "xcaSubjectHash", "xcaKeyIdHash")
    keys = {name: sorted(entry[name]) for name in names}
    query = "iAndSHash=" + escaped(keys_of(certificate)["iAndSHash"])
    assert ask(spare, query)[0].status == 200

    directory = 'directory "%s/ldap/main"' % spare.home
    servers.configure_slapd((directory, "rootpw earlier\n" + directory))
    root = ldap.initialize(spare.ldap_uri)
    root.simple_bind_s("cn=root,c=TW", "earlier")
    root.modify_s("xcaSerial=%s,ou=certificates,%s" % (serial, BASE), [(ldap.MOD_DELETE, name, None) for name in names])
    root.modify_s("cn=signer-status," + BASE, [(ldap.MOD_DELETE, "xcaSearchKeys", None)])
    assert ask(spare, query)[0].status == 404
    servers.configure_slapd()
    servers.stop("signer")
    servers.start("signer")
    until = time.monotonic() + 30
    while time.monotonic() < until and ask(spare, query)[0].status != 200:
        time.sleep(0.5)
    _, filled = recorded(spare, serial)
    assert {name: sorted(filled[name]) for name in names} == keys
    status = spare.bind("admin").search_s("cn=signer-status," + BASE, ldap.SCOPE_BASE)[0][1]
    assert status["xcaSearchKeys"]
    assert b"search keys of" in (spare.home / "log/signer.log").read_bytes()
