"""A plan as a page for people, and as steps for a processor that Highwall does not run itself."""

from typing import Final, Literal

from highwall.io.archive.plan import ArchivePlan, GacosRequest

ProcessorName = Literal["isce2", "snap", "gamma", "pygmtsar"]

RECIPES: Final[dict[ProcessorName, str]] = {
    "isce2": """\
ISCE2 topsStack
  stackSentinel.py -s slc -o orbits -a aux -d dem.wgs84 -b '{south} {north} {west} {east}' -m {reference:%Y%m%d} \\
    -c {connections} -p {polarization} -W interferogram -w work
  It pairs every date with its next {connections}: of run files and results keep the pairs listed above.
  Run work/run_files/run_* in order, unwrapping included.
  Load work/merged with MintPy (prep_isce.py, load_data.py): Highwall reads ifgramStack.h5 and geometryRadar.h5.""",
    "snap": """\
ESA SNAP, one graph a pair
  Read (2×) > TOPSAR-Split > Apply-Orbit-File (precise) > Back-Geocoding > Enhanced-Spectral-Diversity > Interferogram
  > TOPSAR-Deburst > TopoPhaseRemoval > Multilook > GoldsteinPhaseFiltering > SnaphuExport > snaphu > SnaphuImport
  > Terrain-Correction (UTM, 15 m, bilinear; phase and coherence) > Write as GeoTIFF
  First product: the earlier date. Name the files by pair, as {example}_unw.tif and {example}_cc.tif.""",
    "gamma": """\
GAMMA
  Import each slice (par_S1_SLC), precise orbits (S1_OPOD_vec), mosaic and crop to the box.
  Coregister every date to {reference:%Y%m%d} (S1_coreg_TOPS); form the pairs above, filter (adf), unwrap (mcf).
  Keep: *_base.par, *_mli.par, *_eqa_dem.par and the lookup table *_eqa_to_rdc.lt, by which Highwall geocodes.""",
    "pygmtsar": """\
PyGMTSAR
  Scan the slices with their orbits, reference {reference}, load the DEM of the box, align, compute the geometry.
  Compute the pairs above as multilooked interferograms, unwrap with SNAPHU, export phase and coherence as GeoTIFF,
  named by pair: {example}_unw.tif and {example}_cc.tif.""",
}
"""Steps by processor; names of programs and options are theirs. Not run by the tests of Highwall."""


def describe(plan: ArchivePlan) -> str:
    """List what a plan takes: scenes, pairs, orbits, DEM, GACOS requests."""
    return "\n\n".join((_head(plan), *(_section(title, lines) for title, lines in _lists(plan).items()))) + "\n"


def recipe(plan: ArchivePlan, processor: ProcessorName) -> str:
    """List what a plan takes and how a processor is told."""
    west, south, east, north = plan.bbox
    steps = RECIPES[processor].format(
        west=west, south=south, east=east, north=north, reference=plan.reference, connections=_connections(plan),
        polarization=plan.acquisitions[0].scenes[0].polarization[:2].lower(), example=plan.pairs[0].name,
    )  # fmt: skip
    return f"{describe(plan)}\n{steps}\n"


def _head(plan: ArchivePlan) -> str:
    west, south, east, north = plan.bbox
    dates = [acquisition.date for acquisition in plan.acquisitions]
    return (
        f"{plan.name}: track {plan.track} {plan.direction}, {len(dates)} dates from {dates[0]} to {dates[-1]}, "
        f"{len(plan.pairs)} pairs, reference {plan.reference}\n"
        f"Box: {west:.4f} to {east:.4f} degrees east, {south:.4f} to {north:.4f} degrees north"
    )


def _lists(plan: ArchivePlan) -> dict[str, list[str]]:
    return {
        "Scenes": [scene.name for acquisition in plan.acquisitions for scene in acquisition.scenes],
        "Pairs (perpendicular baseline [m])": [f"{pair.name}  {_metres(pair.bperp_m)}" for pair in plan.pairs],
        "Precise orbits": list(plan.orbits),
        "DEM (Copernicus GLO-30)": list(plan.dem_tiles),
        "GACOS": [_gacos(request) for request in plan.gacos],
    }


def _section(title: str, lines: list[str]) -> str:
    return "\n".join((title, *(f"  {line}" for line in lines)))


def _metres(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.0f}"


def _gacos(request: GacosRequest) -> str:
    box = f"N {request.north} W {request.west} E {request.east} S {request.south}"
    return f"{box}, {request.time_utc} UTC: {' '.join(request.dates)}"


def _connections(plan: ArchivePlan) -> int:
    """How many dates onward the pairs reach at most."""
    number = {acquisition.date: position for position, acquisition in enumerate(plan.acquisitions)}
    return max(number[pair.second] - number[pair.first] for pair in plan.pairs)
