"""xca-card with a card alone: readers, PINs, signatures, and everything that can be wrong with a card, told in words. Exit codes
are those of xca-card.1."""

import re
import subprocess
import time

import pytest

from card_tools import openssl, said, yubico
from own_card import HOLDER, NUMBER, ORGANISATION, Authority, make_own_card, xca_card
from readers import BUILD, Readers, readers  # noqa: F401

CARD_KINDS = {
    "plain": {},
    "yubico": {"yubico": "yes"},
    "extended": {"transfer": "extended"},
    "small answers": {"response_block": 100, "no_le": "61xx"},
    "five tries": {"pin_tries": 5, "blocked": "6983"},
    "forgetful": {"reselect": "drop", "empty_object": "5300"},
}


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def own_memory(authority, tmp_path_factory):
    """The memory of a card of ours, made once."""
    folder = tmp_path_factory.mktemp("own")
    one = Readers(folder).start()
    try:
        card = one.card()
        make_own_card(one, authority, folder)
        card.stop()
        return card.state_path.read_bytes(), folder
    finally:
        one.close()


@pytest.fixture
def own_card(readers, own_memory):
    """Puts a copy of that card into a slot."""
    def put(slot=0, start=True, name="own", **settings):
        (readers.folder / (name + ".state")).write_bytes(own_memory[0])
        return readers.card(slot=slot, name=name, start=start, **settings)
    return put


def told(done, code, *texts):
    assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
    for text in texts:
        assert text in done.stdout + done.stderr


def test_list_tells_what_is_in_each_reader(readers, own_card):
    told(xca_card(readers, "list"), 0, "Reader: Virtual reader A 00 00\n  no card")
    own_card()
    readers.card(slot=1)
    listing = xca_card(readers, "list")
    told(listing, 0, "Virtual reader A 00 00\n  certificate IC card " + NUMBER, "Virtual reader A 00 01\n  a PIV card")
    told(xca_card(readers, "list", language="zh"), 0, "讀卡機：Virtual reader A 00 00\n  憑證 IC 卡 " + NUMBER)


@pytest.mark.parametrize("kind", CARD_KINDS)
def test_info_shows_a_card_of_every_kind(readers, own_card, kind):
    own_card(**CARD_KINDS[kind])
    done = xca_card(readers, "info")
    told(done, 0, "Card number: " + NUMBER, "Holder: " + HOLDER, "OID: " + ORGANISATION, "Kind: primary card",
         "Tries left of the PIN: 3", "contact@example.tw")


def test_messages_are_in_chinese_where_the_locale_is(readers, own_card):
    own_card()
    told(xca_card(readers, "info", language="zh"), 0, "卡號：" + NUMBER, "持卡組織：" + HOLDER, "卡別：正卡", "PIN 碼還可試 3 次")


@pytest.mark.parametrize("kind", CARD_KINDS)
def test_the_pin_is_changed(readers, own_card, kind):
    own_card(**CARD_KINDS[kind])
    told(xca_card(readers, "change-pin", secrets=["123456", "24681357"]), 0, "Tries left of the PIN: 3", "The PIN is changed")
    told(xca_card(readers, "change-pin", secrets=["123456", "135790"]), 4, "Tries left: ")
    told(xca_card(readers, "change-pin", secrets=["24681357", "135790"]), 0, "The PIN is changed")


def test_a_wrong_pin_costs_one_try_and_says_so(readers, own_card):
    own_card()
    told(xca_card(readers, "change-pin", secrets=["000000", "24681357"]), 4, "Tries left of the PIN: 3", "Tries left: 2")
    told(xca_card(readers, "change-pin", secrets=["000000", "24681357"]), 4, "Tries left of the PIN: 2", "Tries left: 1")
    told(xca_card(readers, "change-pin", secrets=["000000", "24681357"]), 4, "This is the last try", "The PIN is locked")
    told(xca_card(readers, "change-pin", secrets=["123456", "24681357"]), 4, "The PIN is locked", "xca-card unlock")


def test_the_last_try_is_not_spent_without_asking(readers, own_card):
    card = own_card()
    for _ in range(2):
        xca_card(readers, "change-pin", secrets=["000000", "24681357"])
    before = card.log()
    asked = subprocess.run([str(BUILD / "xca-card"), "--language", "en", "--wait", "2", "change-pin"], env=readers.environment,
                           capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL, start_new_session=True)
    told(asked, 1, "no terminal to confirm")
    assert not [line for line in card.log()[len(before):] if line[1] == ">" and line[2][1] == 0x24]


@pytest.mark.parametrize("pin", ["12345", "123456789", "12345a", ""])
def test_what_cannot_be_a_pin_costs_no_try(readers, own_card, pin):
    own_card(pin_malformed="counts")
    assert xca_card(readers, "change-pin", secrets=[pin, "24681357"]).returncode == 4
    assert xca_card(readers, "change-pin", secrets=["123456", pin]).returncode == 4
    told(xca_card(readers, "info"), 0, "Tries left of the PIN: 3")


