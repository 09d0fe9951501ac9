"""One picture of a simulated pit that talks: who was where, a fall, the crack, sensors that fail, a cut link."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from highwall.report.style import BAD, GOOD, GRID, INK, LABEL, MASTER, MUTED, PAPER, SMALL, canvas, head, png, remark
from highwall.twin.simulator import Simulation
from highwall.twin.simulator.ground import SENSORS
from highwall.twin.simulator.script import Fault, Incident

WORN_BEFORE_S, WORN_AFTER_S = 12.0, 25.0
"""s, how much of a person's acceleration is shown around an incident."""
_CRACK = "crack-1/crack_width"
_MOST_FAULTS = 7
_TRACK_STEP_S = 5.0
_LABEL = {"facecolor": PAPER, "edgecolor": "none", "alpha": 0.75, "pad": 1.0}


class Track(NamedTuple):
    """Readings of one datastream."""

    seconds: NDArray[np.float64]
    """(n,) since the start."""
    values: NDArray[np.float64]
    """(n,) or (n, 3), SI. NaN is missing."""


class TelemetryHeard(NamedTuple):
    """What the picture shows of all that was said."""

    ground: Mapping[str, Track]
    """By datastream."""
    worn: Track | None
    """Acceleration of the first person to whom something happens, around that."""
    sensed: NDArray[np.float64]
    arrived: NDArray[np.float64]
    """(minute,) readings, by when they were sensed and when they arrived."""


def telemetry_sheet(simulation: Simulation, heard: TelemetryHeard) -> bytes:
    """Draw a simulation on one sheet."""
    figure = canvas(12.4, 9.6)
    figure.suptitle("Simulated telemetry: no such site exists", fontsize=12, color=INK)
    halves: Any = figure.subfigures(2, 1, height_ratios=[5.4, 4.2])
    top, bottom = halves
    place, series = top.subfigures(1, 2, width_ratios=[1.25, 1.0])
    _map(place.subplots(), simulation)
    fall, crack = series.subplots(2, 1)
    _fall(fall, simulation, heard.worn)
    _crack(crack, simulation, heard.ground[_CRACK])
    panels = bottom.subplots(2, 4).ravel()
    for axes, fault in zip(panels[:_MOST_FAULTS], simulation.script.faults, strict=False):
        _fault(axes, simulation, fault, heard.ground[fault.datastream])
    for axes in panels[len(simulation.script.faults[:_MOST_FAULTS]) : _MOST_FAULTS]:
        remark(axes, "no fault")
    _rate(panels[-1], heard)
    return png(figure)


def _map(axes: Axes, simulation: Simulation) -> None:
    layout = simulation.layout
    for place in layout.places:
        ring = layout.outline(place)
        axes.fill(*ring.T, facecolor="#efe6da", edgecolor=MUTED, lw=0.8, zorder=1)
        lon, lat = layout.to_lonlat(np.array(place.centre))
        axes.annotate(
            place.name, (lon, lat), fontsize=SMALL, color=INK, ha="center", va="center", zorder=6, bbox=_LABEL
        )
    seconds = np.arange(0.0, simulation.options.duration_s, _TRACK_STEP_S)
    for bearer in layout.bearers:
        way = layout.to_lonlat(simulation.timelines[bearer.asset_id].at(seconds).local)
        colour, width = (GOOD, 0.8) if bearer.kind == "person" else (MASTER, 2.0)
        axes.plot(*way.T, color=colour, lw=width, alpha=0.7, zorder=3 if bearer.kind == "person" else 2)
    beacons = layout.to_lonlat(np.array([beacon.local for beacon in layout.beacons]))
    axes.plot(*beacons.T, "^", color=INK, ms=3.5, ls="", zorder=4, label="beacon")
    sensors = layout.to_lonlat(np.array([sensor.local for sensor in SENSORS]))
    axes.plot(*sensors.T, "s", color=BAD, ms=3.5, ls="", zorder=4, label="ground sensor")
    axes.plot([], [], color=GOOD, label="person")
    axes.plot([], [], color=MASTER, lw=2.0, label="machine")
    axes.set_aspect(1.0 / np.cos(np.radians(layout.lat)))
    axes.legend(fontsize=SMALL, frameon=False, loc="lower left", ncols=2)
    axes.ticklabel_format(useOffset=False)
    _plain(axes, "Who was where", "longitude [°]", "latitude [°]")


