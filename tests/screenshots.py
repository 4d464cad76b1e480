#!/usr/bin/python3
"""screenshots.py [PART...]: pictures of every page of the portal in its states, in both languages, as wide as a desk and as
narrow as a phone, and of the printed pages, in build/screenshots with an index.html. Called by "make screenshots". PART chooses
some of the walks: public content applying applying_card following certificates log codes cards office holders office_content
office_audit changes errors outage. A page wider than its window is named."""

import base64
import html
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TOP / "tests" / "system"))

from conftest import BUILD, Instance, new_browser, small_data  # noqa: E402
from walking import Walk  # noqa: E402

WIDTHS = (1280, 360)
PARTS = ("public", "content", "applying", "applying_card", "following", "certificates", "log", "codes", "cards", "office", "holders",
         "office_content", "office_audit", "changes", "errors", "outage")
PRINTED = {"news-item", "faq-item", "fees", "apply-4-paper", "apply-4-letter", "apply-card-4-paper", "code-reset-paper-filled", "revoke-paper",
           "revoke-paper-filled", "office-call-sheet", "certificate-valid", "case-status-returned"}
FOLDER = BUILD / "screenshots"


class Camera:
    def __init__(self, browser, language):
        self.browser, self.language = browser, language
        self.names, self.too_wide = [], []

    def look(self, name):
        self.names.append(name)
        for width in WIDTHS:
            height = 1000 if width > 600 else 740
            self.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",
                                         {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600})
            wide, high = self.browser.execute_script(
                "return [document.documentElement.scrollWidth, document.documentElement.scrollHeight]")
            if wide > width:
                self.too_wide.append("%s %s at %d: %d" % (self.language, name, width, wide))
            shot = self.browser.execute_cdp_cmd("Page.captureScreenshot", {
                "format": "png", "captureBeyondViewport": True,
                "clip": {"x": 0, "y": 0, "width": width, "height": min(high, 9000), "scale": 1}})
            (FOLDER / ("%s-%s-%d.png" % (name, self.language, width))).write_bytes(base64.b64decode(shot["data"]))
        self.browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        if name in PRINTED:
            self.print_out(name)

    def print_out(self, name):
        printed = self.browser.execute_cdp_cmd("Page.printToPDF", {"preferCSSPageSize": True, "printBackground": False})
        pdf = FOLDER / ("%s-%s.pdf" % (name, self.language))
        pdf.write_bytes(base64.b64decode(printed["data"]))
        subprocess.run(["pdftoppm", "-r", "80", "-png", pdf, FOLDER / ("%s-%s-print" % (name, self.language))], check=True)


def write_index(names):
    rows = []
    for name in names:
        pictures = sorted(FOLDER.glob(name + "-zh-*.png")) + sorted(FOLDER.glob(name + "-en-*.png"))
        pictures = [p for p in pictures if p.name[len(name):].startswith(("-zh-", "-en-"))]
        rows.append("<h2>%s</h2><p>%s</p>" % (html.escape(name), " ".join(
            "<a href='%s'><img loading='lazy' src='%s' height='420' alt='%s'></a>" % (p.name, p.name, p.stem) for p in pictures)))
    (FOLDER / "index.html").write_text("<!DOCTYPE html><meta charset='utf-8'><title>Screenshots</title>%s" % "\n".join(rows), "utf-8")


def main():
    parts = sys.argv[1:] or PARTS
    if not set(parts) <= set(PARTS):
        sys.exit(__doc__)
    FOLDER.mkdir(parents=True, exist_ok=True)
    home = Path(tempfile.mkdtemp(prefix="xca-screenshots-"))
    small_data(home / "data")
    instance = Instance(home / "instance")
    browser = new_browser()
    names, too_wide = [], []
    try:
        instance.make(home / "data")
        instance.start()
        walk = Walk(browser, instance, home)
        if set(parts) & {"codes", "following", "certificates", "office", "holders"}:
            walk.prepare()
        for language in ("zh", "en"):
            camera = Camera(browser, language)
            walk.speak(language)
            for part in parts:
                getattr(walk, part)(camera.look)
            names = camera.names
            too_wide += camera.too_wide
    finally:
        browser.quit()
        instance.stop()
        shutil.rmtree(home, ignore_errors=True)
    write_index(names)
    for page in too_wide:
        print("wider than its window: " + page)
    print("%d pages, see %s" % (len(names), FOLDER / "index.html"))


if __name__ == "__main__":
    main()