def test_a_pin_that_another_program_verified_is_not_used(readers, own_card):
    own_card()
    said(yubico(readers, "-a", "verify-pin", "-P", "123456"))
    told(xca_card(readers, "info"), 0, "Tries left of the PIN: 3")


def test_a_file_is_signed_as_openssl_verifies_it(readers, own_card, authority, own_memory, tmp_path):
    own_card()
    text = tmp_path / "text"
    text.write_text("印信\n")
    told(xca_card(readers, "sign", text, "--out", tmp_path / "text.p7s", secrets=["123456"]), 0)
    told(xca_card(readers, "sign", text, "--attached", "--out", tmp_path / "text.p7m", secrets=["123456"]), 0)
    openssl("cms", "-verify", "-inform", "der", "-binary", "-in", tmp_path / "text.p7s", "-content", text, "-CAfile", authority.pem,
            "-purpose", "any", "-out", "/dev/null")
    assert openssl("cms", "-verify", "-inform", "der", "-binary", "-in", tmp_path / "text.p7m", "-CAfile", authority.pem, "-purpose",
                   "any").decode() == "印信\n"


@pytest.mark.parametrize("kind", ["rsa.pem", "ec.pem", "p12"])
def test_a_key_in_a_file_signs_too(readers, tmp_path, kind):
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    algorithm = ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"] if kind == "ec.pem" else ["rsa:2048"]
    openssl("req", "-x509", "-newkey", *algorithm, "-nodes", "-keyout", key, "-out", certificate, "-subj", "/CN=officer")
    whole = tmp_path / kind
    if kind == "p12":
        openssl("pkcs12", "-export", "-inkey", key, "-in", certificate, "-out", whole, "-passout", "pass:geheim")
    else:
        whole.write_bytes(key.read_bytes() + certificate.read_bytes())
    text = tmp_path / "text"
    text.write_text("a text")
    arguments = ["sign", text, "--out", tmp_path / "signature", "--key", whole]
    told(xca_card(readers, *arguments, secrets=["geheim"]), 0)
    openssl("cms", "-verify", "-inform", "der", "-binary", "-in", tmp_path / "signature", "-content", text, "-CAfile", certificate,
            "-purpose", "any", "-out", "/dev/null")
    if kind == "p12":
        told(xca_card(readers, *arguments, secrets=["wrong"]), 1, "password")


def test_login_signs_challenges_alone(readers, own_card, authority, tmp_path):
    own_card()
    challenge, out = tmp_path / "challenge", tmp_path / "signature"
    challenge.write_text("XCA-LOGIN-1\nportal: https://localhost\nnonce: 00\n")
    told(xca_card(readers, "login", challenge, "--out", out, secrets=["123456"]), 0, "Site: https://localhost", "Nonce: 00")
    assert openssl("cms", "-verify", "-inform", "der", "-binary", "-in", out, "-CAfile", authority.pem, "-purpose", "any").startswith(
        b"XCA-LOGIN-1\n")
    for text in ("XCA-STATEMENT-1\ncase: 1\n", "XCA-CARD-1\noperation: made\n", "XCA-LOGIN-1\n\x1b[2J", ""):
        challenge.write_text(text)
        told(xca_card(readers, "login", challenge, "--out", out, secrets=["123456"]), 1, "no login challenge")


def test_no_service_no_reader_no_card_are_three_things(tmp_path):
    one = Readers(tmp_path, count=2)
    told(xca_card(one, "info"), 2, "PC/SC")
    told(xca_card(one, "list"), 2, "PC/SC")
    one.start()
    try:
        told(xca_card(one, "info"), 2, "Put in the card", "There is no card in the reader")
        told(xca_card(one, "info", "--reader", "Another"), 2, "There is no card reader")
    finally:
        one.close()


