"""/api/v1: what other systems look up, verify and follow, beside what the openssl command says of the same files."""

import base64
import hashlib
import json
import subprocess

import pytest

from applying import revoke
from certifying import change_state, issue, publish
from calling import Caller
from conftest import USER_CODE
from visiting import Upload, Visitor

ADDRESS = "api@example.org.tw"


def openssl(*arguments, data=None):
    return subprocess.run(["openssl", *[str(a) for a in arguments]], input=data, capture_output=True, check=True).stdout


@pytest.fixture(scope="module")
def caller(instance):
    return Caller(instance)


class Holder:
    """An organisation with its key and its published certificate."""

    def __init__(self, instance, folder, address, use="signature"):
        self.folder = folder
        self.key, self.case, self.serial = publish(instance, folder, address, use=use)
        self.certificate = folder / "certificate.pem"
        page = Visitor(instance).get("/certificates/%s?download=pem" % self.serial)
        self.certificate.write_text(page.text)

    def der(self):
        return openssl("x509", "-in", self.certificate, "-outform", "DER")

    def sign(self, content, *more):
        (self.folder / "content").write_bytes(content)
        return openssl("cms", "-sign", "-binary", "-in", self.folder / "content", "-signer", self.certificate, "-inkey", self.key,
                       "-outform", "DER", *more)


@pytest.fixture(scope="module")
def holder(instance, tmp_path_factory):
    return Holder(instance, tmp_path_factory.mktemp("api"), ADDRESS)


def results(answer, index=0):
    """The findings of one result: check -> (result, code) of the worst."""
    found = {}
    for finding in answer.json()["results"][index]["findings"]:
        if found.get(finding["check"], ("note",))[0] != "fail":
            if finding["result"] != "note" or finding["check"] not in found:
                found[finding["check"]] = (finding["result"], finding["code"])
    return found


def test_certificates_are_found_by_everything_that_is_known_of_them(caller, holder, instance):
    one = caller.get("/certificates/" + holder.serial).json()
    certificate = one["certificate"]
    assert certificate["state"] == "valid" and certificate["content"]["email"] == ADDRESS and len(one["chain"]) == 2
    der = holder.der()
    for query in ({"serial": holder.serial}, {"serial": holder.serial.upper()}, {"oid": certificate["oid"]}, {"email": ADDRESS},
                  {"name": certificate["name"][2:6]}, {"fingerprint": hashlib.sha1(der).hexdigest()},
                  {"fingerprint": certificate["content"]["sha256"]}, {"email": ADDRESS, "oid": certificate["oid"]}):
        found = caller.get("/certificates", **query).json()
        assert holder.serial in [c["serial"] for c in found["certificates"]], query
    assert caller.get("/certificates", fingerprint="00" * 20).json()["count"] == 0
    assert caller.get("/certificates", card="Xc00000000000000").json()["count"] == 0
    status = caller.get("/certificates/%s/status" % holder.serial).json()
    assert status["state"] == "valid" and "revoked" not in status
    assert caller.get("/certificates/00ff/status").status == 404
    assert caller.get("/certificates/xyz").status == 404
    # the page finds by fingerprint, too
    page = Visitor(instance).post("/certificates", [("fingerprint", hashlib.sha256(der).hexdigest())], origin=None)
    assert holder.serial in page.main


def test_organisations_are_found(caller, holder):
    oid = caller.get("/certificates/" + holder.serial).json()["certificate"]["oid"]
    organisation = caller.get("/organisations/" + oid).json()["organisation"]
    assert organisation["oid"] == oid
    assert oid in [m["oid"] for m in caller.get("/organisations", name=organisation["name"]).json()["matches"]]
    if organisation.get("ubn"):
        assert oid in [m["oid"] for m in caller.get("/organisations", ubn=organisation["ubn"]).json()["matches"]]
    assert caller.get("/organisations/2.16.886.104").status == 404
    assert caller.get("/organisations/2.16.886.104.99999999").status == 404
    assert caller.get("/organisations/1.2.3").status == 404


