import io
import random
import re
import shutil
import subprocess
import zlib

import numpy as np
import pytest
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from highwall.core.errors import InputError
from highwall.report.code128 import QUIET, bars, n_modules
from highwall.report.print_page import Box, Line, Page, as_pdf, as_png
from highwall.report.tag_sheet import SheetLayout, label_title, tag_sheet_pdf, tag_sheet_pngs
from highwall.twin.tags import new_tags, printed, read_scan

TAGS = new_tags(24, source=random.Random(7))
TITLE = "Copper Hill (North)"


def read(picture: bytes) -> list[tuple[str, str]]:
    image = Image.open(io.BytesIO(picture)).convert("L")
    return sorted((str(found.format), read_scan(found.text)) for found in zxingcpp.read_barcodes(image))


def expected(tags) -> list[tuple[str, str]]:
    return sorted((kind, tag) for tag in tags for kind in ("Code 128", "QR Code"))


@settings(max_examples=60)
@given(st.text([chr(code) for code in range(32, 127)], min_size=1, max_size=25))
def test_every_text_is_read_back_by_a_reader_that_is_not_ours(text):
    width = n_modules(text) + 2 * QUIET
    image = Image.new("L", (3 * width, 60), 255)
    draw = ImageDraw.Draw(image)
    for at, wide in bars(text):
        draw.rectangle((3 * (QUIET + at), 5, 3 * (QUIET + at + wide) - 1, 54), fill=0)
    (found,) = zxingcpp.read_barcodes(image, formats=zxingcpp.BarcodeFormat.Code128, try_rotate=False)
    assert found.text == text


@pytest.mark.parametrize("text", ["", "Grün", "a\nb"])
def test_what_code_128_b_cannot_hold_is_refused(text):
    with pytest.raises(InputError, match="printable ASCII"):
        bars(text)


def test_both_barcodes_of_every_label_of_the_png_are_read():
    first, second = tag_sheet_pngs(TAGS, title=TITLE)
    assert read(first) == expected(TAGS[:21])
    assert read(second) == expected(TAGS[21:])
    assert Image.open(io.BytesIO(first)).info["dpi"] == pytest.approx((300, 300), abs=0.1)


@pytest.mark.skipif(shutil.which("pdftoppm") is None, reason="no pdftoppm (poppler) to draw a PDF with")
def test_both_barcodes_of_every_label_of_the_pdf_are_read(tmp_path):
    path = tmp_path / "sheet.pdf"
    path.write_bytes(tag_sheet_pdf(TAGS, title=TITLE))
    subprocess.run(["pdftoppm", "-r", "300", "-png", str(path), str(tmp_path / "page")], check=True)
    pages = sorted(tmp_path.glob("page*.png"))
    assert [read(page.read_bytes()) for page in pages] == [expected(TAGS[:21]), expected(TAGS[21:])]


def test_labels_can_be_read_from_a_poor_photograph():
    (page,) = tag_sheet_pngs(TAGS[:3], title=TITLE, layout=SheetLayout(rows=1))
    image = Image.open(io.BytesIO(page)).convert("L")
    half = image.resize((image.width // 2, image.height // 2), Image.Resampling.BILINEAR).rotate(4, fillcolor=255)
    out = io.BytesIO()
    half.save(out, "PNG")
    assert {tag for _, tag in read(out.getvalue())} == set(TAGS[:3])


def test_the_pdf_says_what_stands_on_the_labels():
    content = b"".join(
        zlib.decompress(part)
        for part in re.findall(rb"stream\n(.*?)\nendstream", tag_sheet_pdf(TAGS[:1], title=TITLE), re.S)
    )
    assert b"(Copper Hill \\(North\\)) Tj" in content
    assert f"({printed(TAGS[0])}) Tj".encode() in content


def test_the_table_of_the_pdf_points_at_its_objects():
    written = as_pdf([Page(100, 100, [Box(1, 2, 3, 4)], [Line(5, 6, 7, "x")])])
    table = int(re.search(rb"startxref\n(\d+)", written)[1])
    assert written[table:].startswith(b"xref")
    places = [int(line[:10]) for line in written[table:].split(b"\n")[3:9]]
    assert [written[place:].split(b" ", 1)[0] for place in places] == [b"1", b"2", b"3", b"4", b"5", b"6"]


def test_a_box_covers_its_dots_and_no_others():
    drawn = np.array(Image.open(io.BytesIO(as_png(Page(10, 8, [Box(2, 3, 4, 1)], [])))).convert("L")) == 0
    assert np.argwhere(drawn).tolist() == [[3, 2], [3, 3], [3, 4], [3, 5]]


@pytest.mark.parametrize(
    ("title", "printed_title"),
    [
        (TITLE, TITLE), ("Große Grube Süd", "Grosse Grube Sud"), ("Mina São João", "Mina Sao Joao"),
        ("露天煤矿 North", "North"), ("", ""), ("x" * 30, "x" * 24), ("two\nlines", "two lines"),
    ],
)  # fmt: skip
def test_a_title_is_brought_to_letters_that_both_kinds_of_file_hold(title, printed_title):
    assert label_title(title) == printed_title
    assert tag_sheet_pdf(TAGS[:1], title=title) == tag_sheet_pdf(TAGS[:1], title=printed_title)


def test_no_tags_and_labels_that_do_not_fit_are_refused():
    with pytest.raises(InputError, match="no tag"):
        tag_sheet_pngs([], title=TITLE)
    with pytest.raises(InputError, match=r"4 labels beside one another take 268\.7 of 210\.0 mm"):
        tag_sheet_pdf(TAGS, title=TITLE, layout=SheetLayout(columns=4))
    with pytest.raises(InputError, match="8 labels below one another"):
        tag_sheet_pdf(TAGS, title=TITLE, layout=SheetLayout(rows=8))
