"""The tree of OIDs as its pages show it (物件識別碼瀏覽): from the root to every organisation, in the order of the numbers, page by page."""

import json
import re
import urllib.parse
import urllib.parse

import ldap
import pytest
from calling import Caller
from conftest import BASE
from visiting import Visitor

ROOT = "2.16.886"
MANY = 250  # arcs of an arc, with gaps: more than two pages


def shown(instance, oid):
    """The OIDs that the pages of an arc list, and how many pages there are."""
    visitor, found, pages, path = Visitor(instance), [], 0, "/oid/" + oid
    while path:
        page = visitor.get(path)
        assert page.status == 200
        found += re.findall(r'<li><a href="/oid/([0-9.]+)">[^<]+</a><p><span class="code">\1</span>', page.text.split('<section', 1)[-1])
        path = re.search(r'href="(/oid/[0-9.]+\?after=\d+)"', page.text)
        path = path and path.group(1)
        pages += 1
    return found, pages


def tree(instance):
    """Arc by arc, from the directory itself: an OID and those directly below it."""
    admin, below = instance.bind("admin"), {}
    # what other tests have put there by hand has no place in the order; what is imported has
    assert not admin.search_s("ou=oid," + BASE, ldap.SCOPE_SUBTREE, "(&(xcaSourceKey=*)(!(xcaArcBlock=*)))", ["xcaOid"])
    for dn, entry in admin.search_s("ou=oid," + BASE, ldap.SCOPE_SUBTREE, "(&(objectClass=xcaArcEntry)(xcaArcBlock=*))", ["xcaOid"]):
        oid = entry["xcaOid"][0].decode()
        below.setdefault(oid.rpartition(".")[0], []).append(oid)
    return {oid: sorted(arcs, key=lambda one: int(one.rpartition(".")[2])) for oid, arcs in below.items()}


def test_every_organisation_is_found_from_the_root(instance):
    below, waiting, seen = tree(instance), [ROOT], 0
    assert len(below[ROOT]) >= 5 and sum(map(len, below.values())) > 100
    while waiting:
        oid = waiting.pop()
        found, _ = shown(instance, oid)
        assert found == below.get(oid, []), oid
        waiting += [one for one in found if one in below]
        seen += len(found)
    assert seen == sum(len(arcs) for oid, arcs in below.items() if oid.startswith(ROOT))


@pytest.fixture(scope="module")
def crowded(instance):
    """An arc with many others below it."""
    admin, parent = instance.bind("admin"), "xcaArc=4711,xcaArc=104,ou=oid," + BASE

    def add(dn, oid, arc):
        above, number = oid.rpartition(".")[0][len(ROOT) + 1:], arc
        blocks = []
        for level in range(1, 5):
            number //= 100
            blocks.append(("%s/%d/%d" % (above, level, number)).encode())
        admin.add_s(dn, [("objectClass", [b"xcaArcEntry"]), ("xcaArc", [str(arc).encode()]), ("xcaOid", [oid.encode()]),
                         ("o", ["財團法人第%d號基金會".encode() % arc]), ("xcaOrgClass", [b"foundation"]), ("xcaArcBlock", blocks)])

    add(parent, ROOT + ".104.4711", 4711)
    arcs = [index * index * 7 + index for index in range(1, MANY + 1)]
    for arc in reversed(arcs):  # they were not added in their order
        add("xcaArc=%d,%s" % (arc, parent), "%s.104.4711.%d" % (ROOT, arc), arc)
    yield ROOT + ".104.4711", arcs
    for arc in arcs:
        admin.delete_s("xcaArc=%d,%s" % (arc, parent))
    admin.delete_s(parent)


def test_many_arcs_come_in_pages_and_in_the_order_of_their_numbers(instance, crowded):
    oid, arcs = crowded
    found, pages = shown(instance, oid)
    assert found == ["%s.%d" % (oid, arc) for arc in arcs] and pages == 3


def test_json_has_the_same(instance, crowded):
    oid, arcs = crowded
    visitor, found, after = Visitor(instance), [], ""
    while after is not None:
        page = json.loads(visitor.get("/oid/" + oid + after, Accept="application/json").text)
        found += [int(arc["oid"].rpartition(".")[2]) for arc in page["arcs"]]
        after = "?after=%s" % page["next_after"] if "next_after" in page else None
    assert found == arcs


