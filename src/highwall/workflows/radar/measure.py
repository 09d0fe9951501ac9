"""The passes from phase to motion, block by block, each taken up where a stopped run left it."""

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from highwall.core.errors import InputError, SetAside
from highwall.core.grid import Window
from highwall.insar.corrections.corrections import check_given, correct, fit_corrections, stable_pixels
from highwall.insar.corrections.effects import Effect, correction_effects
from highwall.insar.geocoding import mapping_from_layers
from highwall.insar.mending.bridging import fit_bridges
from highwall.insar.mending.closure import sample, typical_phase
from highwall.insar.mending.repair import repair
from highwall.insar.motion_model import motion_model
from highwall.insar.network import Network
from highwall.insar.options import AlreadyReferenced, AutomaticReference, CorrectionOptions
from highwall.insar.reference import ReferencePhase, locate, phase_at, reference_phase
from highwall.insar.series_noise import SeriesNoise, fit_noise
from highwall.insar.still import ReferencePlace, StillHistory, choose_place, still_history
from highwall.io.rasters import read_zarr
from highwall.io.stores import BlockStore
from highwall.workflows.blocks import BlockWork, Crew
from highwall.workflows.config import DeformSection
from highwall.workflows.radar.motion import Concluding, Inverting, Placing, Surveying
from highwall.workflows.radar.stack import RadarScene

_BESIDE = ("height", "los_enu", "avoid")
"""Maps that a stack may carry beside its phases."""
_ENOUGH_STILL_PX = 100
"""Still pixels of the sample from which their common motion is known better than a reference's own."""
_STILL_WIDTHS = 2.0
"""Widths of the interval of rates that still pixels share within which the speed of such a pixel lies [1]."""


class Measured(NamedTuple):
    """What the passes left."""

    store: BlockStore
    """Every layer that is kept, on the map."""
    reference: ReferencePhase
    noise: SeriesNoise
    effects: tuple[Effect, ...]
    """What each correction did to still ground; empty without corrections, or without still ground."""


def check_asked(scene: RadarScene, options: DeformSection) -> None:
    """Refuse what cannot be done before hours are spent on the phases.

    Raises
    ------
    InputError
        A correction misses what it needs, or the dates cannot tell the terms of the motion apart.
    """
    network = Network.from_stack(scene.stack)
    check_given(scene.stack, network, options=options.corrections, ztd=scene.ztd)
    motion_model(network.epochs, options.velocity)


