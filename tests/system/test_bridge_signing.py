"""Signatures through the bridge: a page asks, the helper shows in words on its own side what it is about, and only there is it confirmed. With a
card and with a key in a file; one text and many."""

import base64
import os
import time

import pytest

from bridging import Bridge
from card_tools import openssl
from readers import readers  # noqa: F401
from test_card_tool import authority, own_card, own_memory  # noqa: F401

PORTAL = "https://xca.example"
PIN = "123456"


def statement(number, decision="accept", reason=""):
    return ("XCA-STATEMENT-1\ncase: %025d\ncontent: sha256:%s\nstage: second\ndecision: %s\nletter: 部授字第1150000001號\nreason: %s\n"
            "officer: central-1\ntime: 20261124T050500Z\n" % (number, "0" * 64, decision, reason))


CHALLENGE = "XCA-LOGIN-1\nportal: %s\nnonce: 00112233445566778899aabbccddeeff\n" % PORTAL


@pytest.fixture
def config(tmp_path, authority):  # noqa: F811
    path = tmp_path / "xca-card.conf"
    path.write_text("portal-url = %s\nca-file = %s\n" % (PORTAL, authority.pem))
    return path


@pytest.fixture(scope="module")
def officer(tmp_path_factory):
    """A PKCS#12 file with its password, and the certificate."""
    folder = tmp_path_factory.mktemp("officer")
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", folder / "key.pem", "-out", folder / "certificate.pem", "-subj",
            "/CN=officer")
    openssl("pkcs12", "-export", "-inkey", folder / "key.pem", "-in", folder / "certificate.pem", "-out", folder / "officer.p12", "-passout",
            "pass:geheim")
    (folder / "password").write_text("geheim\n")
    return folder


@pytest.fixture
def serving(readers, config):  # noqa: F811
    """Begins a bridge that is ended after the test."""
    running = []

    def begin(*more, **how):
        running.append(Bridge(readers, config, *more, **how))
        return running[-1]
    yield begin
    for bridge in running:
        bridge.stop()


def signed_texts(events, anchor, folder):
    """What stands in the signatures, each verified by OpenSSL."""
    texts = []
    results = [event for event in events if event["type"] == "result"]
    assert [event["at"] for event in results] == list(range(1, len(results) + 1))
    for event in results:
        assert event["of"] == len(results)
        (folder / "signed.der").write_bytes(base64.b64decode(event["signed"]))
        texts.append(openssl("cms", "-verify", "-inform", "der", "-binary", "-in", folder / "signed.der", "-CAfile", anchor, "-purpose",
                             "any").decode())
    return texts


def test_an_officer_signs_many_decisions_in_one_go(serving, officer, tmp_path):
    bridge = serving("--key", officer / "officer.p12", "--password-file", officer / "password", terminal=True)
    texts = [statement(number, "return" if number == 7 else "accept", "缺法人登記證書\\n請補件" if number == 7 else "") for number in range(40)]
    begun = bridge.ask("POST", "/v1/jobs", {"operation": "sign", "texts": texts})[1]
    bridge.wait_for("Are all these 40 to be signed? (y/n)")
    said = bridge.said()
    assert "asks:\nsign statements" in said
    assert "  Case: %025d\n" % 7 in said and "  Decision: return\n" in said and "  Letter number: 部授字第1150000001號\n" in said
    assert "  Reason: 缺法人登記證書\n    請補件\n" in said and "  Time: 2026-11-24 05:05:00 UTC\n" in said
    path = "/v1/jobs/" + begun["job"]
    events = bridge.ask("GET", path + "?after=0")[1]["events"]
    assert [event["words"] for event in events if event["type"] == "show"][7].startswith("  Case: %025d\n" % 7)
    assert events[-1]["type"] == "here" and not [event for event in events if event["type"] == "ask"]
    for n in range(1, len(events) + 2):  # the page cannot say yes
        assert bridge.ask("POST", path + "/answer", {"question": n, "yes": True})[0] == 409
    assert not [event for event in bridge.ask("GET", path + "?after=0")[1]["events"] if event["type"] == "result"]
    bridge.type("y")
    bridge.wait_for("Done.")
    events = bridge.ask("GET", path + "?after=%d" % len(events))[1]["events"]
    assert events[-1]["type"] == "done"
    assert signed_texts(events, officer / "certificate.pem", tmp_path) == texts


