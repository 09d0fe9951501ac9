"""Observed properties: one row each, with its SI unit, what is physically possible, and how people want to read it."""

from typing import Final, NamedTuple


class ObservedProperty(NamedTuple):
    """One row of the table."""

    key: str
    title: str
    unit: str
    """CF unit string of what is stored."""
    low: float
    high: float
    """Outside these a reading is impossible, whatever the sensor; components of a vector alike."""
    shown_unit: str = ""
    """Unit in which people read it; empty: the stored one."""
    shown_scale: float = 1.0
    shown_offset: float = 0.0
    """Shown value = stored value × scale + offset."""
    size: int = 1
    """Numbers in one result."""

    def shown(self, value: float) -> float:
        """Give a stored value in the unit that people read."""
        return value * self.shown_scale + self.shown_offset


OBSERVED: Final[dict[str, ObservedProperty]] = {
    row.key: row
    for row in (
        ObservedProperty("acceleration", "Acceleration", "m s-2", -2000.0, 2000.0, size=3),
        ObservedProperty("angular_rate", "Rate of turn", "rad s-1", -100.0, 100.0, size=3),
        ObservedProperty(
            "position", "Position: longitude, latitude, height", "degree degree m", -1000.0, 10_000.0, size=3
        ),
        ObservedProperty("position_radius", "Radius of the position", "m", 0.0, 100_000.0),
        ObservedProperty("rssi", "Signal strength", "dBm", -150.0, 20.0),
        ObservedProperty("battery", "Battery", "V", 0.0, 60.0),
        ObservedProperty("temperature", "Temperature", "K", 150.0, 1500.0, "°C", 1.0, -273.15),
        ObservedProperty("humidity", "Relative humidity", "1", 0.0, 1.05, "%", 100.0),
        ObservedProperty("vibration", "Vibration velocity", "m s-1", -10.0, 10.0, "mm/s", 1e3),
        ObservedProperty("strain", "Strain", "1", -0.1, 0.1, "µε", 1e6),
        ObservedProperty("elongation", "Elongation", "m", -10.0, 10.0, "mm", 1e3),
        ObservedProperty("tilt", "Tilt", "rad", -3.1416, 3.1416, "°", 57.29577951308232),
        ObservedProperty("crack_width", "Crack width", "m", -0.01, 10.0, "mm", 1e3),
        ObservedProperty("pore_pressure", "Pore pressure", "Pa", -100_000.0, 10_000_000.0, "kPa", 1e-3),
        ObservedProperty("pressure", "Pressure", "Pa", -1e6, 1e8, "kPa", 1e-3),
        ObservedProperty("displacement", "Displacement", "m", -100.0, 100.0, "mm", 1e3),
        ObservedProperty("distance", "Distance", "m", 0.0, 10_000.0),
        ObservedProperty("water_level", "Water level", "m", -500.0, 500.0),
        ObservedProperty("rain", "Rain", "m", 0.0, 1.0, "mm", 1e3),
        ObservedProperty("volumetric_water", "Volumetric water content", "1", 0.0, 1.0, "%", 100.0),
        ObservedProperty("speed", "Speed", "m s-1", 0.0, 100.0, "km/h", 3.6),
        ObservedProperty("current", "Electric current", "A", -10_000.0, 10_000.0),
        ObservedProperty("voltage", "Voltage", "V", -100_000.0, 100_000.0),
        ObservedProperty("flow", "Flow", "m3 s-1", -1000.0, 1000.0, "l/s", 1e3),
        ObservedProperty("frequency", "Frequency", "Hz", 0.0, 1e9),
        ObservedProperty("velocity", "Velocity of the ground", "m year-1", -100.0, 100.0, "mm/year", 1e3),
        ObservedProperty("crack_probability", "Probability of a crack", "1", 0.0, 1.0),
        ObservedProperty("mine_probability", "Probability of a mine", "1", 0.0, 1.0),
    )
}
"""Every property that Highwall knows; others are kept as they come, without unit or bounds."""


class StreamName(NamedTuple):
    """A datastream's name, taken apart."""

    thing: str
    observed: str
    qualifier: str = ""
    """Which of several, as the beacon that was heard."""


def stream_name(datastream: str) -> StreamName:
    """Take ``thing/property[/qualifier]`` apart; a name without a property observes ``unknown``."""
    thing, _, rest = datastream.partition("/")
    observed, _, qualifier = rest.partition("/")
    return StreamName(thing, observed or "unknown", qualifier)