def test_what_is_asked_wrongly_is_told_with_what_to_do(caller, instance):
    for path, field in (("/certificates", "name"), ("/certificates?serial=xyz", "serial"), ("/certificates?fingerprint=12", "fingerprint"),
                        ("/certificates?oid=1.2", "oid"), ("/certificates?email=a", "email"), ("/certificates?card=1", "card"),
                        ("/organisations", "name"), ("/organisations?ubn=1", "ubn")):
        answer = caller.send("GET", path)
        assert answer.status == 400, path
        assert answer.json()["errors"][0]["field"] == field
    for path, field, code in (("/organisations?name=a&name=b", "name", "api.double"), ("/organisations?ubn=1&na%6de=x&name=x", "name", "api.double"),
                              ("/statistics?year=2026&year=2026", "year", "api.double"), ("/statistics?lang=en&lang=zh", "lang", "api.double"),
                              ("/certificates/00ff/status?lang=en&lang=en", "lang", "api.double"), ("/organisations/1.2?a=&a=", "a", "api.double"),
                              ("/statistics?format=csv", "format", "api.json-only"),
                              ("/certificates/00ff?download=pem", "download", "api.json-only")):
        answer = caller.send("GET", path)
        assert answer.status == 400 and answer.headers["Content-Type"] == "application/problem+json", path
        assert [(e["field"], e["code"]) for e in answer.json()["errors"]] == [(field, code)] and answer.json()["detail"]
    answer = caller.send("POST", "/verify?digest=00", b"digest=00&signature=x", {"Content-Type": "application/x-www-form-urlencoded"})
    assert answer.status == 422 and answer.json()["code"] == "api.double"
    answer = caller.send("GET", "/organisations/2.16.886.104.99999999")
    assert answer.json()["code"] == "api.no-organisation" and "/api/v1/organisations?name=" in answer.json()["detail"]
    answer = caller.send("GET", "/nothing")
    assert answer.status == 404 and "openapi.json" in answer.json()["detail"] and answer.json()["title"] == "Not found"
    for method, path, allow in (("POST", "/certificates", "GET, HEAD"), ("GET", "/verify", "POST"), ("DELETE", "/statistics", "GET, HEAD"),
                                ("OPTIONS", "/verify", "POST")):
        answer = caller.send(method, path)
        assert answer.status == 405 and answer.headers["Allow"] == allow
    # a choice that there is not: never the numbers of all
    for query, fields in (("year=abcd", ["year"]), ("year=1900", ["year"]), ("class=nope&county=nope", ["class", "county"])):
        answer = caller.send("GET", "/statistics?" + query)
        assert answer.status == 400 and [e["field"] for e in answer.json()["errors"]] == fields
    answer = caller.send("GET", "/statistics", headers={"Accept": "text/html"})
    assert answer.status == 406
    assert caller.send("GET", "/statistics", headers={"Accept": "text/html, */*;q=0.1"}).status == 200
    answer = caller.send("POST", "/verify", b"<a/>", {"Content-Type": "application/xml"})
    assert answer.status == 415 and "application/json" in answer.headers["Accept-Post"]
    answer = caller.send("POST", "/verify", b"x" * 300000, {"Content-Type": "application/cms"})
    assert answer.status == 413
    for body in (b"", b"[]", b"{", b'{"a":1}', b'{"certificate":"x","certificate":"y"}', b'{"certificate":"\\u0000"}'):
        assert caller.send("POST", "/verify", body, {"Content-Type": "application/json"}).status == 422, body
    chinese = Caller(instance, "zh-TW")
    answer = chinese.send("GET", "/certificates")
    assert answer.headers["Content-Language"] == "zh-Hant-TW" and "請" in answer.json()["detail"]
    assert caller.send("GET", "/certificates?lang=zh").json()["detail"] == answer.json()["detail"]


