"""What is done with a block of pixels on the way from phase to motion; on a cluster these values travel to workers."""

from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from highwall.core.grid import Window
from highwall.insar.corrections.corrections import Corrections, correct
from highwall.insar.geocoding import RadarMapping, geocode
from highwall.insar.geometry import vertical_motion
from highwall.insar.inversion import invert
from highwall.insar.mending.bridging import Bridges
from highwall.insar.mending.repair import repair
from highwall.insar.options import (
    DecorrelationOptions,
    InversionOptions,
    QualityOptions,
    RepairOptions,
    VelocityOptions,
)
from highwall.insar.quality import decorrelated, judge_motion
from highwall.insar.reference import ReferencePhase
from highwall.insar.series_noise import SeriesNoise
from highwall.insar.stack import mean_coherence
from highwall.insar.still import StillHistory, survey
from highwall.insar.velocity import fit_motion

_COPIES_OF_PHASES, _COPIES_OF_SERIES = 3.4, 12.0
"""Greatest memory of a block in work over that of its phases, and of its series, as they are read. Measured: on 334
pairs inversion 3.4, survey 2.8; on 91 dates with all trends and the height error corrected: 12."""


@dataclass(frozen=True)
class Surveying:
    """How fit each pixel is to be the reference."""

    stack: xr.Dataset
    history: StillHistory

    @property
    def bytes_per_pixel(self) -> float:
        """Memory of a pixel."""
        return _COPIES_OF_PHASES * _bytes_of(self.stack)

    def __call__(self, window: Window) -> xr.Dataset:
        """Maps of a block."""
        return survey(loaded(self.stack, window), history=self.history)


@dataclass(frozen=True)
class Inverting:
    """Phases, mended where they can be, become displacement."""

    stack: xr.Dataset
    reference: ReferencePhase
    offsets: NDArray[np.float32]
    """(pair,) [rad]: what closure takes for each pair's constant."""
    bridges: Bridges | None
    repair: RepairOptions
    inversion: InversionOptions

    @property
    def bytes_per_pixel(self) -> float:
        """Memory of a pixel."""
        return _COPIES_OF_PHASES * _bytes_of(self.stack)

    def __call__(self, window: Window) -> xr.Dataset:
        """Displacement, velocity and counts of a block."""
        block = loaded(self.stack, window)
        repaired = repair(block, options=self.repair, offsets=self.offsets, bridges=self.bridges)
        result = invert(repaired.stack, options=self.inversion, reference=self.reference)
        found = result.assign(n_repaired_pairs=repaired.n_repaired, share_open=repaired.share_open)
        return found.assign(mean_coherence=mean_coherence(block)) if "coh" in block else found


@dataclass(frozen=True)
class Concluding:
    """The displacement less what is not motion, its velocity and error, and what may mislead."""

    scene: xr.Dataset
    """Result of the inversion, with ``height``, ``los_enu`` and ``is_reference`` where they are known."""
    n_pairs: int
    """Pairs that have a phase at the reference."""
    corrections: Corrections
    noise: SeriesNoise
    velocity: VelocityOptions
    decorrelation: DecorrelationOptions
    quality: QualityOptions

    @property
    def bytes_per_pixel(self) -> float:
        """Memory of a pixel."""
        return _COPIES_OF_SERIES * _bytes_of(self.scene)

    def __call__(self, window: Window) -> xr.Dataset:
        """Every layer of a block that is kept."""
        block = loaded(self.scene, window)
        formal, corrected = block["velocity_std"], correct(block, self.corrections)
        motion = fit_motion(corrected["displacement"], options=self.velocity, formal_std=formal, noise=self.noise)
        layers = corrected.assign(motion)
        return self._judged(layers).drop_vars(["is_reference", "avoid", "height"], errors="ignore")

    def _judged(self, layers: xr.Dataset) -> xr.Dataset:
        coherence = layers.get("mean_coherence")
        lost = decorrelated(layers, n_pairs=self.n_pairs, coherence=coherence, options=self.decorrelation)
        flags = judge_motion(
            layers, n_pairs=self.n_pairs, coherence=coherence, share_open=layers["share_open"],
            n_repaired=layers["n_repaired_pairs"], is_reference=layers["is_reference"],
            decorrelation=self.decorrelation, options=self.quality,
        )  # fmt: skip
        judged = layers.assign(decorrelated=lost, insar_quality=flags)
        if "los_enu" in layers:
            return judged.assign(vertical_motion(layers, los=layers["los_enu"]))
        if "incidence_deg" in layers.attrs:
            return judged.assign(vertical_motion(layers, incidence_deg=float(layers.attrs["incidence_deg"])))
        return judged


@dataclass(frozen=True)
class Placing:
    """Layers in radar coordinates come to the map."""

    radar: xr.Dataset
    mapping: RadarMapping

    @property
    def bytes_per_pixel(self) -> float:
        """Memory of a pixel."""
        return _COPIES_OF_SERIES * _bytes_of(self.radar)

    def __call__(self, window: Window) -> xr.Dataset:
        """Every layer of a block of the map."""
        mapping, source = self.mapping.cut(window)
        return geocode(loaded(self.radar, source), mapping)


def _bytes_of(dataset: xr.Dataset) -> float:
    """Bytes of a pixel as it is read."""
    return dataset.nbytes / (dataset.sizes["y"] * dataset.sizes["x"])


def loaded(dataset: xr.Dataset, window: Window) -> xr.Dataset:
    """Read a block; the caller's thread does it all, for the crew has as many as there are cores."""
    return window.of(dataset).load(scheduler="synchronous")