def test_what_is_answered_with_no_is_not_signed(serving, officer):
    bridge = serving("--key", officer / "officer.p12", terminal=True, typed=[("Password of", "geheim")])
    begun = bridge.ask("POST", "/v1/jobs", {"operation": "sign", "text": statement(1)})[1]
    bridge.wait_for("Is this to be signed? (y/n)")
    bridge.type("n")
    bridge.wait_for("Cancelled.")
    events = bridge.ask("GET", "/v1/jobs/%s?after=0" % begun["job"])[1]["events"]
    assert events[-1]["id"] == "T_CANCELLED" and not [event for event in events if event["type"] == "result"]
    assert "geheim" not in bridge.said()


def test_what_was_typed_before_the_question_is_no_answer(serving, officer):
    bridge = serving("--key", officer / "officer.p12", "--password-file", officer / "password", terminal=True)
    os.write(bridge.master, b"y\ny\n")
    begun = bridge.ask("POST", "/v1/jobs", {"operation": "sign", "text": statement(1)})[1]
    bridge.wait_for("Is this to be signed? (y/n)")
    time.sleep(1)
    assert "Done." not in bridge.said()
    assert bridge.ask("DELETE", "/v1/jobs/" + begun["job"])[0] == 204


def test_a_question_ends_with_its_page_and_with_the_helper(serving, officer):
    """Nobody is there to answer: the helper is free again at once, and Ctrl-C ends it."""
    bridge = serving("--key", officer / "officer.p12", "--password-file", officer / "password", terminal=True)
    begun = bridge.ask("POST", "/v1/jobs", {"operation": "sign", "text": statement(1)})[1]
    bridge.wait_for("(y/n)")
    assert bridge.ask("DELETE", "/v1/jobs/" + begun["job"])[0] == 204
    until = time.monotonic() + 5
    while "busy" in bridge.ask("GET", "/v1")[1]:
        assert time.monotonic() < until
        time.sleep(0.1)
    heard = len(bridge.said())
    assert bridge.ask("POST", "/v1/jobs", {"operation": "sign", "text": statement(2)})[0] == 201
    bridge.wait_for("(y/n)", after=heard)
    os.write(bridge.master, b"\x03")
    assert bridge.process.wait(10) == 0


def test_a_wrong_password_of_the_key_is_told_at_the_start(readers, config, officer):  # noqa: F811
    with pytest.raises(AssertionError, match="The password of .*officer.p12 is wrong"):
        Bridge(readers, config, "--key", officer / "officer.p12", terminal=True, typed=[("Password of", "falsch")])


def test_a_login_is_confirmed_in_the_page(serving, officer, tmp_path):
    bridge = serving("--key", officer / "officer.p12", "--password-file", officer / "password")
    events = bridge.follow({"operation": "login", "text": CHALLENGE}, lambda event: {"yes": True})
    assert signed_texts(events, officer / "certificate.pem", tmp_path) == [CHALLENGE]
    assert [event["id"] for event in events if event["type"] == "ask"] == ["T_LOGIN_CONFIRM"]
    assert "  Site: %s\n" % PORTAL in bridge.said()


def test_a_login_elsewhere_is_not_signed(serving, officer):
    bridge = serving("--key", officer / "officer.p12", "--password-file", officer / "password")
    for text in (CHALLENGE.replace("xca.example", "other.example"), CHALLENGE.replace("portal: ", "side: ")):
        status, answer, _ = bridge.ask("POST", "/v1/jobs", {"operation": "login", "text": text})
        assert status == 422 and answer["fault"]["id"] == "T_BRIDGE_CHALLENGE" and PORTAL in answer["fault"]["text"]