HEADINGS = "oid,dn,name,org_code,parent_path,zip,address,phone,fax,url,name_en,effective"
MINISTRY = '2.16.886.101.20003.20001,"ou=內政部,o=行政院,c=TW",內政部,301000000A,行政院＼,100,台北市徐州路5號7樓,02-23565000,02-23976863,http://www.moi.gov.tw,,'
PLACE = '2.16.886.101.90010,"l=內政縣,c=TW",內政縣,,,,,,,,,'


@pytest.fixture(scope="module")
def ministry(instance, tmp_path_factory):
    table = tmp_path_factory.mktemp("agencies") / "gov_oid.csv"
    table.write_text("\r\n".join((HEADINGS, MINISTRY, PLACE, "")), "utf-8")
    done = instance.admin("oid", "import", str(table))
    assert done.returncode == 0, done.stderr
    return "2.16.886.101.20003.20001"


def test_the_page_of_an_agency_has_what_the_register_knows_of_it(instance, ministry):
    page = Visitor(instance).get("/oid/" + ministry)
    for part in ("內政部", ministry, "徐州路5號7樓", "02-23565000", "02-23976863", "http://www.moi.gov.tw", "政府憑證管理中心"):
        assert part in page.main, part
    assert "/apply/card/start" not in page.text and "/apply/certificate/start" not in page.text


def test_an_agency_is_found_and_marked_as_one_that_may_not_apply(instance, ministry):
    visitor = Visitor(instance)
    for path in ("/organisations?name=", "/apply/card?keyword=", "/apply/certificate?keyword="):
        page = visitor.get(path + urllib.parse.quote("內政"))
        assert "內政部" in page.main and "政府憑證管理中心" in page.main and "不能申請" in page.main
        assert "start?oid=" + ministry not in page.text and "內政縣" not in page.main
    caller = Caller(instance)
    match, = [m for m in caller.get("/organisations", name="內政部").json()["matches"] if m["oid"] == ministry]
    assert match["agency"] and "class" not in match and "state" not in match
    assert caller.get("/organisations/" + ministry).json()["organisation"]["phone"] == "02-23565000"
    # nor do arcs that are no organisation come along
    assert "2.16.886.104<" not in visitor.get("/organisations?name=" + urllib.parse.quote("財團法人")).text


def test_organisations_of_one_name_are_told_apart_by_their_county(instance):
    admin, visitor, counties = instance.bind("admin"), Visitor(instance), ["彰化縣", "花蓮縣"]
    dns = ["xcaArc=%d,xcaArc=111,ou=oid,%s" % (990001 + i, BASE) for i in range(2)]
    name = "縣立同名國小"
    grams = [name[i:i + n].encode() for n in (1, 2) for i in range(len(name) + 1 - n)]
    for i, dn in enumerate(dns):
        admin.add_s(dn, [("objectClass", [b"xcaArcEntry"]), ("xcaArc", [b"%d" % (990001 + i)]), ("xcaOid", [b"2.16.886.111.%d" % (990001 + i)]), ("o", [name.encode()]),
                         ("xcaOrgClass", [b"school"]), ("xcaOrgState", [b"active"]), ("xcaCounty", [counties[i].encode()]),
                         ("xcaNameKey", [name.encode()]), ("xcaNameGram", sorted(set(grams)))])
    try:
        for path in ("/organisations?name=", "/apply/card?keyword="):
            found = visitor.get(path + urllib.parse.quote(name))
            assert found.main.count(name) >= 2 and all(found.main.count(county) == 1 for county in counties), found.main
        assert counties[1] in visitor.get("/oid/2.16.886.111.990002").main
    finally:
        for dn in dns:
            admin.delete_s(dn)


def test_the_arcs_of_the_classes_have_their_english_names(instance):
    visitor = Visitor(instance, language="en")
    page = visitor.get("/oid/" + ROOT)
    assert re.search(r'<a href="/oid/2\.16\.886\.104">Foundation</a>', page.text), page.main
    assert "Foundation" in visitor.get("/oid/2.16.886.104").main and "財團法人</a>" in Visitor(instance).get("/oid/" + ROOT).text
