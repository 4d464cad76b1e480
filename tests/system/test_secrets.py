"""Where user codes and passwords could be left behind: logs, files, addresses, command lines, caches, memory."""

import os
import re
from pathlib import Path

import pytest
from test_bad_fields import new_csr
from visiting import KNOWN_FORM, Visitor, any_organisation, file_case, filled_in

CODE = "Zq7-unspoken-Code"
WRONG = "Zq7-mistaken-Code"


def data_of(path):
    """What is written in a file; slapd's files are mostly holes."""
    size, at, pieces = path.stat().st_size, 0, []
    with open(path, "rb") as file:
        while at < size:
            try:
                at = os.lseek(file.fileno(), at, os.SEEK_DATA)
            except OSError:  # nothing but a hole is left
                break
            end = os.lseek(file.fileno(), at, os.SEEK_HOLE)
            pieces.append(os.pread(file.fileno(), end - at, at))
            at = end
    return b"".join(pieces)


@pytest.fixture(scope="module")
def walked(instance):
    """One walk through every page that takes a code, with the right one and a wrong one; gives the answers."""
    visitor = Visitor(instance, "127.0.0.31")
    form = visitor.get(KNOWN_FORM + any_organisation(visitor))
    # the code comes with a form that is refused, and with one that never gets as far as being looked at
    answers = [form, visitor.submit(form, filled_in(form, new_csr(), "no address", CODE)),
               visitor.submit(form, dict(filled_in(form, b"no request", code=CODE), token="forged")),
               visitor.submit(form, filled_in(form, new_csr(), code=CODE), origin="https://elsewhere.example")]
    number = file_case(visitor, new_csr(), "secrets@example.org.tw", CODE)
    for door in ("/case/status", "/case/edit"):
        page = visitor.get(door)
        opened = visitor.submit(page, {"case_number": number, "code": CODE})
        answers += [page, visitor.submit(page, {"case_number": number, "code": WRONG}), opened, visitor.follow(opened)]
    letter = visitor.get("/case/letter/" + number)
    answers += [letter, visitor.submit(letter, {"code": WRONG}), visitor.submit(letter, {"code": CODE})]
    instance.approve(number)
    instance.wait_for_state(number, "issued")
    serial = instance.case(number)["xcaSerial"].decode()
    accept = visitor.get("/certificates/accept")
    answers += [accept, visitor.submit(accept, {"serial": serial, "code": WRONG})]
    shown = visitor.submit(visitor.get("/certificates/accept"), {"serial": serial, "code": CODE})
    answers += [shown, visitor.follow(shown) if shown.status == 303 else shown]
    suspend = visitor.get("/certificates/suspend")
    answers += [suspend, visitor.submit(suspend, {"number": serial, "code": CODE, "action": "suspend"})]
    return answers


def test_no_code_is_left_in_a_file_or_an_address(instance, walked):
    found = [str(path) for path in instance.home.rglob("*") if path.is_file()
             and any(code.encode() in data_of(path) for code in (CODE, WRONG))]
    assert found == []
    # what is looked at does hold what was said aloud
    assert b"secrets@example.org.tw" in data_of(instance.home / "ldap" / "main" / "data.mdb")
    for answer in walked:
        assert not any(code in value for code in (CODE, WRONG) for value in answer.headers.values())
    assert (instance.home / "log" / "httpd-access.log").read_text().count("POST /case/status") >= 2


def test_pages_for_one_visitor_are_kept_by_no_cache(walked):
    for answer in walked:
        assert answer.headers["Cache-Control"] == "no-store", (answer.status, answer.main)
        assert answer.headers["Referrer-Policy"] == "same-origin"


def test_a_code_is_shown_on_its_own_letter_and_nowhere_else(walked):
    """The letter to the authority is the page that shows the code to whoever has just typed it."""
    assert sum(CODE in answer.main for answer in walked) <= 1
    assert not any(WRONG in answer.main for answer in walked)


def test_fields_for_codes_are_hidden_and_remembered_by_no_form_history(walked):
    seen = 0
    for answer in walked:
        for field in (f for form in answer.forms for f in form.fields):
            if field.name in ("code", "code_again", "pass_code"):
                seen += 1
                assert field.kind == "password" and field.value == ""
    assert seen >= 8


def test_no_password_stands_in_a_command_line_or_an_environment(instance, walked):
    passwords = [path.read_bytes().strip() for path in (instance.home / "secrets").glob("*.password")]
    passwords += [(instance.home / "officers" / "password").read_bytes().strip(), CODE.encode()]
    assert len(passwords) == 5 and all(len(password) >= 12 for password in passwords)
    looked_at = 0
    for process in Path("/proc").glob("[0-9]*"):
        try:
            line, environment = (process / "cmdline").read_bytes(), (process / "environ").read_bytes()
        except OSError:
            continue
        if str(instance.home).encode() not in line:
            continue
        looked_at += 1
        assert not any(password in line + environment for password in passwords), line
    assert looked_at >= 3


def test_nobody_else_reads_keys_passwords_logs_or_the_directory(instance):
    for folder in ("ca", "secrets", "officers", "ldap", "log", "outbox", "run"):
        for path in (instance.home / folder, *(instance.home / folder).rglob("*")):
            if path.is_socket():
                continue
            closed = os.stat(path).st_mode & 0o077 == 0 or os.stat(path.parent).st_mode & 0o077 == 0
            assert closed, path
    assert os.stat(instance.home).st_mode & 0o077 == 0


def test_the_signer_leaves_no_core(instance):
    limits = Path("/proc/%d/limits" % instance.signer_pid()).read_text()
    assert re.search(r"Max core file size +0 +0", limits)