def _fall(axes: Axes, simulation: Simulation, worn: Track | None) -> None:
    if worn is None or not simulation.script.incidents:
        remark(axes, "nobody falls")
        return
    incident: Incident = simulation.script.incidents[0]
    since = worn.seconds - incident.at_s
    for axis, name, colour in zip(worn.values.T, ("side", "up", "front"), (MASTER, GOOD, "#009e73"), strict=True):
        axes.plot(since, axis, color=colour, lw=0.7, label=name)
    axes.plot(since, np.linalg.norm(worn.values, axis=1), color=INK, lw=1.1, label="size")
    axes.legend(fontsize=SMALL, frameon=False, ncols=4, loc="upper right")
    _plain(axes, f"{incident.asset_id}: {incident.kind}", "time since [s]", "acceleration [m s⁻²]")


def _crack(axes: Axes, simulation: Simulation, track: Track) -> None:
    hours = track.seconds / 3600.0
    axes.plot(hours, 1e3 * track.values, ".", color=GOOD, ms=2.5)
    _plain(axes, f"{_CRACK}", "time [h]", "opening [mm]")
    crack = simulation.script.crack
    if crack is None:
        return
    seconds = np.linspace(crack.onset_s, crack.failure_s, 100)
    other = axes.twinx()
    other.plot(seconds / 3600.0, (crack.failure_s - seconds) / crack.scale_m / 3.6e6, color=BAD, lw=1.1)
    other.set_ylabel("true 1/v [h mm⁻¹]", fontsize=LABEL, color=BAD)
    other.tick_params(labelsize=SMALL, colors=BAD)
    axes.axvline(crack.failure_s / 3600.0, color=INK, lw=0.9, ls=(0, (3, 2)))
    at = (crack.failure_s / 3600.0, 0.85)
    axes.annotate("failure ", at, xycoords=("data", "axes fraction"), fontsize=SMALL, ha="right")


def _fault(axes: Axes, simulation: Simulation, fault: Fault, track: Track) -> None:
    sensor = next(sensor for sensor in SENSORS if sensor.datastream == fault.datastream)
    seconds = np.linspace(0.0, simulation.options.duration_s, 300)
    axes.axvspan(fault.from_s / 3600.0, fault.to_s / 3600.0, color=BAD, alpha=0.13, lw=0)
    axes.plot(track.seconds / 3600.0, track.values, ".", color=GOOD, ms=1.8)
    axes.plot(seconds / 3600.0, simulation.ground.true(sensor, seconds), color=INK, lw=0.8)
    axes.locator_params(axis="y", nbins=4)
    axes.yaxis.get_offset_text().set_fontsize(SMALL)
    _plain(axes, f"{fault.kind}: {fault.datastream}", "", "")


def _rate(axes: Axes, heard: TelemetryHeard) -> None:
    hours = np.arange(len(heard.sensed)) / 60.0
    axes.step(hours, np.maximum(heard.arrived, 1.0), color=BAD, lw=1.0, label="arrived")
    axes.step(hours, np.maximum(heard.sensed, 1.0), color=GOOD, lw=1.0, label="sensed")
    axes.set_yscale("log")
    axes.legend(fontsize=SMALL, frameon=False)
    _plain(axes, "readings a minute", "time [h]", "")


def _plain(axes: Axes, title: str, x: str, y: str) -> None:
    head(axes, title)
    axes.set_xlabel(x, fontsize=LABEL, color=MUTED)
    axes.set_ylabel(y, fontsize=LABEL, color=MUTED)
    axes.tick_params(labelsize=SMALL, colors=MUTED)
    axes.grid(visible=True, color=GRID, lw=0.5)
    axes.set_axisbelow(True)
    sides: tuple[Any, ...] = ("top", "right")
    for side in sides:
        axes.spines[side].set_visible(False)
