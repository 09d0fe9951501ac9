"""Products of ASF's HyP3: InSAR GAMMA scenes and ISCE2 bursts of Sentinel-1, unzipped into one folder.

Names such as ``S1AA_20200101T…_20200113T…_VVP012_INT80_G_ueF_ABCD_unw_phase.tif`` beside ``_corr``, ``_conncomp``
(bursts), ``_dem``, ``_lv_theta``, ``_lv_phi`` and a ``.txt`` of metadata. The products of one stack differ by some
pixels in extent, on one lattice, so that all are cut to what they share.

Sign: as stored. HyP3's guide says that its phase has the opposite sign of its displacement maps, which are positive
toward the satellite: the phase is positive away from it. The look vector points to the sensor: ``lv_theta`` is its
elevation above the horizon, ``lv_phi`` its direction anticlockwise from east [rad].
"""

from pathlib import Path

from highwall.core.constants import SENTINEL1_WAVELENGTH
from highwall.core.errors import SetAside, StackError
from highwall.io.radar.geotiffs import angle_map, first_map, matching, read_coherence, read_labels, read_phase
from highwall.io.radar.look import from_elevation
from highwall.io.radar.pairs import Gathered, OfPair, Pair, collect, number, pair_in

_PHASE = "*_unw_phase*.tif"


def is_hyp3(source: Path) -> bool:
    """Tell whether a folder holds HyP3's phases."""
    return source.is_dir() and any(path.name.startswith("S1") for path in source.rglob(_PHASE))


def read_hyp3(source: Path, set_aside: list[SetAside]) -> Gathered:
    """Gather the products in a folder."""
    layers = {"unw": collect(matching(source, [_PHASE]), _phase, set_aside=set_aside)}
    if files := matching(source, ["*_corr*.tif"]):
        layers["coh"] = collect(files, _coherence, set_aside=set_aside)
    if files := matching(source, ["*_conncomp*.tif"]):
        layers["conncomp"] = collect(files, read_labels, set_aside=set_aside)
    theta, phi = (angle_map(source, name, set_aside=set_aside) for name in ("theta", "phi"))
    records = _records(source)
    headings = [value for record in records.values() if (value := number(record, "Heading")) is not None]
    return Gathered(
        layers,
        maps={"height": first_map(matching(source, ["*_dem*.tif"]), set_aside), "los_enu": from_elevation(theta, phi)},
        baselines={
            pair: value for pair, record in records.items() if (value := number(record, "Baseline")) is not None
        },
        attrs={"wavelength_m": SENTINEL1_WAVELENGTH, "heading_deg": headings[0] if headings else None},
        cut_to_common=True,
    )


def _phase(path: Path) -> OfPair:
    return read_phase(path, zero_is_missing=True)


def _coherence(path: Path) -> OfPair:
    return read_coherence(path, zero_is_missing=True)


def _records(source: Path) -> dict[Pair, dict[str, str]]:
    """Metadata of each product: words before and after the first colon of a line."""
    found = {}
    for path in matching(source, ["S1*.txt"]):
        rows = [line.partition(":") for line in path.read_text(encoding="utf-8", errors="replace").splitlines()]
        record = {key.strip(): value.strip() for key, colon, value in rows if colon}
        try:
            found[pair_in(path.name)] = record
        except StackError:  # a README beside the product
            continue
    return found
