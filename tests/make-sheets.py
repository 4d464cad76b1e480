#!/usr/bin/python3
"""Makes the spreadsheets of tests/data/sheets again. Needs python3-xlwt and LibreOffice (libreoffice-calc-nogui), which the
tests themselves do not: what it makes is kept in the repository."""
import io
import pathlib
import struct
import subprocess
import sys
import tempfile
import zipfile

import xlwt

FOLDER = pathlib.Path(__file__).resolve().parent / "data" / "sheets"
HEADINGS = ["異動形式", "新組織(團體)\n機關代碼", "新組織(團體)統一編號", "新組織(團體)全稱", "新組織(團體)郵遞區號", "新組織(團體)地址",
            "新組織(團體)電話", "新組織(團體)傳真", "新組織(團體)E-mail", "原組織(團體)全稱", "連絡人", "連絡人 Email", "初審(主管)機關全稱"]
# Rows as the guide of 2010 shows them, with its example numbers.
EXAMPLES = [
    ["新增組織及團體", "379051000U", "12345678", "臺北市立建國高級中學", "", "", "", "", "", "", "", "", "臺北市政府教育局"],
    ["組織及團體改隸", "392390000Q", "64967512", "國立虎尾科技大學", "632", "雲林縣虎尾鎮文化路64號", "05-6329642", "", "", "國立虎尾技術學院", "", "", "教育部"],
    ["修改組織及團體屬性資料", "", "21101644", "財團法人中華民國證券暨期貨市場發展基金會", "", "", "", "", "", "", "", "", ""],
    ["組織及團體裁撤", "", "", "", "", "", "", "", "", "屏東縣理燙髮美容職業工會", "", "", ""],
]


def xls(rows_of_sheets, extra=None):
    book = xlwt.Workbook(encoding="utf-8")
    for name, rows in rows_of_sheets:
        sheet = book.add_sheet(name)
        for r, row in enumerate(rows):
            for c, value in enumerate(row):
                if value != "":
                    sheet.write(r, c, value)
        if extra:
            extra(sheet)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def special_cells(sheet):
    """Row 2: number, formula, date, number with zeros shown, error; row 3 and 4 merged."""
    date, zeros = xlwt.XFStyle(), xlwt.XFStyle()
    date.num_format_str, zeros.num_format_str = "YYYY-MM-DD", "00000000"
    sheet.write(1, 0, 1234567)
    sheet.write(1, 1, xlwt.Formula('"a"&"b"'))
    sheet.write(1, 2, 44000, date)
    sheet.write(1, 3, 1234567, zeros)
    sheet.write(1, 4, xlwt.Formula("1/0"))
    sheet.write_merge(2, 3, 0, 1, "合併")
    sheet.write(4, 1, 1.5)
    sheet.write(4, 2, "末")


def wrong_cells(sheet):
    """Rows of a change sheet with cells that cannot be taken: zeros lost, a formula, a date, merged cells."""
    date = xlwt.XFStyle()
    date.num_format_str = "YYYY-MM-DD"
    for row in range(1, 6):
        sheet.write(row, 0, "裁撤")
    sheet.write(1, 1, 4595257)
    sheet.write(1, 2, 227377592)
    sheet.write(1, 3, "甲")
    sheet.write(2, 3, xlwt.Formula('"a"&"b"'))
    sheet.write(3, 3, 44000, date)
    sheet.write_merge(4, 5, 3, 3, "合併")


def converted(data, suffix, target):
    with tempfile.TemporaryDirectory() as folder:
        source = pathlib.Path(folder, "a" + suffix)
        source.write_bytes(data)
        subprocess.run(["soffice", "--headless", "--convert-to", target, "--outdir", folder + "/out", str(source)], check=True,
                       stdout=subprocess.DEVNULL)
        return next(pathlib.Path(folder, "out").iterdir()).read_bytes()


MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"


def xlsx(sheet, more=(), strings=None):
    parts = {
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}"><Relationship Id="r1" Type="{RELS}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{RELS}"><sheets><sheet name="t" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}"><Relationship Id="r1" Type="{RELS}/worksheet" Target="worksheets/s.xml"/>'
                                      + (f'<Relationship Id="r2" Type="{RELS}/sharedStrings" Target="/xl/strings.xml"/>' if strings else "")
                                      + "</Relationships>",
        "xl/worksheets/s.xml": sheet,
    }
    if strings:
        parts["xl/strings.xml"] = strings
    parts.update(more)
    return archive(parts)


def table(rows):
    return f'<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData></worksheet>'


def text(value):
    return f'<c t="inlineStr"><is><t>{value}</t></is></c>'


ODF = "urn:oasis:names:tc:opendocument:xmlns:"


def ods(rows, manifest=None, more=()):
    content = (f'<office:document-content xmlns:office="{ODF}office:1.0" xmlns:table="{ODF}table:1.0" xmlns:text="{ODF}text:1.0">'
               f'<office:body><office:spreadsheet><table:table table:name="t">{rows}</table:table>'
               "</office:spreadsheet></office:body></office:document-content>")
    parts = {"mimetype": "application/vnd.oasis.opendocument.spreadsheet", "content.xml": content}
    if manifest:
        parts["META-INF/manifest.xml"] = manifest
    parts.update(more)
    return archive(parts)


def archive(parts):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in parts.items():
            made.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def with_password(book):
    """The CODEPAGE record becomes a FILEPASS: what a reader sees first of a workbook with a password."""
    mark = struct.pack("<HH", 0x42, 2)
    assert book.count(mark) >= 1
    return book.replace(mark, struct.pack("<HH", 0x2F, 2), 1)