def test_a_certificate_is_verified(caller, holder):
    der = holder.der()
    pem = holder.certificate.read_bytes()
    answers = [caller.send("POST", "/verify", der, {"Content-Type": "application/pkix-cert"}),
               caller.send("POST", "/verify", pem, {"Content-Type": "application/x-pem-file"}),
               caller.post("/verify", {"certificate": pem.decode()}), caller.post("/verify", {"certificate": base64.b64encode(der).decode()}),
               caller.post_files("/verify", [("certificate", Upload(der, "a.cer"))])]
    for answer in answers:
        said = answer.json()
        assert said["kind"] == "certificate" and said["valid"], said
        result = said["results"][0]
        end = result["certificate"]["content"]["not_after"]
        assert end.endswith("Z") and end in [f["message"] for f in result["findings"] if f["check"] == "validity"][0], result
        assert result["certificate"]["serial"] == holder.serial and result["class"] and result["organisation"]["oid"]
        assert {check: found[0] for check, found in results(answer).items()} == dict.fromkeys(
            ("chain", "validity", "status", "policy", "key-usage", "organisation", "class"), "pass")
        assert "verify.policy.test" in [f["code"] for f in result["findings"]]


def test_certificates_of_others_are_told_apart(caller, holder, tmp_path):
    # self-signed; and one that only names this authority
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", tmp_path / "k", "-out", tmp_path / "other.pem", "-subj", "/CN=other")
    answer = caller.post("/verify", {"certificate": (tmp_path / "other.pem").read_text()})
    assert not answer.json()["valid"] and results(answer)["chain"] == ("fail", "verify.chain.other")
    assert results(answer)["status"] == ("fail", "verify.status.unknown")
    forged = bytearray(holder.der())
    forged[-1] ^= 1
    answer = caller.send("POST", "/verify", bytes(forged), {"Content-Type": "application/pkix-cert"})
    assert results(answer)["chain"] == ("fail", "verify.chain.signature") and results(answer)["status"][0] == "fail"
    answer = caller.send("POST", "/verify", b"nonsense", {"Content-Type": "application/pkix-cert"})
    assert answer.status == 422 and answer.json()["errors"][0]["field"] == "certificate" and "as DER, PEM" in answer.json()["detail"]
    authority = (holder.folder.parent / "x")  # the CA's own certificate is none of a subscriber
    assert not authority.exists()


def test_a_signature_is_verified(caller, holder):
    content = "公文一件\n".encode() * 100
    digest = hashlib.sha256(content).hexdigest()
    attached, detached = holder.sign(content, "-nodetach"), holder.sign(content)
    answers = [caller.send("POST", "/verify", attached, {"Content-Type": "application/cms"}),
               caller.post("/verify", {"signature": base64.b64encode(detached).decode(), "digest": digest}),
               caller.post("/verify", {"signature": base64.b64encode(detached).decode(),
                                       "digest": base64.b64encode(hashlib.sha256(content).digest()).decode()}),
               caller.post("/verify", {"signature": base64.b64encode(detached).decode(), "content": base64.b64encode(content).decode()}),
               caller.send("POST", "/verify?digest=" + digest, detached, {"Content-Type": "application/pkcs7-signature"}),
               caller.post_files("/verify", [("signature", Upload(detached, "a.p7s")), ("content", Upload(content, "a.txt"))]),
               # without its certificate: the directory has it
               caller.post("/verify", {"signature": base64.b64encode(holder.sign(content, "-nocerts")).decode(), "digest": digest}),
               caller.post("/verify", {"signature": base64.b64encode(holder.sign(content, "-nocerts", "-keyid")).decode(), "digest": digest})]
    for answer in answers:
        said = answer.json()
        assert answer.status == 200 and said["kind"] == "signature" and said["valid"], said
        assert results(answer)["digest"] == ("pass", "verify.digest.good") and results(answer)["signature"][0] == "pass"
        assert said["results"][0]["signing_time"] and said["results"][0]["certificate"]["serial"] == holder.serial


