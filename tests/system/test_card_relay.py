"""Cards from the application to use, through the real portal, signer, helper and reader; and what the portal answers to helpers."""

import base64
import json
import os
import re
import secrets
import signal
import ssl
import subprocess
import threading
import time
import urllib.error
import urllib.request

import ldap
import pytest
from conftest import BASE, BUILD, USER_CODE
from readers import readers  # noqa: F401
from test_broken_portal import CASES, content, new_number, now
from visiting import Visitor

CARDS = "ou=cards," + BASE


def unified_numbers():
    """Valid ones that no organisation of the tests has."""
    for number in range(98000000, 99000000):
        digits = [int(d) for d in str(number)]
        weighted = [d * w for d, w in zip(digits, (1, 2, 1, 2, 1, 2, 4, 1))]
        if digits[6] != 7 and sum(n // 10 + n % 10 for n in weighted) % 5 == 0:
            yield str(number).encode()


unified_number = unified_numbers()


def file_card(instance, **changed):
    """A new organisation's application for a card, as the portal files it."""
    number = new_number()
    entry = {"xcaUbn": next(unified_number),
             "xcaKind": b"card", "xcaRank": b"secondary", "xcaUse": None, "xcaCsr": None, "xcaKeyHash": None}
    entry.update(changed)
    instance.bind("portal").add_s("xcaCaseNumber=%s,%s" % (number, CASES), content(None, number, **entry))
    return number


@pytest.fixture
def helper(instance, readers, tmp_path):  # noqa: F811
    """xca-card with a blank card in the reader: helper(secrets, command...)."""
    config = tmp_path / "config"
    config.write_text("portal-url = %s\nca-file = %s\nofficer = card-1\nkey = %s\npassword-file = %s\n" % (
        instance.url, instance.home / "ca/root.pem", instance.home / "officers/card-1.p12", instance.home / "officers/password"))
    config.chmod(0o600)

    def run(typed, *command, timeout=120):
        reading, writing = os.pipe()
        os.write(writing, "".join(line + "\n" for line in typed).encode())
        os.close(writing)
        try:
            return subprocess.run([str(BUILD / "xca-card"), "--config", str(config), "--language", "en", "--wait", "20", "--yes",
                                   "--secrets-fd", str(reading)] + list(command), env=readers.environment, pass_fds=[reading],
                                  capture_output=True, text=True, timeout=timeout, stdin=subprocess.DEVNULL)
        finally:
            os.close(reading)

    run.readers = readers
    run.card = readers.card()
    return run


def test_the_operator_is_told_what_the_lint_found(instance):
    nonce = secrets.token_hex(16)
    dn = "xcaRequest=%s,ou=requests,%s" % (nonce, BASE)
    # as the signer answers; the portal relays it
    instance.bind("portal").add_s(dn, [("objectClass", [b"xcaRequestEntry"]), ("xcaRequest", [nonce.encode()]), ("xcaKind", [b"card"]),
                                       ("xcaState", [b"waiting"]), ("xcaFiled", [now()])])
    instance.bind("signer").modify_s(dn, [(ldap.MOD_REPLACE, "xcaState", [b"denied"]),
                                          (ldap.MOD_REPLACE, "xcaAnswer", [b"card.issue lint.rule.list-http lint.rule.access-http"])])
    for language, texts in (("en", ("tell the administrator", "; ")), ("zh-TW", ("告訴系統管理者", "；"))):
        said = Visitor(instance).get("/card/message/" + nonce, Accept_Language=language).json()
        assert said["state"] == "denied" and said["answer"] == "card.issue"
        assert all(text in said["message"] for text in texts) and "lint.rule" not in said["message"], said


def done(result):
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def card_of(instance, case):
    found = instance.bind("admin").search_s(CARDS, ldap.SCOPE_ONELEVEL, "(xcaCaseNumber=%s)" % case)
    assert len(found) == 1
    return {k: v[0].decode() for k, v in found[0][1].items() if k != "objectClass"}


def test_a_stranger_makes_activates_and_unlocks_a_card(instance, helper):
    case = file_card(instance)
    instance.approve(case)
    instance.wait_for_state(case, "approved")
    assert case in done(helper([], "queue"))
    done(helper([], "produce", "--case", case, timeout=300))
    assert instance.case(case)["xcaState"] == b"made"
    number = card_of(instance, case)["xcaCardNumber"]
    assert re.fullmatch(r"Xc\d{14}", number)
    refused = helper([USER_CODE], "activate")
    assert refused.returncode != 0 and "not recorded as dispatched" in refused.stdout + refused.stderr
    done(helper([], "dispatch", "--case", case, "--card", number, "--mail-number", "12345678901234"))
    instance.wait_for_state(case, "dispatched")
    wrong = helper(["Wrong-code-1"], "activate")
    assert wrong.returncode != 0 and "2" in wrong.stdout + wrong.stderr
    done(helper([USER_CODE], "activate"))
    instance.wait_for_state(case, "completed")
    shown = instance.admin("card", "show", number)
    assert "state: active" in shown.stdout and shown.stdout.count("\tvalid") == 3, shown.stdout + shown.stderr
    assert number in instance.admin("card", "list", "--state", "active").stdout
    done(helper([USER_CODE, "135790"], "unlock"))
    done(helper(["135790"], "test"))
    assert "contact@example.org.tw" in done(helper(["135790"], "contact", "show"))
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        mails = "".join(p.read_text("utf-8", "replace") for p in (instance.home / "outbox").glob("*.eml") if number in p.name)
        if mails.count("Subject:") >= 3:
            break
        time.sleep(0.5)
    assert mails.count("Subject:") == 3  # dispatched, activated, unlocked


def test_a_signer_that_is_away_is_waited_for(instance, helper):
    """The helper's messages lie in the directory until the signer is there."""
    case = file_card(instance)
    instance.approve(case)
    instance.wait_for_state(case, "approved")
    os.kill(instance.signer_pid(), signal.SIGSTOP)
    back = threading.Timer(8, os.kill, [instance.signer_pid(), signal.SIGCONT])
    back.start()
    try:
        assert case in done(helper([], "queue"))
    finally:
        back.join()


# --- what the portal answers ---

@pytest.fixture
def ask(instance):
    context = ssl.create_default_context(cafile=str(instance.home / "ca/root.pem"))

    def run(path, body=None, kind="text/plain", **headers):
        request = urllib.request.Request(instance.url + path, data=body, headers=headers)
        if body is not None:
            request.add_header("Content-Type", kind)
        try:
            answer = urllib.request.urlopen(request, context=context, timeout=30)
        except urllib.error.HTTPError as error:
            answer = error
        assert answer.headers["Content-Type"] == "application/json"
        assert answer.headers["Set-Cookie"] is None
        assert answer.headers["Cache-Control"] == "no-store"
        return answer.status, json.loads(answer.read())

    return run


def message(nonce, operation="confirm", **more):
    fields = {"operation": operation, "nonce": nonce, "issued": time.strftime("%Y%m%dT%H%M%SZ", time.gmtime()),
              "card": "Xc00000000099999", "session": nonce, "helper-key": "CQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}
    fields.update(more)
    return ("XCA-CARD-1\n" + "".join("%s: %s\n" % pair for pair in fields.items()) + "signature: AAEC\n").encode()


def test_a_session_gives_a_nonce_and_a_key_that_the_ca_vouches_for(instance, ask, tmp_path):
    status, session = ask("/card/session")
    assert status == 200 and re.fullmatch("[0-9a-f]{32}", session["nonce"]) and re.fullmatch(r"\d{8}T\d{6}Z", session["issued"])
    text, signature = re.fullmatch("(.*\n)signature: (.*)\n", session["seal_key_proof"], re.S).groups()
    assert text.startswith("XCA-SEAL-KEY-1\nkey: ")
    (tmp_path / "text").write_text(text)
    (tmp_path / "signature").write_bytes(base64.b64decode(signature))
    (tmp_path / "chain.p7b").write_bytes(base64.b64decode(session["chain"]))
    subprocess.run("openssl pkcs7 -inform DER -in chain.p7b -print_certs | openssl x509 -pubkey -noout > key && "
                   "openssl dgst -sha256 -verify key -signature signature text", shell=True, check=True, cwd=tmp_path, capture_output=True)
    assert ask("/card/session")[1]["nonce"] != session["nonce"]


def test_a_message_is_judged_by_the_signer_and_answered_again(ask):
    nonce = ask("/card/session")[1]["nonce"]
    status, first = ask("/card/message", message(nonce))
    assert status == 200 and first["state"] == "denied" and first["answer"] == "card.not-found" and "卡" in first["message"]
    assert "reply" not in first and "tries_left" not in first
    assert ask("/card/message", message(nonce)) == (200, first)
    assert ask("/card/message/" + nonce) == (200, first)
    status, english = ask("/card/message/" + nonce, **{"Accept-Language": "en-GB,en;q=0.9,zh;q=0.5"})
    assert english["message"].startswith("There is no card")


def test_what_is_no_message_is_told_in_words(ask):
    nonce = ask("/card/session")[1]["nonce"]
    for status, answer, body, kind in (
            (415, "card.type", message(nonce), "application/x-www-form-urlencoded"),
            (415, "card.type", message(nonce), "text/plainer"),
            (413, "form.too-large", b"x" * 50000, "text/plain"),
            (413, "form.too-large", b"x" * 300000, "text/plain"),
            (422, "card.malformed", b"hello", "text/plain"),
            (422, "card.malformed", b"", "text/plain"),
            (422, "card.malformed", b"\x30\x82\xff\xff" + b"\x00" * 200, "application/octet-stream"),
            (422, "card.malformed", message(nonce, operation="Format"), "text/plain"),
            (422, "card.nonce", message(secrets.token_hex(16)), "text/plain"),
            (422, "card.nonce", message("0" * 32), "text/plain")):
        got = ask("/card/message", body, kind)
        assert (got[0], got[1]["answer"]) == (status, answer), (body[:40], got)
        assert got[1]["state"] == "denied" and got[1]["message"]
    for path in ("/card/message/" + secrets.token_hex(16), "/card/message/x", "/card/message/" + "A" * 32):
        got = ask(path)
        assert (got[0], got[1]["answer"]) == (404, "request.not-found")


def test_a_silent_signer_gives_202_and_the_answer_later(instance, ask):
    nonce = ask("/card/session")[1]["nonce"]
    os.kill(instance.signer_pid(), signal.SIGSTOP)
    try:
        status, answer = ask("/card/message", message(nonce))
        assert status == 202 and answer["state"] == "waiting" and answer["answer"] == "card.waiting" and answer["message"]
        assert ask("/card/message/" + nonce)[0] == 202
    finally:
        os.kill(instance.signer_pid(), signal.SIGCONT)
    until = time.monotonic() + 15
    while ask("/card/message/" + nonce)[0] == 202 and time.monotonic() < until:
        time.sleep(0.2)
    assert ask("/card/message/" + nonce)[1]["answer"] == "card.not-found"


@pytest.mark.faults
def test_a_directory_that_is_away_is_503(instance, ask):
    nonce = ask("/card/session")[1]["nonce"]
    pid = int((instance.home / "run/slapd.pid").read_text())
    os.kill(pid, signal.SIGSTOP)
    try:
        status, answer = ask("/card/message", message(nonce))
    finally:
        os.kill(pid, signal.SIGCONT)
    assert status == 503 and answer["message"]


FLOODER = "127.0.0.77"


@pytest.fixture(scope="module")
def flooded(instance):
    """Statuses of what an address of its own got that asked without end, and when it stopped."""
    flooder = Visitor(instance, FLOODER)
    return [flooder.get("/card/session", Connection="close").status for _ in range(2000)], time.monotonic()


def test_one_address_cannot_flood_the_signer(instance, ask, flooded):
    assert set(flooded[0]) == {200, 429}
    assert ask("/card/session")[0] == 200  # others are served


# --- a broken-in portal ---

SECRETS = {"xcaSecrets", "xcaCodeHash", "xcaCodeNonce", "xcaTries", "xcaContactName", "xcaContactMail", "xcaContactStreet", "xcaContactPhone"}


@pytest.fixture(scope="module")
def made_card(instance):
    """A card that is on its way, put into the directory as the signer would: there is no reader in this."""
    signer = instance.bind("signer")
    number = "Xc%014d" % (9 * 10**13 + secrets.randbelow(10**12))
    signer.add_s("xcaCardNumber=%s,%s" % (number, CARDS), [
        ("objectClass", [b"xcaCard"]), ("xcaCardNumber", [number.encode()]), ("xcaState", [b"dispatched"]), ("xcaRevision", [b"4"]),
        ("xcaRank", [b"primary"]), ("xcaCaseNumber", [b"0400199999999999999999999"]), ("xcaOid", [b"2.16.886.104.199999"]),
        ("o", ["財團法人寄送基金會".encode()]), ("xcaContactName", ["某人".encode()]), ("xcaContactMail", [b"someone@example.org.tw"]),
        ("xcaContactStreet", ["某路1號".encode()]), ("xcaContactPhone", [b"02-27208889"]), ("xcaCodeHash", [b"scrypt$15$8$1$AA==$AA=="]),
        ("xcaTries", [b"0"]), ("xcaSecrets", [b"sealed"])])
    yield number
    signer.delete_s("xcaCardNumber=%s,%s" % (number, CARDS))


def refused(action, *arguments):
    with pytest.raises((ldap.INSUFFICIENT_ACCESS, ldap.NO_SUCH_OBJECT, ldap.NO_SUCH_ATTRIBUTE)):
        action(*arguments)


@pytest.mark.parametrize("who", ["portal", "admin"])
def test_secrets_of_cards_are_read_by_nobody_but_the_signer(instance, made_card, who):
    connection = instance.bind(who)
    dn = "xcaCardNumber=%s,%s" % (made_card, CARDS)
    entry = connection.search_s(dn, ldap.SCOPE_BASE)[0][1]
    assert entry["xcaState"] == [b"dispatched"]
    assert not SECRETS & set(entry)
    for name, value in (("xcaSecrets", "sealed"), ("xcaContactMail", "someone@example.org.tw"), ("xcaTries", "0")):
        assert connection.search_s(CARDS, ldap.SCOPE_ONELEVEL, "(%s=%s)" % (name, value)) == []
        with pytest.raises((ldap.INSUFFICIENT_ACCESS, ldap.NO_SUCH_ATTRIBUTE)):
            connection.compare_s(dn, name, value.encode())
    with pytest.raises(ldap.NO_SUCH_OBJECT):
        instance.bind().search_s(dn, ldap.SCOPE_BASE)


@pytest.mark.parametrize("who", ["portal", "admin"])
def test_cards_are_written_by_nobody_but_the_signer(instance, made_card, who):
    connection = instance.bind(who)
    dn = "xcaCardNumber=%s,%s" % (made_card, CARDS)
    for name, value in (("xcaState", b"active"), ("xcaTries", b"0"), ("xcaSecrets", b"other"), ("xcaCodeHash", b"x"),
                        ("xcaUnfinished", b"TRUE"), ("xcaContactMail", b"thief@example.org"), ("xcaRevision", b"9")):
        refused(connection.modify_s, dn, [(ldap.MOD_REPLACE, name, value)])
    refused(connection.delete_s, dn)
    refused(connection.add_s, "xcaCardNumber=Xc80000000000000," + CARDS,
            [("objectClass", [b"xcaCard"]), ("xcaCardNumber", [b"Xc80000000000000"]), ("xcaState", [b"active"]), ("xcaRevision", [b"1"]),
             ("xcaRank", [b"primary"])])


def test_a_case_is_not_moved_to_a_card_by_the_portal(instance):
    number = file_card(instance)
    portal = instance.bind("portal")
    dn = "xcaCaseNumber=%s,%s" % (number, CASES)
    for state in (b"made", b"dispatched", b"completed"):
        refused(portal.modify_s, dn, [(ldap.MOD_REPLACE, "xcaState", state)])
    refused(portal.modify_s, dn, [(ldap.MOD_ADD, "xcaCardNumber", b"Xc00000000000001")])


def put_message(portal, nonce, envelope, **more):
    entry = {"objectClass": b"xcaRequestEntry", "xcaRequest": nonce.encode(), "xcaKind": b"card", "xcaState": b"waiting", "xcaFiled": now(),
             "xcaMessage": envelope}
    entry.update(more)
    portal.add_s("xcaRequest=%s,ou=requests,%s" % (nonce, BASE), [(name, [value]) for name, value in entry.items()])


def answer_of(portal, nonce):
    until = time.monotonic() + 10
    while time.monotonic() < until:
        entry = portal.search_s("xcaRequest=%s,ou=requests,%s" % (nonce, BASE), ldap.SCOPE_BASE)[0][1]
        if entry["xcaState"] != [b"waiting"]:
            return entry
        time.sleep(0.1)
    raise AssertionError("no answer")


def test_a_reply_is_written_by_nobody_but_the_signer(instance):
    portal = instance.bind("portal")
    nonce = secrets.token_hex(16)
    for more in ({"xcaReply": b"x"}, {"xcaState": b"done"}, {"xcaAnswer": b"request.done"}, {"xcaTriesLeft": b"9"}):
        with pytest.raises(ldap.INSUFFICIENT_ACCESS):
            put_message(portal, secrets.token_hex(16), message(nonce), **more)
    put_message(portal, nonce, message(nonce))
    entry = answer_of(portal, nonce)
    assert entry["xcaState"] == [b"denied"] and "xcaReply" not in entry and "xcaMessage" not in entry
    dn = "xcaRequest=%s,ou=requests,%s" % (nonce, BASE)
    for change in ([(ldap.MOD_REPLACE, "xcaState", b"done")], [(ldap.MOD_ADD, "xcaReply", b"x")],
                   [(ldap.MOD_REPLACE, "xcaAnswer", b"request.done")], [(ldap.MOD_REPLACE, "xcaState", b"waiting")]):
        refused(portal.modify_s, dn, change)
    refused(portal.delete_s, dn)


def test_a_portal_cannot_speak_for_a_card_or_for_the_card_centre(instance, made_card, tmp_path):
    """Keys of its own, another officer's role, another's name: nothing moves."""
    portal = instance.bind("portal")
    for operation in ("activate", "changing", "confirm", "contact-show"):
        nonce = secrets.token_hex(16)
        put_message(portal, nonce, message(nonce, operation, card=made_card))
        assert answer_of(portal, nonce)["xcaAnswer"][0] in (b"card.signature", b"card.malformed"), operation
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", tmp_path / "k", "-out", tmp_path / "c",
                    "-subj", "/C=TW/CN=card-1", "-days", "30"], check=True, capture_output=True)
    nonce = secrets.token_hex(16)
    text = message(nonce, "discard", card=made_card).decode().rsplit("signature: ", 1)[0]
    text = text.replace("session: %s\n" % nonce, "").replace("card: %s\n" % made_card,
                                                           "card: %s\ncase: 0400199999999999999999999\nofficer: card-1\n" % made_card)
    (tmp_path / "text").write_text(text + "reason: x\n")
    cms = subprocess.run(["openssl", "cms", "-sign", "-binary", "-nodetach", "-md", "sha256", "-in", tmp_path / "text", "-signer", tmp_path / "c",
                          "-inkey", tmp_path / "k", "-outform", "DER"], check=True, capture_output=True).stdout
    put_message(portal, nonce, cms)
    assert answer_of(portal, nonce)["xcaAnswer"][0].startswith(b"cms.")
    assert instance.bind("admin").search_s("xcaCardNumber=%s,%s" % (made_card, CARDS), ldap.SCOPE_BASE)[0][1]["xcaState"] == [b"dispatched"]


def test_after_a_minute_a_flooder_may_ask_again(instance, flooded):
    """The last of this file: the other tests are the minute."""
    time.sleep(max(0, flooded[1] + 61 - time.monotonic()))
    assert Visitor(instance, FLOODER).get("/card/session").status == 200
