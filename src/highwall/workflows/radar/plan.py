"""What `highwall deform` would do with a stack, and what it would take: read, and one block tried, nothing written."""

import time

from highwall.core.epochs import as_dates
from highwall.core.grid import Window
from highwall.insar.mending.closure import typical_phase
from highwall.insar.network import Network
from highwall.insar.options import AlreadyReferenced, AutomaticReference
from highwall.insar.reference import reference_phase
from highwall.insar.still import still_history
from highwall.io.radar.slc import is_slcs, open_slcs
from highwall.workflows.blocks import BlockWork, Crew
from highwall.workflows.config import DeformSection
from highwall.workflows.radar.interfere import pairs_of
from highwall.workflows.radar.measure import check_asked
from highwall.workflows.radar.motion import Inverting, Surveying
from highwall.workflows.radar.stack import Given, RadarScene, of_images, open_radar

_TRIED_PX = 128
"""Side of the block that is tried for its time [px]."""
_MIB, _GIB = 2**20, 2**30


def plan(given: Given, crew: Crew, *, options: DeformSection) -> list[str]:
    """Lines that say what would be done.

    Raises
    ------
    StackError, NetworkError, InputError
        The stack or what lies beside it cannot be used, as when it is done in earnest.
    """
    if is_slcs(given.stack):
        return _plan_of_images(given, options)
    scene = open_radar(given, options.network)
    check_asked(scene, options)
    stack, network = scene.stack, Network.from_stack(scene.stack)
    height, width = stack.sizes["y"], stack.sizes["x"]
    dates = as_dates(network.epochs)
    inverting = _inverting(scene, options)
    windows = crew.windows(stack, inverting)
    largest = max((w.rows.stop - w.rows.start) * (w.cols.stop - w.cols.start) for w in windows)
    at_once = crew.at_once(windows, inverting)
    seconds = _seconds_per_pixel(inverting, scene, options) * height * width / at_once
    mib = at_once * largest * inverting.bytes_per_pixel / _MIB
    gib = 4 * network.n_epochs * height * width / _GIB
    return [
        f"stack: {given.stack}, {height}×{width} pixels, {dates[0]} to {dates[-1]}, {stack.nbytes / _GIB:.2f} GiB",
        f"network: {network.describe()}; {len(scene.selection.set_aside())} pairs discarded",
        f"set aside: {len(scene.set_aside)} inputs",
        f"work: {len(windows)} blocks, {at_once} at a time, about {mib:.0f} MiB beside the program's own",
        f"time: about {seconds / 60:.1f} min, from a block of {_TRIED_PX}×{_TRIED_PX} pixels tried just now",
        f"disk: at most {3 * gib:.2f} GiB before compression, a third of it to stay",
    ]


def _plan_of_images(given: Given, options: DeformSection) -> list[str]:
    images = open_slcs(given.stack, wavelength_m=given.wavelength_m)
    network = pairs_of(images, of_images(options.network))
    shape = f"{images.slcs.sizes['y']}×{images.slcs.sizes['x']} samples"
    return [
        f"images: {given.stack}, {network.n_epochs} dates, {shape}; set aside: {len(images.set_aside)}",
        f"work: {network.n_pairs} pairs to form and to unwrap by {options.unwrapping.method}, then motion from "
        "interferograms.zarr, which can be planned once it is there",
    ]


def _inverting(scene: RadarScene, options: DeformSection) -> Inverting:
    reference = reference_phase(scene.stack, reference=AlreadyReferenced())
    return Inverting(scene.stack, reference, typical_phase(scene.sample), None, options.repair, options.inversion)


def _seconds_per_pixel(inverting: Inverting, scene: RadarScene, options: DeformSection) -> float:
    """Time of the two passes that read phases, on a block from the middle of the stack."""
    height, width = scene.stack.sizes["y"], scene.stack.sizes["x"]
    window = Window(_middle(height), _middle(width))
    inverting(Window(slice(0, 1), slice(0, 1)))  # compile
    works: list[BlockWork] = [inverting]
    if isinstance(options.inversion.reference, AutomaticReference):
        works.append(Surveying(scene.stack, still_history(scene.sample)))
    start = time.perf_counter()
    for work in works:
        work(window)
    pixels = (window.rows.stop - window.rows.start) * (window.cols.stop - window.cols.start)
    return float((time.perf_counter() - start) / pixels)


def _middle(size: int) -> slice:
    start = max((size - _TRIED_PX) // 2, 0)
    return slice(start, min(start + _TRIED_PX, size))
