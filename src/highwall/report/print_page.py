"""A page to print, of black rectangles and lines of text, as PDF and PNG: both exact to the dot at 300 dpi."""

import io
import zlib
from collections.abc import Sequence
from typing import Final, NamedTuple

from PIL import Image, ImageDraw, ImageFont

DOTS_PER_INCH: Final = 300
MM: Final = DOTS_PER_INCH / 25.4
"""Dots of a millimetre."""
_POINTS: Final = 72.0 / DOTS_PER_INCH
"""Points, the unit of PDF, of a dot."""
_CAP_SHARE: Final = 0.72
"""Height of Helvetica's capitals over its size."""


class Box(NamedTuple):
    """A black rectangle, from the upper left [dots]."""

    x: int
    y: int
    width: int
    height: int


class Line(NamedTuple):
    """A line of text."""

    x: int
    """Left end [dots]."""
    y: int
    """Lower edge of its capitals [dots]."""
    height: int
    """Of its capitals [dots]."""
    text: str
    """ASCII: more the fonts of the two kinds of file do not share."""
    is_bold: bool = False


class Page(NamedTuple):
    """One page."""

    width: int
    """dots"""
    height: int
    boxes: Sequence[Box]
    lines: Sequence[Line]


def as_png(page: Page) -> bytes:
    """Draw a page, a dot a pixel."""
    image = Image.new("1", (page.width, page.height), 1)
    draw = ImageDraw.Draw(image)
    for box in page.boxes:
        draw.rectangle((box.x, box.y, box.x + box.width - 1, box.y + box.height - 1), fill=0)
    for line in page.lines:
        font = ImageFont.load_default(size=line.height / _CAP_SHARE)
        stroke = max(1, line.height // 24) if line.is_bold else 0
        draw.text((line.x, line.y), line.text, fill=0, font=font, anchor="ls", stroke_width=stroke)
    out = io.BytesIO()
    image.save(out, "PNG", dpi=(DOTS_PER_INCH, DOTS_PER_INCH))
    return out.getvalue()


def as_pdf(pages: Sequence[Page]) -> bytes:
    """Write pages as one PDF with Helvetica, which every reader brings."""
    kids = " ".join(f"{_first_of(number)} 0 R" for number in range(len(pages)))
    parts = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Count {len(pages)} /Kids [{kids}] >>".encode(),
        _font("Helvetica"),
        _font("Helvetica-Bold"),
    ]
    for number, page in enumerate(pages):
        parts += [_page_object(page, content=_first_of(number) + 1), _stream(_operators(page))]
    return _file(parts)


def _first_of(number: int) -> int:
    """Object that holds a page; the one after it holds its content."""
    return 5 + 2 * number


def _font(name: str) -> bytes:
    return f"<< /Type /Font /Subtype /Type1 /BaseFont /{name} /Encoding /WinAnsiEncoding >>".encode()


def _page_object(page: Page, *, content: int) -> bytes:
    size = f"[0 0 {page.width * _POINTS:.4f} {page.height * _POINTS:.4f}]"
    fonts = "<< /Font << /F1 3 0 R /F2 4 0 R >> >>"
    return (f"<< /Type /Page /Parent 2 0 R /MediaBox {size} /Resources {fonts} /Contents {content} 0 R >>").encode()


def _operators(page: Page) -> bytes:
    """What to draw, in dots: the page's own scale comes first."""
    drawn = [f"{_POINTS:.6f} 0 0 {_POINTS:.6f} 0 0 cm".encode()]
    drawn += [f"{box.x} {page.height - box.y - box.height} {box.width} {box.height} re".encode() for box in page.boxes]
    drawn += [b"f"] if page.boxes else []
    for line in page.lines:
        place = f"BT /F{1 + line.is_bold} {line.height / _CAP_SHARE:.2f} Tf {line.x} {page.height - line.y} Td"
        drawn.append(place.encode() + b" (" + _escaped(line.text) + b") Tj ET")
    return b"\n".join(drawn)


def _escaped(text: str) -> bytes:
    return text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)").encode("ascii")


def _stream(content: bytes) -> bytes:
    packed = zlib.compress(content, 9)
    return b"<< /Length %d /Filter /FlateDecode >>\nstream\n%b\nendstream" % (len(packed), packed)


def _file(parts: Sequence[bytes]) -> bytes:
    """Objects, numbered from 1, with the table of where each begins."""
    out = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    places = []
    for number, part in enumerate(parts, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, part)
    table = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(parts) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(parts) + 1, table)
    return bytes(out)