def test_a_card_put_in_late_is_waited_for(readers, own_card):
    card = own_card(start=False)
    helper = subprocess.Popen([str(BUILD / "xca-card"), "--language", "en", "info"], env=readers.environment, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    time.sleep(1.5)
    assert helper.poll() is None
    card.start()
    out, _ = helper.communicate(timeout=30)
    assert helper.returncode == 0
    assert "Put in the card" in out and NUMBER in out


def test_a_reader_plugged_in_late_is_waited_for(readers, own_card):
    """Even where the service ends without readers and is started with the next one, as on Windows."""
    readers.plug(0)
    helper = subprocess.Popen([str(BUILD / "xca-card"), "--language", "en", "info"], env=readers.environment, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    time.sleep(1.5)
    assert helper.poll() is None
    readers.plug(2)
    own_card()
    out, err = helper.communicate(timeout=30)
    assert helper.returncode == 0, err
    assert "Plug in a card reader" in out and NUMBER in out


def test_of_several_cards_one_is_named(readers, own_card):
    own_card(slot=0)
    readers.card(slot=1)
    told(xca_card(readers, "info"), 1, "There are several cards", "1  Virtual reader A 00 00", "2  Virtual reader A 00 01")
    told(xca_card(readers, "info", "--reader", "00 00"), 0, NUMBER)
    told(xca_card(readers, "info", "--reader", "00 01"), 3, "no card of this authority")


def test_a_card_put_in_upside_down_is_told(readers):
    readers.card(card="mute")
    told(xca_card(readers, "info", wait=6), 3, "does not answer", "chip is up")
    told(xca_card(readers, "list"), 0, "upside down")


def test_a_blank_is_no_card_of_ours(readers):
    readers.card()
    told(xca_card(readers, "info"), 3, "no card of this authority")
    told(xca_card(readers, "change-pin", secrets=["123456", "24681357"]), 3, "no card of this authority")
    told(yubico(readers, "-a", "verify-pin", "-P", "123456"), 0)


def test_a_card_with_another_key_cannot_pass(readers, own_memory):
    """Certificates copied to a card that does not have their keys."""
    one = readers.card()
    for slot in ("9c", "9d", "9e"):
        said(yubico(readers, "-a", "generate", "-s", slot, "-A", "RSA2048", "-o", readers.folder / "key"), "generated")
        said(yubico(readers, "-a", "import-certificate", "-s", slot, "-i", own_memory[1] / (slot + ".pem")), "imported")
    assert one.memory()
    told(xca_card(readers, "info"), 3, "cannot prove")
    told(xca_card(readers, "change-pin", secrets=["123456", "24681357"]), 3, "cannot prove")
    told(yubico(readers, "-a", "verify-pin", "-P", "123456"), 0)


def test_a_card_in_use_elsewhere_is_told(readers, own_card):
    own_card()
    hold = ("import ctypes, sys, time\np = ctypes.CDLL('libpcsclite.so.1')\nc = ctypes.c_long()\nh = ctypes.c_long()\n"
            "a = ctypes.c_ulong()\nassert p.SCardEstablishContext(2, None, None, ctypes.byref(c)) == 0\n"
            "assert p.SCardConnect(c, sys.argv[1].encode(), int(sys.argv[2]), 3, ctypes.byref(h), ctypes.byref(a)) == 0\n"
            "assert int(sys.argv[2]) == 1 or p.SCardBeginTransaction(h) == 0\nprint('held', flush=True)\nsys.stdin.read()\n")
    for share in ("1", "2"):  # exclusive; shared, in a transaction
        holder = subprocess.Popen(["/usr/bin/python3", "-c", hold, readers.name(0), share], env=readers.environment,
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert holder.stdout.readline() == "held\n"
        told(xca_card(readers, "info"), 3, "in use by another program")
        told(xca_card(readers, "list"), 0, "in use by another program")
        holder.communicate()
    told(xca_card(readers, "info"), 0, NUMBER)


def commands_of(card, run):
    before = card.commands()
    done = run()
    return card.commands() - before, done


@pytest.mark.parametrize("kind", ["before", "after", "flicker"])
def test_a_card_pulled_at_any_command_is_told_and_works_again(readers, own_card, kind):
    card = own_card()
    count, done = commands_of(card, lambda: xca_card(readers, "change-pin", secrets=["123456", "123457"]))
    told(done, 0)
    pins = ["123457", "123456"]
    for at in range(1, count + 1):
        card.cut(at, kind)
        done = xca_card(readers, "change-pin", secrets=[pins[0], pins[1]])
        if "The PIN is changed" in done.stdout:  # only the tries left afterwards were not read
            pins.reverse()
        else:
            told(done, 3, "again")
        if kind != "flicker":
            card.insert()
        # Whichever PIN it has now, it is one of the two.
        again = xca_card(readers, "change-pin", secrets=[pins[0], pins[1]])
        if again.returncode != 0:
            told(again, 4, "Tries left: 2")
            told(xca_card(readers, "change-pin", secrets=[pins[1], pins[0]]), 0)
        else:
            pins.reverse()


HOSTILE = ["bytes", "length", "tlv", "status", "short", "long", "endless", "certificate", "key", "any"]


@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_hostile_card_is_refused_in_words(readers, own_card, hostile):
    for seed in range(3):
        card = own_card(name="hostile-%d" % seed, hostile=hostile, hostile_every=2, seed=seed + 1)
        for command, secrets in (("list", []), ("info", []), ("change-pin", ["123456", "24681357"])):
            done = xca_card(readers, command, secrets=secrets)
            assert done.returncode in (0, 3, 4), (done.returncode, done.stdout, done.stderr)
            assert not re.search("Sanitizer|runtime error|Segmentation", done.stderr)
        card.pull()


def test_secrets_are_no_arguments(readers):
    told(xca_card(readers, "change-pin", "--pin", "123456"), 1, "no option")
    told(xca_card(readers, "--help"), 0, "activate", "produce")
    told(xca_card(readers, "nonsense"), 1, "no option or command")


def test_there_is_no_core_dump(readers, own_card):
    own_card(command_ms=300)
    helper = subprocess.Popen([str(BUILD / "xca-card"), "--language", "en", "info"], env=readers.environment,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(0.8)
    limits = open("/proc/%d/limits" % helper.pid).read()
    assert re.search(r"Max core file size\s+0\s+0", limits)
    helper.kill()
    helper.wait()