def test_wrong_signatures_are_found_out(caller, holder, tmp_path):
    content = b"one thing"
    other = hashlib.sha256(b"another thing").hexdigest()
    detached = base64.b64encode(holder.sign(content)).decode()
    answer = caller.post("/verify", {"signature": detached, "digest": other})
    assert not answer.json()["valid"] and results(answer)["digest"] == ("fail", "verify.digest.other")
    assert results(answer)["signature"][0] == "pass"
    assert caller.post("/verify", {"signature": detached}).json()["errors"][0]["code"] == "verify.content"
    assert caller.post("/verify", {"signature": detached, "digest": "00" * 32 + "00"}).status == 422
    assert caller.post("/verify", {"signature": detached, "digest": "xyz"}).status == 422
    # the content inside is changed
    attached = holder.sign(content, "-nodetach")
    assert attached.count(content) == 1
    changed = attached.replace(content, b"two thing")
    answer = caller.send("POST", "/verify", changed, {"Content-Type": "application/cms"})
    assert not answer.json()["valid"] and results(answer)["digest"] == ("fail", "verify.digest.other")
    # the signature is changed
    broken = bytearray(attached)
    broken[-1] ^= 1
    answer = caller.send("POST", "/verify", bytes(broken), {"Content-Type": "application/cms"})
    assert not answer.json()["valid"] and results(answer)["signature"] == ("fail", "verify.signature.wrong")
    # no signed attributes, and a digest that is no longer safe
    answer = caller.send("POST", "/verify", holder.sign(content, "-nodetach", "-noattr"), {"Content-Type": "application/cms"})
    assert results(answer)["digest"] == ("fail", "verify.digest.no-attributes") and not answer.json()["valid"]
    answer = caller.send("POST", "/verify", holder.sign(content, "-nodetach", "-md", "sha1"), {"Content-Type": "application/cms"})
    assert results(answer)["digest"] == ("fail", "verify.digest.weak") and not answer.json()["valid"]
    # two signers, one of them a stranger
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", tmp_path / "k", "-out", tmp_path / "c", "-subj", "/CN=stranger")
    both = holder.sign(content, "-nodetach", "-signer", tmp_path / "c", "-inkey", tmp_path / "k")
    said = caller.send("POST", "/verify", both, {"Content-Type": "application/cms"}).json()
    assert len(said["results"]) == 2 and sorted(r["valid"] for r in said["results"]) == [False, True] and not said["valid"]
    assert caller.send("POST", "/verify", b"0\x03\x02\x01\x01", {"Content-Type": "application/cms"}).json()["errors"][0]["field"] == "signature"
    assert caller.post("/verify", {"signature": detached, "certificate": "x"}).status == 422


def test_what_becomes_of_a_certificate_is_told_at_once(caller, instance, tmp_path):
    one = Holder(instance, tmp_path, "api-life@example.org.tw", use="encryption")

    def verified():
        return caller.post("/verify", {"certificate": one.certificate.read_text()})

    def status():
        return caller.get("/certificates/%s/status" % one.serial).json()

    assert verified().json()["valid"] and results(verified())["key-usage"] == ("pass", "verify.usage.encryption")
    signed = caller.send("POST", "/verify", one.sign(b"x", "-nodetach"), {"Content-Type": "application/cms"})
    assert results(signed)["key-usage"] == ("fail", "verify.usage.not-signature")
    change_state(instance, one.serial, "suspend")
    assert results(verified())["status"] == ("fail", "verify.status.suspended") and status()["state"] == "suspended"
    change_state(instance, one.serial, "resume")
    assert verified().json()["valid"] and status()["state"] == "valid"
    revoke(instance, one.serial)
    assert results(verified())["status"] == ("fail", "verify.status.revoked") and not verified().json()["valid"]
    assert status()["state"] == "revoked" and status()["revoked"] and status()["reason"] == "lost"


def test_a_certificate_that_is_not_accepted_tells_nothing(caller, instance, tmp_path):
    _, case, serial = issue(instance, tmp_path, "api-pending@example.org.tw")
    shown = caller.get("/certificates/" + serial).json()
    assert shown["certificate"]["state"] == "pending" and "content" not in shown["certificate"] and "chain" not in shown
    der = instance.bind("admin").search_s("xcaSerial=%s,ou=certificates,ou=XCA,c=TW" % serial, 0)[0][1]["userCertificate;binary"][0]
    answer = caller.send("POST", "/verify", der, {"Content-Type": "application/pkix-cert"})
    assert results(answer)["status"] == ("fail", "verify.status.unknown") and not answer.json()["valid"]


