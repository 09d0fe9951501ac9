"""Coregistered images → interferograms → an unwrapped stack on disk, pair by pair; stopped and resumed."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from rasterio.errors import RasterioError

from highwall import __version__
from highwall.core.epochs import as_dates
from highwall.core.errors import InputError, SetAside, StackError
from highwall.core.unwrapper import Unwrapper
from highwall.insar.forming.interferogram import interferograms
from highwall.insar.forming.unwrapping import SpanningTree, Whirlwind, unwrap_pairs
from highwall.insar.network import Network
from highwall.insar.options import InterferogramOptions, NetworkOptions, UnwrappingOptions
from highwall.insar.selection import candidate_pairs
from highwall.io.aside import aside, remove
from highwall.io.catalog import checksum
from highwall.io.radar.slc import SlcReading, open_slcs
from highwall.io.radar.snaphu import Snaphu
from highwall.io.radar.stacks import CHUNK_PX, write_stack
from highwall.io.rasters import read_zarr
from highwall.workflows.run import Say, plain, silent

NEAREST: Final = NetworkOptions(n_nearest=3)
"""Pairs that are made unless the user says which: each image with the three that follow it."""
_FINGERPRINT = "highwall_fingerprint"


def _snaphu(options: UnwrappingOptions) -> Unwrapper:
    return Snaphu(min_coherence=options.min_coherence, min_component_px=options.min_component_px)


UNWRAPPERS: Final[Mapping[str, Callable[[UnwrappingOptions], Unwrapper]]] = {
    "whirlwind": Whirlwind,
    "spanning_tree": SpanningTree,
    "snaphu": _snaphu,
}


class Interference(NamedTuple):
    """What became of a folder of images."""

    stack: Path
    """Zarr stack: ``unw``, ``coh``, ``conncomp`` (pair, y, x), to be read by ``io.interferograms``."""
    n_made: int
    """Pairs made now."""
    n_kept: int
    """Pairs that an earlier, stopped pass had made."""
    set_aside: list[SetAside]


@dataclass(frozen=True)
class _Recipe:
    """How a pair is made."""

    slcs: xr.Dataset
    options: InterferogramOptions
    unwrapper: Unwrapper

    def pair(self, dates: NDArray[np.datetime64]) -> xr.Dataset:
        """One pair of the stack, lazy, with what is known of the ground."""
        return unwrap_pairs(interferograms(self.slcs, dates[None], options=self.options), self.unwrapper)


@dataclass(frozen=True)
class _Shelf:
    """Where finished pairs lie until all are there."""

    folder: Path

    @classmethod
    def beside(cls, out: Path, fingerprint: str) -> "_Shelf":
        """Folder for this input and these options; what other options left is removed."""
        folder = out.with_name(f"{out.stem}.pairs-{fingerprint[:12]}")
        for other in out.parent.glob(f"{out.stem}.pairs-*"):
            if other != folder:
                remove(other)
        return cls(folder)

    def path(self, dates: NDArray[np.datetime64]) -> Path:
        first, second = dates.astype("datetime64[D]")
        return self.folder / f"{first}_{second}.zarr"

    def put(self, pair: xr.Dataset, path: Path) -> None:
        """Write the layers of a pair; a stop leaves nothing under its name."""
        chunks = {"y": min(CHUNK_PX, pair.sizes["y"]), "x": min(CHUNK_PX, pair.sizes["x"])}
        with aside(path) as temporary:
            pair.chunk(chunks).to_zarr(temporary, mode="w", zarr_format=3, consolidated=False)


def interfere(
    source: Path,
    out: Path,
    *,
    network: NetworkOptions = NEAREST,
    options: InterferogramOptions | None = None,
    unwrapping: UnwrappingOptions | None = None,
    polarisation: str = "VV",
    wavelength_m: float | None = None,
    say: Say = silent,
) -> Interference:
    """Make a stack of unwrapped interferograms from a folder of coregistered images.

    Parameters
    ----------
    source
        Folder of SNAP Zarr products or complex GeoTIFFs.
    out
        Zarr stack to write. Pairs that are done wait in a folder beside it, so that a stopped pass goes on where it
        was, and one of which a pair failed tries that pair again; a stack that stands and was made of the same images
        with the same options is kept.
    network
        Which pairs are made.
    polarisation, wavelength_m
        Where the files hold several, or say nothing.

    Raises
    ------
    StackError
        The images cannot be used, or no pair can be made.
    NetworkError
        The thresholds leave no pair.
    OutputError
        The disk is full.
    """
    options, unwrapping = options or InterferogramOptions(), unwrapping or UnwrappingOptions()
    parameters = {
        "network": network, "interferograms": options, "unwrapping": unwrapping, "polarisation": polarisation,
        "wavelength_m": wavelength_m,
    }  # fmt: skip
    reading = open_slcs(source, polarisation=polarisation, wavelength_m=wavelength_m)
    fingerprint = _fingerprint(source, parameters)
    if _stands(out, fingerprint):
        say(f"interfere: {out.name} stands, kept")
        return Interference(out, 0, read_zarr(out).sizes["pair"], reading.set_aside)
    recipe = _Recipe(reading.slcs, options, unwrapper_named(unwrapping.method, options=unwrapping))
    wanted = pairs_of(reading, network)
    pairs, shelf = wanted.epochs[wanted.pairs], _Shelf.beside(out, fingerprint)
    failed, n_made = _make_pairs(recipe, pairs, shelf, say)
    stack = _gathered(recipe, pairs, shelf)
    say(f"interfere: {stack.sizes['pair']} pairs done, laid together in {out.name}")
    write_stack(stack if failed else stack.assign_attrs({_FINGERPRINT: fingerprint}), out)
    if not failed:
        remove(shelf.folder)
    return Interference(out, n_made, stack.sizes["pair"] - n_made, [*reading.set_aside, *failed])


def unwrapper_named(name: str, *, options: UnwrappingOptions | None = None) -> Unwrapper:
    """Return the unwrapper of that name.

    Raises
    ------
    InputError
        There is none.
    """
    if name not in UNWRAPPERS:
        raise InputError(f"there is no unwrapper {name!r}; choose one of {', '.join(UNWRAPPERS)}.")
    return UNWRAPPERS[name](options or UnwrappingOptions())


def pairs_of(reading: SlcReading, network: NetworkOptions) -> Network:
    """Pairs that are made of some images."""
    bperp = reading.slcs["bperp"].values if "bperp" in reading.slcs.coords else None
    return candidate_pairs(as_dates(reading.slcs["epoch"].values), bperp=bperp, options=network)


def _fingerprint(source: Path, parameters: Mapping[str, Any]) -> str:
    """Hash of all that decides the stack."""
    content = {"version": __version__, "source": checksum(source), **plain(parameters)}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _stands(out: Path, fingerprint: str) -> bool:
    if not out.exists():
        return False
    try:
        return bool(read_zarr(out).attrs.get(_FINGERPRINT) == fingerprint)
    except InputError:
        return False


def _make_pairs(recipe: _Recipe, pairs: NDArray[np.datetime64], shelf: _Shelf, say: Say) -> tuple[list[SetAside], int]:
    """Make the pairs that the shelf lacks, one after another; what failed, and how many were made."""
    failed: list[SetAside] = []
    n_made = 0
    for number, dates in enumerate(pairs, start=1):
        path = shelf.path(dates)
        name = f"pair {number} of {len(pairs)}, {path.stem.replace('_', ' to ')}"
        if path.exists():
            say(f"interfere: {name}: kept")
            continue
        try:
            made = _own(recipe.pair(dates)).load()
        except (OSError, RasterioError) as error:
            failed.append(SetAside(path.stem, f"{error}"))
            say(f"interfere: {name}: set aside: {error}")
            continue
        shelf.put(made, path)
        n_made += 1
        say(f"interfere: {name}: {_quality(made)}")
    return failed, n_made


def _own(pair: xr.Dataset) -> xr.Dataset:
    """What is a pair's own: variables and coordinates that span pairs."""
    return pair.drop_vars([name for name, array in pair.variables.items() if "pair" not in array.dims])


def _quality(pair: xr.Dataset) -> str:
    coherence, share = float(pair["coh"].mean()), float(np.isfinite(pair["unw"]).mean())
    return f"mean coherence {coherence:.2f}, {share:.0%} unwrapped"


def _gathered(recipe: _Recipe, pairs: NDArray[np.datetime64], shelf: _Shelf) -> xr.Dataset:
    """Lay the finished pairs together: the stack, read from the shelf when it is asked for.

    Raises
    ------
    StackError
        No pair could be made.
    """
    there = [path for path in map(shelf.path, pairs) if path.exists()]
    if not there:
        raise StackError("no pair could be made; see what was set aside and why.")
    made = xr.concat([read_zarr(path) for path in there], "pair", join="override")
    model = recipe.pair(pairs[0])
    ground = model.drop_vars([name for name, array in model.variables.items() if "pair" in array.dims])
    dates = {name: coordinate.compute() for name, coordinate in made.coords.items()}
    return ground.assign(made.data_vars).assign_coords(dates)