@pytest.mark.parametrize("kind", [{}, {"reselect": "drop"}, {"response_block": 100, "no_le": "61xx"}], ids=["plain", "forgetful", "small"])
def test_a_card_signs_statements_with_one_pin_typed_at_the_helper(serving, own_card, authority, tmp_path, kind):  # noqa: F811
    own_card(**kind)
    bridge = serving(terminal=True)
    texts = [statement(number) for number in range(3)]
    begun = bridge.ask("POST", "/v1/jobs", {"operation": "sign", "texts": texts})[1]
    bridge.wait_for("(y/n)")
    bridge.type("y")
    bridge.wait_for("PIN (to sign)")
    assert "Tries left of the PIN: 3" in bridge.said() and "Card number: Xc" in bridge.said()
    bridge.type(PIN)
    bridge.wait_for("Done.")
    events = bridge.ask("GET", "/v1/jobs/%s?after=0" % begun["job"])[1]["events"]
    assert signed_texts(events, authority.pem, tmp_path) == texts
    assert not [event for event in events if event["type"] == "ask"]
    assert [event["at"] for event in events if event["type"] == "progress"] == [1, 2, 3]
    assert PIN not in bridge.said()


def test_half_of_what_was_confirmed_is_no_result(serving, own_card):  # noqa: F811
    card = own_card()
    bridge = serving(terminal=True)
    begun = bridge.ask("POST", "/v1/jobs", {"operation": "sign", "texts": [statement(number) for number in range(8)]})[1]
    bridge.wait_for("(y/n)")
    bridge.type("y")
    bridge.wait_for("PIN (to sign)")
    card.set("command_ms", 200)
    bridge.type(PIN)
    bridge.wait_for("[3/8] Signing", seconds=30)
    card.pull()
    bridge.wait_for("pulled out")
    events = bridge.ask("GET", "/v1/jobs/%s?after=0" % begun["job"])[1]["events"]
    assert events[-1]["id"] == "T_CARD_REMOVED" and not [event for event in events if event["type"] == "result"]


def test_a_login_with_a_card(serving, own_card, authority, tmp_path):  # noqa: F811
    own_card()
    bridge = serving()
    events = bridge.follow({"operation": "login", "text": CHALLENGE},
                           lambda event: {"secret": PIN} if event["kind"] == "secret" else {"yes": True})
    assert signed_texts(events, authority.pem, tmp_path) == [CHALLENGE]
    assert PIN not in bridge.said()


def test_without_a_terminal_nothing_is_signed(serving, officer):
    bridge = serving("--key", officer / "officer.p12", "--password-file", officer / "password")
    events = bridge.follow({"operation": "sign", "text": statement(1)})
    assert events[-1]["id"] == "T_NOT_CONFIRMED" and not [event for event in events if event["type"] == "result"]


@pytest.mark.parametrize("key, end", [("\r", "done"), ("\t\r", "T_CANCELLED")], ids=["OK", "Cancel"])
def test_pinentry_asks_whether_to_sign(serving, officer, key, end):
    bridge = serving("--key", officer / "officer.p12", "--password-file", officer / "password", "--pinentry", "pinentry-curses",
                     terminal=True)
    begun = bridge.ask("POST", "/v1/jobs", {"operation": "sign", "texts": [statement(number) for number in range(9)]})[1]
    bridge.wait_for("Are all these 9 to be signed?")
    time.sleep(1)
    os.write(bridge.master, key.encode())
    until = time.monotonic() + 20
    while "busy" in bridge.ask("GET", "/v1")[1] and time.monotonic() < until:
        time.sleep(0.1)
    events = bridge.ask("GET", "/v1/jobs/%s?after=0" % begun["job"])[1]["events"]
    assert end in (events[-1]["type"], events[-1].get("id")), events[-1]