def test_a_case_is_followed_with_its_code_and_the_same_locks(caller, holder, instance):
    right = {"case_number": holder.case, "user_code": USER_CODE}
    said = caller.post("/cases/status", right).json()
    assert said["case"]["state"] == "completed" and said["serial"] == holder.serial
    assert [h["event"] for h in said["history"]][0] == "filed" and said["next"]
    form = "case_number=%s&user_code=%s" % (holder.case, USER_CODE)
    assert caller.send("POST", "/cases/status", form.encode(), {"Content-Type": "application/x-www-form-urlencoded"}).json() == said
    assert "contact" not in json.dumps(said), "no more than what a system needs"
    assert caller.post("/cases/status", {"case_number": "1", "user_code": USER_CODE}).status == 422
    assert caller.post("/cases/status", {"case_number": holder.case}).status == 422
    for left in ("2", "1"):
        answer = caller.post("/cases/status", dict(right, user_code="Wrong-code-1"))
        assert answer.status == 403 and answer.json()["code"] == "code.wrong" and left in answer.json()["detail"]
    answer = caller.post("/cases/status", dict(right, user_code="Wrong-code-1"))
    assert answer.status == 429 and answer.json()["code"] == "code.locked" and int(answer.headers["Retry-After"]) > 60
    assert caller.post("/cases/status", right).status == 429
    # the page is locked as well
    visitor = Visitor(instance)
    page = visitor.get("/case/status")
    assert visitor.submit(page, {"case_number": holder.case, "code": USER_CODE}).status == 429


def test_a_completed_case_tells_what_its_certificate_is_now(caller, instance, tmp_path):
    _, case, serial = publish(instance, tmp_path, "api-case@example.org.tw")
    door = Visitor(instance)
    page = door.follow(door.submit(door.get("/case/status"), {"case_number": case, "code": USER_CODE}))

    def told():
        said = caller.post("/cases/status", {"case_number": case, "user_code": USER_CODE}).json()
        assert said["case"]["state"] == "completed" and "until" not in said, "there is nothing to accept any more"
        assert [c["serial"] for c in said["certificates"]] == [serial]
        page = door.get("/case/status/" + case)
        assert "/certificates/" + serial in page.text
        return said["certificates"][0]["state"], said["next"], page

    state, after, page = told()
    assert state == "valid" and "can be downloaded" in after and "可以下載安裝使用" in page.main
    change_state(instance, serial, "suspend")
    state, after, page = told()
    assert state == "suspended" and "is suspended" in after and "憑證目前停用" in page.main and "可以下載安裝使用" not in page.main
    change_state(instance, serial, "resume")
    revoke(instance, serial)
    state, after, page = told()
    assert state == "revoked" and "was revoked" in after and "憑證已經廢止" in page.main and "可以下載安裝使用" not in page.main
    assert "憑證 IC 卡或私密金鑰遺失" in page.main and "/apply/certificate" in page.text


def test_statistics_and_description(caller, instance):
    said = caller.get("/statistics").json()
    assert said["total"]["issued"] >= 1 and said["by_class"]
    assert Visitor(instance).get("/statistics", Accept="application/json").json()["total"].keys() == said["total"].keys()
    answer = caller.visitor.get("/api/v1/openapi.json")
    assert caller.visitor.get("/api/v1/openapi.json", If_None_Match=answer.headers["ETag"]).status == 304
    assert caller.description["openapi"] == "3.1.0"


def test_nothing_goes_over_plain_http(instance):
    """People are sent on; what may carry a code is refused by the portal itself, should httpd let it through."""
    import http.client
    connection = http.client.HTTPConnection("localhost", instance.http)
    connection.request("GET", "/api/v1/statistics")
    answer = connection.getresponse()
    assert answer.status == 302 and answer.headers["Location"].startswith("https://")


def test_the_description_leaves_nothing_out(caller):
    """What the tests above have seen is all that is described, but for a directory that is away."""
    described = {(path, method.upper(), int(status)) for path, item in caller.description["paths"].items()
                 for method, operation in item.items() for status in operation["responses"]}
    missing = {d for d in described if d[2] not in (503, 429, 413, 415)} - caller.seen - {("/openapi.json", "GET", 200)}
    assert not missing
