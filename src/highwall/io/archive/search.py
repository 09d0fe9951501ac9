"""The archive of the Alaska Satellite Facility: which Sentinel-1 scenes lie over an AOI, and how far apart they are."""

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

from odc.geo.geom import Geometry
from pydantic import BaseModel, ConfigDict, Field, model_validator
from shapely.geometry import shape

from highwall.core.errors import InputError, SceneError
from highwall.io.archive.plan import Direction, Scene

_COLLECTIONS: Final = {"slc": {"dataset": "SENTINEL-1", "processingLevel": "SLC"}, "burst": {"dataset": "SLC-BURST"}}
_ALSO_DUAL: Final = {"VV": ["VV", "VV+VH"], "HH": ["HH", "HH+HV"]}


class SearchOptions(BaseModel):
    """What is asked of the archive."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    start: dt.date = Field(description="first day (UTC)")
    end: dt.date = Field(description="last day (UTC)")
    granule: Literal["slc", "burst"] = Field(
        default="slc", description="`slc`: whole slices, as most processors take them; `burst`: single bursts"
    )
    polarization: Literal["VV", "HH"] = Field(default="VV", description="VV everywhere but near the poles")
    direction: Direction | None = Field(default=None, description="flight direction; None: the one with most dates")
    track: int | None = Field(default=None, ge=1, le=175, description="relative orbit; None: the one with most dates")

    @model_validator(mode="after")
    def _in_order(self) -> "SearchOptions":
        if self.start > self.end:
            raise ValueError(f"start {self.start} lies after end {self.end}; swap them")
        return self


def search_scenes(aoi: Geometry, *, options: SearchOptions, session: Any = None) -> list[Scene]:
    """Sentinel-1 scenes in wide-swath mode that touch an AOI, oldest first, with baselines along each track.

    Parameters
    ----------
    session
        ``asf_search.ASFSession`` to ask through; a new one without login by default.

    Raises
    ------
    InputError
        The extra ``archive`` is not installed.
    SceneError
        The archive did not answer, or holds nothing there.
    """
    products = _ask(_question(aoi, options), session)
    if not products:
        raise SceneError(
            f"the archive holds no {options.polarization} {options.granule} over the AOI from {options.start} to "
            f"{options.end}; widen the dates."
        )
    baselines = _baselines(products)
    scenes = [_scene(product, baselines.get(product.properties["sceneName"])) for product in products]
    return sorted(scenes, key=lambda scene: (scene.start, scene.name))


def _question(aoi: Geometry, options: SearchOptions) -> dict[str, Any]:
    """Keywords of ``asf_search.search``."""
    asked = {
        **_COLLECTIONS[options.granule], "beamMode": "IW", "polarization": _ALSO_DUAL[options.polarization],
        "intersectsWith": aoi.to_crs("EPSG:4326").wkt, "relativeOrbit": options.track,
        "flightDirection": options.direction.upper() if options.direction else None,
        "start": f"{options.start}T00:00:00Z", "end": f"{options.end}T23:59:59Z",
    }  # fmt: skip
    return {name: value for name, value in asked.items() if value is not None}


def _ask(asked: Mapping[str, Any], session: Any) -> list[Any]:
    asf = _asf_search()
    try:
        return list(asf.search(**asked, session=session or asf.ASFSession()))
    except (asf.ASFSearchError, OSError, ValueError, KeyError) as error:
        raise SceneError(f"the archive did not answer: {error}. Check the network and try again.") from error


def _asf_search() -> Any:
    try:
        import asf_search
    except ModuleNotFoundError as error:
        raise InputError("searching the archive needs asf_search; pip install 'highwall[archive]'.") from error
    asf_search.REPORT_ERRORS = False  # a failed search stays between the user and the archive
    return asf_search


def _baselines(products: Sequence[Any]) -> dict[str, float]:
    """Perpendicular baseline [m] of one scene a pass to its track's first pass, by the scene's name.

    Of each pass the scene nearest to the reference's centre stands for it: orbit vectors reach no further than a slice.
    """
    from asf_search.baseline.stack import get_baseline_from_stack

    found: dict[str, float] = {}
    for track in _by_track(products).values():
        with_orbit = sorted(filter(_has_orbit, track), key=lambda product: str(product.properties["startTime"]))
        if len(with_orbit) < 2:
            continue
        stack, _ = get_baseline_from_stack(with_orbit[0], _one_a_pass(with_orbit))
        for product in stack:
            if (value := product.properties.get("perpendicularBaseline")) is not None:
                found[product.properties["sceneName"]] = float(value)
    return found


def _has_orbit(product: Any) -> bool:
    """Whether the archive gives orbit vectors and a centre, of which baselines are made."""
    return product.has_baseline() and product.properties.get("centerLat") is not None


def _by_track(products: Sequence[Any]) -> dict[tuple[int, str], list[Any]]:
    tracks = defaultdict(list)
    for product in products:
        tracks[product.properties["pathNumber"], product.properties["flightDirection"]].append(product)
    return tracks


def _one_a_pass(products: Sequence[Any]) -> list[Any]:
    """Of each absolute orbit, the product nearest to the first product's centre."""
    centre = products[0].centroid()
    nearest: dict[tuple[str, int], Any] = {}
    for product in products:
        key = (product.properties["platform"], product.properties["orbit"])
        if key not in nearest or product.centroid().distance(centre) < nearest[key].centroid().distance(centre):
            nearest[key] = product
    return list(nearest.values())


def _scene(product: Any, bperp_m: float | None) -> Scene:
    facts = product.properties
    return Scene(
        name=facts["sceneName"], start=facts["startTime"], stop=facts["stopTime"], platform=facts["platform"],
        track=facts["pathNumber"], orbit=facts["orbit"], frame=facts.get("frameNumber"),
        burst=(facts.get("burst") or {}).get("fullBurstID"), direction=facts["flightDirection"].lower(),
        polarization=facts["polarization"], footprint=shape(product.geometry).wkt, bperp_m=bperp_m,
        url=facts.get("url"),
    )  # fmt: skip