@dataclass(frozen=True)
class Measurement:
    """The work on a scene."""

    scene: RadarScene
    options: DeformSection
    crew: Crew
    bench: Path
    """Folder in which unfinished work waits."""

    def carried_out(self) -> Measured:
        """Go through every pass."""
        check_asked(self.scene, self.options)
        inverting, place = self.inverting()
        inverted = self._pass("inverted", inverting, self.scene.stack)
        n_pairs = int(np.isfinite(inverting.reference.phase).sum())
        concluding, effects = self._concluding(self._result(inverted, place), place, n_pairs=n_pairs)
        concluded = self._pass("concluded", concluding, concluding.scene)
        placed = concluded if self.scene.is_on_map else self._placed(concluded)
        design = motion_model(Network.from_stack(self.scene.stack).epochs, self.options.velocity).design
        placed.add(concluding.noise.layers(design))
        return Measured(placed, inverting.reference, concluding.noise, effects)

    def inverting(self) -> tuple[Inverting, ReferencePlace | None]:
        """What turns phases into displacement, once the reference is chosen."""
        stack, options = self.scene.stack, self.options
        is_automatic = isinstance(options.inversion.reference, AutomaticReference)
        history = self._still_history() if is_automatic else None
        offsets = typical_phase(self.scene.sample) if history is None else history.phase
        bridges = fit_bridges(stack, options=options.repair) if options.repair.bridges else None
        place = self._place(history)
        if place is None:
            reference = reference_phase(stack, reference=AlreadyReferenced())
        else:
            window = place.window(stack).load()
            mended = repair(window, options=options.repair, offsets=offsets, bridges=bridges)
            reference = phase_at(mended.stack, place=place)
        return Inverting(stack, reference, offsets, bridges, options.repair, options.inversion), place

    def _still_history(self) -> StillHistory:
        some = self.scene.sample
        return still_history(some, avoid=some["avoid"].values if "avoid" in some else None)

    def _place(self, history: StillHistory | None) -> ReferencePlace | None:
        stack, reference = self.scene.stack, self.options.inversion.reference
        if isinstance(reference, AlreadyReferenced):
            return None
        if history is None or not isinstance(reference, AutomaticReference):
            return locate(stack, reference=reference)
        surveyed = self._pass("surveyed", Surveying(stack, history), stack)
        avoid = stack["avoid"].values if "avoid" in stack else None
        maps = read_zarr(surveyed.path).load()
        return choose_place(maps, history=history, options=reference, avoid=avoid)

    def _result(self, inverted: BlockStore, place: ReferencePlace | None) -> xr.Dataset:
        """What the inversion left, with what is known of each pixel beside it."""
        stack = self.scene.stack
        result = read_zarr(inverted.path)
        is_reference = np.zeros((stack.sizes["y"], stack.sizes["x"]), bool)
        if place is not None:
            is_reference[place.rows, place.cols] = True if place.counts is None else place.counts
        known = {name: stack[name].drop_vars("spatial_ref", errors="ignore") for name in _BESIDE if name in stack}
        attrs = {
            name: stack.attrs[name] for name in ("incidence_deg", "heading_deg", "slant_range_m") if name in stack.attrs
        }
        return result.assign(known).assign(is_reference=(("y", "x"), is_reference)).assign_attrs(attrs)

    def _concluding(
        self, result: xr.Dataset, place: ReferencePlace | None, *, n_pairs: int
    ) -> tuple[Concluding, tuple[Effect, ...]]:
        """What is fitted on the whole scene before blocks of it are concluded, and what corrections did to it."""
        options, network = self.options, Network.from_stack(self.scene.stack)
        some = sample(result)
        at_reference = None if place is None else place.window(result).load().where(lambda pixels: pixels.is_reference)
        moving = some.get("avoid")
        stable = stable_pixels(some, options=options.corrections, moving=moving)
        corrections = fit_corrections(
            some, network, options=self._asked(some), motion=options.velocity, reference=at_reference, moving=moving,
            ztd=self.scene.ztd,
        )  # fmt: skip
        corrected = correct(some, corrections)
        noise = fit_noise(corrected, network, options=options.velocity)
        concluding = Concluding(
            result, n_pairs, corrections, noise, options.velocity, options.decorrelation, options.quality
        )
        return concluding, self._effects(corrected, stable) if corrections.parts else ()

    def _effects(self, corrected: xr.Dataset, stable: NDArray[np.bool_]) -> tuple[Effect, ...]:
        """What corrections did to still ground; empty, and said to be unknown, without such ground."""
        try:
            return correction_effects(corrected, stable=stable, motion=self.options.velocity)
        except InputError as error:
            self.scene.set_aside.append(SetAside("effects of the corrections on still ground", f"{error}"))
            return ()

    def _asked(self, some: xr.Dataset) -> CorrectionOptions:
        """Corrections as asked for; unless said otherwise, an automatic reference is spread over ground as still as it.

        Slow ground must not count: where most of a scene sinks, its common motion would make still ground rise. Beside
        a ramp or delay by height, which need slow ground too, nothing is spread.
        """
        options = self.options.corrections
        if options.level is not None:
            return options
        is_automatic = isinstance(self.options.inversion.reference, AutomaticReference)
        if not is_automatic or options.ramp != "none" or options.stratified:
            return options.model_copy(update={"level": False})
        bound = min(options.max_velocity_m_year or np.inf, _STILL_WIDTHS * self._still_history().width)
        spread = options.model_copy(update={"level": True, "max_velocity_m_year": bound})
        n_still = int(stable_pixels(some, options=spread, moving=some.get("avoid")).sum())
        return spread if n_still >= _ENOUGH_STILL_PX else options.model_copy(update={"level": False})

    def _placed(self, concluded: BlockStore) -> BlockStore:
        """Bring every layer from radar coordinates to the map."""
        stack = self.scene.stack
        mapping = mapping_from_layers(stack["latitude"], stack["longitude"], posting_m=self.options.posting_m)
        return self._pass("placed", Placing(read_zarr(concluded.path), mapping), mapping.to_dataset())

    def _pass(self, name: str, work: BlockWork, space: xr.Dataset) -> BlockStore:
        """Fill a store block by block."""
        example = work(Window(slice(0, 1), slice(0, 1)))
        store = BlockStore.resume(self.bench / f"{name}.zarr", example=example, space=space)
        self.crew.fill(store, work, self.crew.windows(space, work), what=name)
        named = {entry.name for entry in self.scene.set_aside}  # workers, and a run that was stopped, named others
        self.scene.set_aside.extend(entry for entry in store.set_aside() if entry.name not in named)
        return store
