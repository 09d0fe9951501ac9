"""Sheets of labels for tags, to print and stick: each with its name, a Code 128 and a QR code that both say it."""

import unicodedata
from collections.abc import Iterator, Sequence
from itertools import groupby

import segno
from pydantic import BaseModel, ConfigDict, Field

from highwall.core.errors import InputError
from highwall.report.code128 import QUIET, bars, n_modules
from highwall.report.print_page import MM, Box, Line, Page, as_pdf, as_png
from highwall.twin.tags import printed, spelled

_BAR_DOTS, _QR_DOTS = 3, 8
"""Width of a module, 0.25 mm and 0.68 mm: whole dots, so that no bar is wider than its like."""
_QR_QUIET = 4
"""Modules that must stay white around a QR code (ISO/IEC 18004)."""
_BARS_MM, _TEXT_MM, _NAME_MM, _EDGE_MM = 9.0, 2.0, 4.2, 1.5
_MOST_TITLE = 24
"""Letters of a title that fit beside the QR code."""


class SheetLayout(BaseModel):
    """A sheet of labels; by default A4 with 3 × 7 labels of 63.5 × 38.1 mm."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    page_width_mm: float = Field(210.0, ge=60.0, le=450.0, description="width of the page [mm]")
    page_height_mm: float = Field(297.0, ge=40.0, le=450.0, description="height of the page [mm]")
    columns: int = Field(3, ge=1, le=10, description="labels side by side [1]")
    rows: int = Field(7, ge=1, le=20, description="labels one above the other [1]")
    label_width_mm: float = Field(63.5, ge=52.0, le=400.0, description="width of a label [mm]")
    label_height_mm: float = Field(38.1, ge=36.0, le=400.0, description="height of a label [mm]")
    left_mm: float = Field(7.2, ge=0.0, le=100.0, description="from the page's left edge to the first label [mm]")
    top_mm: float = Field(15.1, ge=0.0, le=100.0, description="from the page's upper edge to the first label [mm]")
    gap_x_mm: float = Field(2.5, ge=0.0, le=100.0, description="between labels side by side [mm]")
    gap_y_mm: float = Field(0.0, ge=0.0, le=100.0, description="between labels one above the other [mm]")


def tag_sheet_pdf(tag_ids: Sequence[str], *, title: str, layout: SheetLayout | None = None) -> bytes:
    """Print labels as one PDF, in as many pages as it takes.

    Raises
    ------
    InputError
        There is no tag, or the labels do not fit on the page.
    """
    return as_pdf(_pages(tag_ids, title=title, layout=layout or SheetLayout()))


def tag_sheet_pngs(tag_ids: Sequence[str], *, title: str, layout: SheetLayout | None = None) -> list[bytes]:
    """Print labels as PNG files of 300 dpi, one a page.

    Raises
    ------
    InputError
        As for :func:`tag_sheet_pdf`.
    """
    return [as_png(page) for page in _pages(tag_ids, title=title, layout=layout or SheetLayout())]


def label_title(title: str) -> str:
    """What of a title fits on a label: letters lose their accents, those of other scripts are left out."""
    folded = unicodedata.normalize("NFKD", title.replace("ß", "ss")).encode("ascii", "ignore").decode()
    return " ".join("".join(each if each.isprintable() else " " for each in folded).split())[:_MOST_TITLE].rstrip()


def _pages(tag_ids: Sequence[str], *, title: str, layout: SheetLayout) -> list[Page]:
    _check(tag_ids, layout=layout)
    title = label_title(title)
    many = layout.columns * layout.rows
    return [_page(tag_ids[start : start + many], title=title, layout=layout) for start in range(0, len(tag_ids), many)]


def _check(tag_ids: Sequence[str], *, layout: SheetLayout) -> None:
    if not tag_ids:
        raise InputError("no tag to print; issue some first.")
    across = layout.left_mm, layout.columns, layout.label_width_mm, layout.gap_x_mm
    down = layout.top_mm, layout.rows, layout.label_height_mm, layout.gap_y_mm
    for side, (first, n, label, gap), page in (
        ("beside", across, layout.page_width_mm),
        ("below", down, layout.page_height_mm),
    ):
        needs = first + n * label + (n - 1) * gap
        if needs > page:
            raise InputError(f"{n} labels {side} one another take {needs:.1f} of {page:.1f} mm; give fewer.")


def _page(tag_ids: Sequence[str], *, title: str, layout: SheetLayout) -> Page:
    boxes: list[Box] = []
    lines: list[Line] = []
    for number, tag_id in enumerate(tag_ids):
        row, column = divmod(number, layout.columns)
        x = _dots(layout.left_mm + column * (layout.label_width_mm + layout.gap_x_mm))
        y = _dots(layout.top_mm + row * (layout.label_height_mm + layout.gap_y_mm))
        label = _label(tag_id, title=title, width=_dots(layout.label_width_mm))
        boxes += [box._replace(x=box.x + x, y=box.y + y) for box in label.boxes]
        lines += [line._replace(x=line.x + x, y=line.y + y) for line in label.lines]
    return Page(_dots(layout.page_width_mm), _dots(layout.page_height_mm), boxes, lines)


def _label(tag_id: str, *, title: str, width: int) -> Page:
    """Draw one label: the QR code with the name beside it, the bars below, and under them what they say."""
    text, edge, side = printed(tag_id), _dots(_EDGE_MM), _qr_side(tag_id)
    beside, below = edge + side, edge + side
    left = max(QUIET * _BAR_DOTS, (width - n_modules(text) * _BAR_DOTS) // 2)
    lines = [
        Line(beside, _dots(7.0), _dots(_TEXT_MM), title),
        Line(beside, _dots(13.6), _dots(_NAME_MM), spelled(tag_id), is_bold=True),
        Line(beside, _dots(18.4), _dots(_TEXT_MM), "scan or type to claim"),
        Line(left, below + _dots(_BARS_MM + 3.2), _dots(_TEXT_MM), text),
    ]
    return Page(width, 0, [*_qr(tag_id, at=edge), *_code(text, x=left, y=below)], lines)


def _qr(tag_id: str, *, at: int) -> Iterator[Box]:
    """Black runs of the QR code, its quiet zone beginning at (at, at)."""
    first = at + _QR_QUIET * _QR_DOTS
    for row, modules in enumerate(_matrix(tag_id)):
        column = 0
        for is_dark, run in groupby(bool(module) for module in modules):
            width = len(list(run))
            if is_dark:
                yield Box(first + column * _QR_DOTS, first + row * _QR_DOTS, width * _QR_DOTS, _QR_DOTS)
            column += width


def _qr_side(tag_id: str) -> int:
    """Side of the QR code with its quiet zone [dots]."""
    return (len(_matrix(tag_id)) + 2 * _QR_QUIET) * _QR_DOTS


def _matrix(tag_id: str) -> Sequence[Sequence[int]]:
    code = segno.make_qr(printed(tag_id), error="m", boost_error=True)
    return tuple(code.matrix)


def _code(text: str, *, x: int, y: int) -> Iterator[Box]:
    for at, width in bars(text):
        yield Box(x + at * _BAR_DOTS, y, width * _BAR_DOTS, _dots(_BARS_MM))


def _dots(mm: float) -> int:
    return round(mm * MM)