def renamed_storage(book, old, new):
    """A name in the container's directory for another of the same length or shorter."""
    before = (old + "\0").encode("utf-16-le")
    at = book.index(before)
    entry = bytearray(book)
    entry[at:at + 64] = (new + "\0").encode("utf-16-le").ljust(64, b"\0")
    entry[at + 64:at + 66] = struct.pack("<H", (len(new) + 1) * 2)
    return bytes(entry)


def unused_entry(book, name):
    """Writes a directory entry of this name where the container has an unused one."""
    start = struct.unpack("<I", book[48:52])[0]
    base = 512 * (start + 1)
    for i in range(4):
        at = base + i * 128
        if book[at + 66] == 0:
            made = bytearray(book)
            made[at:at + 64] = (name + "\0").encode("utf-16-le").ljust(64, b"\0")
            made[at + 64:at + 66] = struct.pack("<H", (len(name) + 1) * 2)
            made[at + 66] = 1
            return bytes(made)
    raise SystemExit("no unused directory entry")


def main():
    made = {}
    example = xls([("填表範例", [["讀我"]]), ("異動表", [HEADINGS] + EXAMPLES)])
    special = xls([("特殊", [["標題"]])], special_cells)
    made["guide.xls"] = example
    made["guide.xlsx"] = converted(example, ".xls", "xlsx")
    made["guide.ods"] = converted(example, ".xls", "ods")
    made["special.xls"] = special
    made["special-lo.xls"] = converted(special, ".xls", "xls:MS Excel 97")
    made["special.xlsx"] = converted(special, ".xls", "xlsx")
    made["special.ods"] = converted(special, ".xls", "ods")
    made["password.xls"] = with_password(special)
    made["macros.xls"] = unused_entry(special, "_VBA_PROJECT_CUR")
    made["password.xlsx"] = unused_entry(special, "EncryptedPackage")
    made["no-book.xls"] = renamed_storage(special, "Workbook", "Contents")
    made["cut.xls"] = special[:3000]
    made["cut.xlsx"] = made["special.xlsx"][:2000]
    made["bomb.xlsx"] = xlsx(table(f"<row>{text('a' * 1000)}</row>" * 34000))
    made["empty-bomb.xlsx"] = xlsx(table("<row/>" * 12000000))
    made["long-text-bomb.xlsx"] = xlsx(table(f"<row>{text('a' * 70000000)}</row>"))
    made["entities.xlsx"] = xlsx('<!DOCTYPE a [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">'
                                 '<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;"><!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;">'
                                 '<!ENTITY e "&d;&d;&d;&d;&d;&d;&d;&d;&d;&d;"><!ENTITY f "&e;&e;&e;&e;&e;&e;&e;&e;&e;&e;">]>'
                                 + table(f"<row>{text('&f;')}</row>"))
    made["outside-entity.xlsx"] = xlsx('<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + table(f"<row>{text('&x;')}</row>"))
    made["macros.xlsx"] = xlsx(table(f"<row>{text('a')}</row>"), {"xl/vbaProject.bin": "x"})
    made["deep.xlsx"] = xlsx("<a>" * 100 + "</a>" * 100)
    made["many-rows.xlsx"] = xlsx(table(f"<row>{text('a')}</row>" * 100001))
    made["many-columns.xlsx"] = xlsx(table(f"<row>{text('a') * 61}</row>"))
    made["long-cell.xlsx"] = xlsx(table(f"<row>{text('a' * 8193)}</row>"))
    made["phonetic.xlsx"] = xlsx(table('<row r="3"><c r="B3" t="s"><v>0</v></c></row>'),
                                 strings=f'<sst xmlns="{MAIN}"><si><r><t>東</t></r><r><t>京</t></r><rPh sb="0" eb="1"><t>とう</t></rPh></si></sst>')
    made["wrong-string.xlsx"] = xlsx(table('<row><c t="s"><v>7</v></c></row>'),
                                     strings=f'<sst xmlns="{MAIN}"><si><t>a</t></si></sst>')
    made["many-entries.xlsx"] = xlsx(table(""), {f"e{i}": "" for i in range(1001)})
    made["picture.zip"] = archive({"a.png": "x"})
    cell = '<table:table-cell office:value-type="string"><text:p>a</text:p></table:table-cell>'
    made["many-rows.ods"] = ods(f'<table:table-row table:number-rows-repeated="1048576">{cell}</table:table-row>')
    made["many-columns.ods"] = ods('<table:table-row>' + cell.replace("table-cell ", 'table-cell table:number-columns-repeated="16384" ', 1)
                                   + "</table:table-row>")
    made["comment.ods"] = ods('<table:table-row table:number-rows-repeated="4"><table:table-cell/></table:table-row><table:table-row>'
                              '<table:table-cell office:value-type="string"><office:annotation><text:p>note</text:p></office:annotation>'
                              "<text:p>one<text:s/>two</text:p><text:p>three</text:p></table:table-cell></table:table-row>")
    made["password.ods"] = ods(cell, f'<m:manifest xmlns:m="{ODF}manifest:1.0"><m:file-entry m:full-path="content.xml">'
                                     '<m:encryption-data m:checksum="x"/></m:file-entry></m:manifest>')
    made["macros.ods"] = ods(f"<table:table-row>{cell}</table:table-row>", more={"Basic/Standard/Module1.xml": "<x/>"})
    made["cells.xlsx"] = converted(xls([("異動表", [["異動形式", "統一編號", "電話", "原全稱"]])], wrong_cells), ".xls", "xlsx")
    FOLDER.mkdir(exist_ok=True)
    for name, data in made.items():
        (FOLDER / name).write_bytes(data)
    print(f"{len(made)} files, {sum(map(len, made.values()))} bytes", file=sys.stderr)


main()
