"""The letters and forms to download: each an OpenDocument text and a PDF of one source."""

import io
import re
import ssl
import subprocess
import tarfile
import urllib.request
import xml.etree.ElementTree as ET
import zipfile

import pytest
from selenium.webdriver.common.by import By
from conftest import BUILD, TOP

SOURCES = sorted((TOP / "conf" / "forms").glob("*.xml"))
CONTEXT = ssl._create_unverified_context()
ODT = "application/vnd.oasis.opendocument.text"
OASIS = "{urn:oasis:names:tc:opendocument:xmlns:%s:1.0}"


def fetch(instance, name):
    answer = urllib.request.urlopen(instance.url + "/forms/" + name, context=CONTEXT, timeout=30)
    return answer.headers, answer.read()


def squeezed(text):
    """Without what differs between a source and a page that is set from it."""
    return re.sub(r"[\s　\u2060]+", "", text)


def texts(source):
    """Every text of a form, as one piece each."""
    root = ET.parse(source).getroot()
    found = [e.text for e in root.iter() if e.text] + [e.get("en") for e in root.iter() if e.get("en")]
    return [t for t in (squeezed(f) for f in found) if t]


def test_the_page_offers_every_form_in_both_formats(browser, instance):
    browser.get(instance.url + "/forms?lang=zh")
    offered = [a.get_attribute("href").rsplit("/", 1)[1] for a in browser.find_elements(By.CSS_SELECTOR, "main .results a")]
    assert sorted(offered) == sorted(s.stem + e for s in SOURCES for e in (".odt", ".pdf")) and len(SOURCES) >= 6


@pytest.mark.parametrize("source", SOURCES, ids=lambda s: s.stem)
def test_the_odt_is_an_open_document_with_all_of_the_form(instance, source):
    headers, content = fetch(instance, source.stem + ".odt")
    assert headers["Content-Type"] == ODT and "attachment" in headers["Content-Disposition"]
    # ISO/IEC 26300: the first file is "mimetype", stored, without extra field, so that the type stands at offset 38
    assert content[30:38] == b"mimetype" and content[38:38 + len(ODT)] == ODT.encode()
    archive = zipfile.ZipFile(io.BytesIO(content))
    assert archive.testzip() is None and archive.infolist()[0].compress_type == zipfile.ZIP_STORED
    manifest = ET.fromstring(archive.read("META-INF/manifest.xml"))
    listed = {e.get(OASIS % "manifest" + "full-path") for e in manifest}
    assert listed == {"/"} | set(archive.namelist()) - {"mimetype", "META-INF/manifest.xml"}
    for name in ("styles.xml", "meta.xml", "content.xml"):
        ET.fromstring(archive.read(name))
    document = ET.fromstring(archive.read("content.xml"))
    body = squeezed("".join(document.itertext()))
    for text in texts(source):
        assert text in body
    # every style that is used is there
    styles = {e.get(OASIS % "style" + "name") for e in document.iter(OASIS % "style" + "style")}
    used = {e.get(OASIS % kind + "style-name") for kind in ("text", "table") for e in document.iter() if e.get(OASIS % kind + "style-name")}
    assert used and used <= styles
    for table in document.iter(OASIS % "table" + "table"):
        columns = len(table.findall(OASIS % "table" + "table-column"))
        for row in table.findall(OASIS % "table" + "table-row"):
            assert len(row.findall(OASIS % "table" + "table-cell")) == columns


@pytest.mark.parametrize("source", SOURCES, ids=lambda s: s.stem)
def test_the_pdf_is_one_page_with_all_of_the_form(instance, source, tmp_path):
    headers, content = fetch(instance, source.stem + ".pdf")
    assert headers["Content-Type"] == "application/pdf"
    path = tmp_path / "form.pdf"
    path.write_bytes(content)
    info = subprocess.run(["pdfinfo", path], capture_output=True, text=True, check=True).stdout
    assert re.search(r"^Pages: +1$", info, re.M) and "A4" in info
    assert ET.parse(source).getroot().find("title").text in info
    fonts = subprocess.run(["pdffonts", path], capture_output=True, text=True, check=True).stdout.splitlines()[2:]
    assert fonts and all(re.search(r" yes yes yes ", line) for line in fonts), fonts  # embedded, subset, with Unicode
    # characters in any order: cells that stand side by side are read line by line
    body = squeezed(subprocess.run(["pdftotext", path, "-"], capture_output=True, text=True, check=True).stdout)
    for text in texts(source):
        assert not set(text) - set(body), set(text) - set(body)


def run(folder, *sources):
    return subprocess.run([str(BUILD / "xca-forms"), str(folder)] + [str(s) for s in sources], capture_output=True, text=True)


def test_the_same_source_gives_the_same_files(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    for folder in ("a", "b"):
        assert run(tmp_path / folder, *SOURCES).returncode == 0
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes(), path.name


def test_a_form_with_a_fault_is_told_with_its_line(tmp_path):
    wrong = tmp_path / "wrong.xml"
    for text, told in (("<form>\n<title>a</title>\n<picture/></form>", "line 3"), ("<form>\n<p>a</p></form>", "title"),
                       ("<form><title>a</title>\n<table columns='50 50'>\n<row><cell>a</cell></row></table></form>", "line 3"),
                       ("<form><title>a</title>", "xml.malformed"), ("<form><title>\U000e0100\U0001faf8\U0010fffd</title></form>", "forms.font")):
        wrong.write_text(text, "utf-8")
        done = run(tmp_path, wrong)
        assert done.returncode == 1 and told in done.stderr, done.stderr
    assert run(tmp_path / "nowhere", SOURCES[0]).returncode == 1


def test_the_helper_is_given_with_all_that_its_build_needs(instance):
    headers, content = fetch(instance, "xca-card.tar.gz")
    names = tarfile.open(fileobj=io.BytesIO(content)).getnames()
    needed = [p.relative_to(TOP) for folder in ("tools/xca-card", "mod_xca/wire") for p in (TOP / folder).glob("*.[ch]")]
    assert {"xca-card/" + str(p) for p in needed} | {"xca-card/Makefile", "xca-card/LICENSE"} <= set(names)
    assert all(n.startswith("xca-card/") for n in names)


def test_no_other_file_is_given(instance):
    for name in ("made", "..%2fforms%2fmade", "none.pdf"):
        with pytest.raises(urllib.error.HTTPError):
            fetch(instance, name)
