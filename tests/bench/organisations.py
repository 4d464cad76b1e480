"""Many organisations for the bench: the names of the demo's tables, multiplied by county and by what is attached to a body.
The same number gives the same organisations. Written as an export of the tree (operations/oid_import.h), so that every one
has its OID and goes in by slapadd."""

import csv
import itertools
from pathlib import Path

DATA = Path(__file__).resolve().parents[2] / "tools" / "demo" / "data"
TABLES = (("foundations_associations_names.csv", None), ("npo_ubn.csv", None), ("schools.csv", "school"),
          ("pharmacies_clinics.csv", "professional"), ("cram_schools_sample.csv", "other"))
ARCS = {"school": "111", "foundation": "104", "association": "103", "professional": "106", "other": "110"}
ATTACHED = ("", "附設教育訓練中心", "附設社會服務中心", "聯誼會", "文教推廣處", "附設托育中心")
STRIDE = 7919  # a prime: no number of names has it as a factor
FIRST_NUMBER = 500000  # above what an import assigns


def class_of(name):
    if name.startswith("財團法人"):
        return "foundation"
    return "association" if name.startswith("社團法人") else "other"


def real_names():
    """(name, class) of the tables, in their order, each name once."""
    names = {}
    for table, kind in TABLES:
        with open(DATA / table, encoding="utf-8", newline="") as rows:
            for row in csv.DictReader(rows):
                names.setdefault(row["name"].strip(), kind or class_of(row["name"]))
    return sorted(names.items())


def counties():
    with open(DATA / "windows.csv", encoding="utf-8", newline="") as rows:
        return sorted({row["county"] for row in csv.DictReader(rows)} - {"中央機關"})


def varied(name, county, attached):
    for form in ("財團法人", "社團法人"):
        if name.startswith(form):
            return form + county + name[len(form):] + attached
    return county + name + attached


def unified_number(index):
    """Eight digits that pass the check (weights 1,2,1,2,1,2,4,1; divisible by 5)."""
    digits = [int(d) for d in "%07d" % (index % 10**7)]
    total = sum(sum(divmod(d * w, 10)) for d, w in zip(digits, (1, 2, 1, 2, 1, 2, 4)))
    return "".join(map(str, digits)) + str(-total % 5)


def records(count):
    """(OID, name, class, unified number, county) of each; few are a sample of all names."""
    names, places = real_names(), counties()
    for index in range(count):
        name, kind = names[index * STRIDE % len(names)]
        round_, county = divmod(index // len(names), len(places))
        county = places[county]
        name = varied(name, county, ATTACHED[round_ % len(ATTACHED)])
        if round_ >= len(ATTACHED):
            name += "第%d分部" % (round_ // len(ATTACHED) + 1)
        yield "2.16.886.%s.%d" % (ARCS[kind], FIRST_NUMBER + index), name, kind, unified_number(index + 1), county


def example(count):
    """A foundation in the middle of them."""
    for index, (oid, name, kind, ubn, _) in enumerate(records(count)):
        if index >= count // 2 and kind == "foundation":
            return {"oid": oid, "name": name, "ubn": ubn}
    raise AssertionError("no foundation among %d" % count)


def write(path, count, first=0):
    """An export of the organisations from `first` to before `count`."""
    with open(path, "w", encoding="utf-8", newline="") as out:
        rows = csv.writer(out)
        rows.writerow("oid,name,name_en,class,state,ubn,school_code,county,district,zip,address,phone,fax,url,note,"
                      "source_key".split(","))
        for index, (oid, name, kind, ubn, county) in enumerate(itertools.islice(records(count), first, None), first):
            rows.writerow((oid, name, "", kind, "active", ubn, "", county, "", "", county + "中正路%d號" % (index % 900 + 1),
                           "02-27208889", "", "", "", "bench:%d" % index))
