"""All checks of a label file in their order, and what they come to."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import geopandas as gpd

from highwall.core.grid import GeoBox
from highwall.segmentation.label_checks import (
    Check,
    Drawing,
    Issue,
    check_classes,
    check_empty,
    check_geometry,
    check_place,
    check_scene,
    check_size,
)
from highwall.segmentation.label_options import LabelCheckOptions
from highwall.segmentation.label_topology import check_blank, check_container, check_overlap, check_twice

CHECKS: Final[tuple[Check, ...]] = (
    check_empty, check_classes, check_place, check_geometry, check_size, check_scene, check_twice, check_overlap,
    check_container, check_blank,
)  # fmt: skip
"""In this order: each may rely on what those before it repaired."""


class CheckedLabels(NamedTuple):
    """What the checks found in one file, and its repaired copy."""

    issues: tuple[Issue, ...]
    repaired: gpd.GeoDataFrame

    @property
    def is_lost(self) -> bool:
        """Tell whether the file as a whole cannot be used: no column of classes, or no place on Earth."""
        return any(issue.severity == "error" and issue.polygon is None and not issue.repair for issue in self.issues)

    def count(self, severity: str) -> int:
        """Number of issues of a severity."""
        return sum(issue.severity == severity for issue in self.issues)


def check_drawing(
    polygons: gpd.GeoDataFrame, *, scene: GeoBox | None = None, options: LabelCheckOptions | None = None
) -> CheckedLabels:
    """Check label polygons as they were read, faults included.

    Parameters
    ----------
    polygons
        Column ``class``, any geometry, any CRS or none.
    scene
        Grid of the scene that they were drawn on: tells whether they lie on it.

    Returns
    -------
    CheckedLabels
        Issues in the order of the checks; polygons whose faults a machine can mend, mended, and without those that
        cannot be used.
    """
    drawing = Drawing(polygons.reset_index(drop=True), options or LabelCheckOptions(), scene)
    for check in CHECKS:
        drawing = check(drawing)
    return CheckedLabels(drawing.issues, drawing.polygons)


def report_of(checked: CheckedLabels, *, n_polygons: int) -> dict[str, Any]:
    """Turn what was found in one file into what ``report.json`` says of it."""
    return {
        "n_polygons": n_polygons,
        "n_repaired_copy": len(checked.repaired),
        "n_errors": checked.count("error"),
        "n_warnings": checked.count("warning"),
        "n_notices": checked.count("notice"),
        "issues": [issue._asdict() for issue in checked.issues],
    }


def kinds_of(files: Sequence[CheckedLabels]) -> dict[str, int]:
    """How often each kind of issue was found in all files, the most frequent first."""
    return dict(Counter(issue.kind for checked in files for issue in checked.issues).most_common())
