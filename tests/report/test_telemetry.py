import io

import numpy as np
from PIL import Image

from highwall.report.telemetry import TelemetryHeard, Track, telemetry_sheet
from highwall.twin.simulator import Scenario, SimulationOptions, simulate
from highwall.twin.simulator.ground import SENSORS


def heard_of(simulation, *, worn: Track | None) -> TelemetryHeard:
    seconds = np.arange(0.0, simulation.options.duration_s, 60.0)
    ground = {sensor.datastream: Track(seconds, simulation.ground.true(sensor, seconds)) for sensor in SENSORS}
    return TelemetryHeard(ground, worn, np.full(60, 500.0), np.full(60, 400.0))


def image_of(picture: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(picture)).convert("RGB"), dtype=float)


def test_everything_that_goes_wrong_is_drawn():
    simulation = simulate(SimulationOptions(scenarios=tuple(Scenario)))
    at_s = simulation.script.incidents[0].at_s
    worn = Track(at_s + np.linspace(-5.0, 5.0, 50), np.tile([0.0, 9.81, 0.0], (50, 1)))
    full = image_of(telemetry_sheet(simulation, heard_of(simulation, worn=worn)))
    calm = simulate(SimulationOptions(faults=()))
    empty = image_of(telemetry_sheet(calm, heard_of(calm, worn=None)))
    assert full.shape == empty.shape
    lower = slice(full.shape[0] * 6 // 10, None)
    assert (full[lower] < 250).mean() > 1.5 * (empty[lower] < 250).mean(), "panels of faults hold more than a remark"
