"""Certificates that tests need, made by what a browser would send and without looking at the pages on the way. The steps in the browser itself, which
take ten times as long, are in applying.py."""

import subprocess

import visiting
from conftest import USER_CODE
from visiting import Visitor


def file_case(instance, csr, email, keyword="基金會", use="encryption"):
    """An application for the first organisation that the keyword finds; gives its number."""
    visitor = Visitor(instance)
    return visiting.file_case(visitor, csr, email, USER_CODE, visiting.KNOWN_FORM + visiting.any_organisation(visitor, keyword), use=use,
                              contact_email="contact-" + email)


def accept(instance, serial, code=USER_CODE):
    """非IC卡類憑證接受."""
    visitor = Visitor(instance)
    shown = visitor.submit(visitor.get("/certificates/accept"), {"serial": serial, "code": code}, button="show")
    done = visitor.submit(shown, {}, button="accept")
    assert done.status < 400, done.main


def issue(instance, folder, address, name="my", **more):
    """From a new key to the issued certificate: gives the key's file, the case and the serial number."""
    key, csr = folder / (name + ".key"), folder / (name + ".csr")
    subprocess.run(["openssl", "req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", csr, "-subj", "/CN=request"],
                   check=True, capture_output=True)
    case = file_case(instance, csr.read_bytes(), address, **more)
    instance.approve(case)
    instance.wait_for_state(case, "issued")
    return key, case, instance.case(case)["xcaSerial"].decode()


def publish(instance, folder, address, name="my", **more):
    """The same to the published certificate."""
    key, case, serial = issue(instance, folder, address, name, **more)
    accept(instance, serial)
    instance.wait_for_state(case, "completed")
    return key, case, serial


def change_state(instance, serial, action, code=USER_CODE):
    """憑證停用/復用: action is suspend or resume."""
    visitor = Visitor(instance)
    done = visitor.submit(visitor.get("/certificates/suspend"), {"number": serial, "code": code, "action": action})
    assert done.status < 400, done.main
