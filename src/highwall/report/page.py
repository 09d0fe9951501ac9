"""One self-contained page: pictures embedded, no script, no request to anywhere."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import geopandas as gpd
import jinja2
import numpy as np
import xarray as xr
from numpy.typing import NDArray

from highwall.core.grid import GeoBox
from highwall.report.baselines import Baselines, baseline_plot
from highwall.report.maps import finding_chip, patch_map
from highwall.report.motion import velocity_map
from highwall.report.series import Series, series_plot
from highwall.report.style import PATCH_COLOURS, data_uri

_MOST_PATCHES, _MOST_FINDINGS = 200, 60
"""Rows that a page shows; the files hold all, and the page says so."""


@dataclass(frozen=True)
class Scene:
    """True-colour picture of the scene on its projected grid."""

    picture: NDArray[np.uint8]
    """(y, x, 3)."""
    grid: GeoBox


@dataclass(frozen=True)
class RunContent:
    """Everything a page shows. What is None was not given, and the page says so."""

    site: Mapping[str, Any]
    """``name``, ``crs``, ``minerals``, ``mine_type``."""
    records: Mapping[str, Mapping[str, Any]]
    """Properties of each stage's STAC item."""
    missing: Sequence[str]
    """What was not given or could not be used, in sentences."""
    set_aside: Sequence[Mapping[str, str]]
    """``name`` and ``reason`` of inputs left out."""
    scene: Scene | None = None
    patches: gpd.GeoDataFrame | None = None
    findings: gpd.GeoDataFrame | None = None
    is_checked: bool = False
    """Whether the patches were held against permits or zones."""
    has_permits: bool = False
    """Whether they were held against permits."""
    permits: gpd.GeoDataFrame | None = None
    motion: xr.Dataset | None = None
    network: Baselines | None = None
    series: Sequence[Series] = field(default_factory=tuple)


def render(content: RunContent) -> str:
    """Return the page as HTML."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("highwall.report"), autoescape=True, undefined=jinja2.StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    environment.filters |= {"ha": _hectares, "mm": _millimetres, "words": _words, "share": _share}
    template = environment.get_template("report.html.jinja")
    return template.render(
        site=content.site,
        records=content.records,
        missing=content.missing,
        set_aside=content.set_aside,
        pictures=_pictures(content),
        patches=_rows(content.patches, _MOST_PATCHES),
        n_patches=0 if content.patches is None else len(content.patches),
        findings=_findings(content),
        n_findings=0 if content.findings is None else len(content.findings),
        checked=content.is_checked,
        permitted=content.has_permits,
        facts={name: record["highwall:facts"] for name, record in content.records.items()},
        colours=PATCH_COLOURS,
    )


def _pictures(content: RunContent) -> dict[str, str]:
    pictures: dict[str, bytes] = {}
    scene, patches = content.scene, content.patches
    if scene is not None and patches is not None:
        pictures["patches"] = patch_map(
            scene.picture, scene.grid, patches=patches, findings=content.findings, permits=content.permits
        )
    if content.motion is not None:
        pictures["motion"] = _motion(content.motion, patches)
    if content.series:
        pictures["series"] = series_plot(content.series)
    if content.network is not None:
        pictures["baselines"] = baseline_plot(content.network)
    return {name: data_uri(picture) for name, picture in pictures.items()}


def _motion(motion: xr.Dataset, patches: gpd.GeoDataFrame | None) -> bytes:
    """Map of vertical velocity where it is known, else of that along the line of sight."""
    name = "velocity_vertical" if "velocity_vertical" in motion else "velocity"
    return velocity_map(
        motion[name], velocity_std=motion.get(f"{name}_std"), decorrelated=motion["decorrelated"], patches=patches
    )


def _findings(content: RunContent) -> list[dict[str, Any]]:
    rows = _rows(content.findings, _MOST_FINDINGS)
    for row in rows:
        row["chip"] = ""
        if content.scene is not None:
            chip = finding_chip(content.scene.picture, content.scene.grid, row["geometry"], content.permits)
            row["chip"] = data_uri(chip)
    return rows


def _rows(frame: gpd.GeoDataFrame | None, most: int) -> list[dict[str, Any]]:
    if frame is None:
        return []
    shown = frame.head(most).astype(object)
    return [dict(row) for row in shown.where(shown.notna(), None).to_dict("records")]


def _words(name: str | None) -> str:
    return "–" if name is None else name.replace("_", " ")


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def _hectares(square_metres: float) -> str:
    return f"{square_metres / 1e4:,.1f}"


def _millimetres(metres: float | None) -> str:
    return "–" if metres is None or np.isnan(metres) else f"{1e3 * metres:+.0f}"
