"""The card pages in Firefox: its own rules for pages that connect to this machine, asked, allowed and denied. Everything else about them:
test_bridge.py."""

import re
import tempfile
import time
from pathlib import Path

import pytest

from bridging import Bridge, settings_of
from firefox import Firefox
from own_card import NUMBER
from readers import Readers
from test_card_tool import authority, own_memory  # noqa: F401


@pytest.fixture(scope="module")
def bridge(instance, own_memory):  # noqa: F811
    with tempfile.TemporaryDirectory(prefix="xca-fox-") as folder:
        readers = Readers(folder).start()
        (readers.folder / "own.state").write_bytes(own_memory[0])
        readers.card(name="own")
        one = Bridge(readers, settings_of(instance, Path(folder)))
        yield one
        one.stop()
        readers.close()


def shown(fox):
    return fox.run("return [...document.querySelectorAll('#card-desk [data-part]')].filter((e) => e.checkVisibility()).map((e) => e.dataset.part)")


def come_to(fox, *parts, seconds=60):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        found = [part for part in parts if part in shown(fox)]
        if found:
            return found[0]
        time.sleep(0.2)
    raise AssertionError("%s, not %s" % (shown(fox), parts))


def begin(fox, instance, bridge):
    """By the helper's link, then the page that shows a card."""
    fox.get(instance.url + "/about?lang=en")
    fox.get(bridge.link)
    time.sleep(1)
    fox.get(instance.url + "/card/info")
    fox.run("document.querySelector('#card-desk [data-part=begin] button').click()")


def test_a_card_is_shown(instance, bridge):
    """The portal is at this machine too, which needs no permission."""
    fox = Firefox()
    try:
        begin(fox, instance, bridge)
        assert come_to(fox, "done", "no-helper", "no-token", "denied", "fault") == "done"
        assert NUMBER in fox.run("return document.getElementById('card-desk').textContent")
        assert re.fullmatch(r'\{"port":%d,"token":"[0-9a-f]{32}"\}' % bridge.port, fox.run("return sessionStorage.getItem('xca-card-link')"))
    finally:
        fox.close()


@pytest.mark.parametrize("answer, part", [("allowed", "done"), ("denied", "denied"), ("asked", None)])
def test_a_portal_of_the_internet_needs_permission(instance, bridge, answer, part):
    fox = Firefox(**{"network.lna.enabled": True, "network.lna.blocking": True,
                     "network.lna.address_space.public.override": "127.0.0.1:%d" % instance.https, "network.dns.disableIPv6": True})
    try:
        if part is not None:
            fox.run_as_browser("Services.perms.addFromPrincipal(Services.scriptSecurityManager.createContentPrincipalFromOrigin(arguments[0]),"
                               " 'loopback-network', arguments[1])", instance.url, 1 if answer == "allowed" else 2)
        begin(fox, instance, bridge)
        if part is not None:
            assert come_to(fox, "done", "no-helper", "no-token", "denied", "fault") == part
            return
        until = time.monotonic() + 20
        asked = "return [...Services.wm.getMostRecentWindow('navigator:browser').PopupNotifications._currentNotifications].map((n) => n.id)"
        while "loopback-network" not in fox.run_as_browser(asked):
            assert time.monotonic() < until
            time.sleep(0.2)
        assert "choose “Allow”" in fox.run("return document.querySelector('#card-desk [role=status]').textContent")
    finally:
        fox.close()
