"""A simulated pit that talks: people, machines, beacons, ground and its sensors, and what goes wrong, with the truth.

Come in: options and a seed. Go out: readings of :mod:`highwall.telemetry.messages` in SI units, in order of time, by
gateway; and beside them who was where, what the ground really did, and which sensor lied when. **Simulated**: no such
site exists; falls have the peaks, free-fall and turn measured on UMAFall, the rest is plain physics with plain noise.

All of it is a function of the seed and the time: any stretch can be made alone, and is the same however it is cut.

Words: *seconds* count from the start of the simulation; *local* coordinates are metres east and north of its centre.

Reading order: options, layout, timeline, crews, script, then body, machines, radio and ground (what is sensed), faults,
simulation, feed, pit_radio, truth.
"""

from highwall.twin.simulator.feed import BusSink, Sink, feed
from highwall.twin.simulator.options import FaultKind, Scenario, SimulationOptions
from highwall.twin.simulator.pit_radio import PitRadio
from highwall.twin.simulator.simulation import Batch, Simulation, simulate
from highwall.twin.simulator.truth import site_of, truth_of

__all__ = [
    "Batch",
    "BusSink",
    "FaultKind",
    "PitRadio",
    "Scenario",
    "Simulation",
    "SimulationOptions",
    "Sink",
    "feed",
    "simulate",
    "site_of",
    "truth_of",
]
