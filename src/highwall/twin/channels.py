"""Channels: what the engine keeps at hand of each datastream and of each thing that has any."""

from typing import Any

import msgspec

from highwall.telemetry.observed import stream_name
from highwall.telemetry.qc import NEW, QcState
from highwall.telemetry.qc_options import QcOptions, options_for
from highwall.twin.matching import Belongs
from highwall.twin.sightings import Seen, Tap
from highwall.twin.state import FROM_READINGS, Stamp


class Thing:
    """Something that has datastreams, and whose it is."""

    __slots__ = ("asset_id", "asset_key", "asset_kind", "belongs", "name", "sensor_key")

    def __init__(self, name: str, belongs: Belongs) -> None:
        self.name = name
        self.sensor_key = f"sensor:{name}"
        self.moved_to(belongs)

    def moved_to(self, belongs: Belongs) -> None:
        """Take it that it belongs elsewhere now."""
        self.belongs = belongs
        self.asset_id, self.asset_kind = belongs.asset_id, belongs.asset_kind
        self.asset_key = "" if belongs.asset_id is None else f"asset:{belongs.asset_id}"


class ChannelMemory(msgspec.Struct, frozen=True, array_like=True):
    """What is remembered of a datastream between two runs."""

    qc: QcState = NEW
    stamp: Stamp = Stamp(0, "", 0)
    """Of its newest reading."""
    result: Any = None
    flag: int = 9


class Channel:
    """One datastream."""

    __slots__ = (
        "flag", "is_fact", "name", "observed", "options", "qc", "qualifier", "result", "stamp", "taps", "thing",
    )  # fmt: skip

    def __init__(self, name: str, thing: Thing, *, options: QcOptions | None, memory: ChannelMemory) -> None:
        parts = stream_name(name)
        self.name, self.thing = name, thing
        self.observed, self.qualifier = parts.observed, parts.qualifier
        self.options = options or options_for(name)
        self.is_fact = parts.observed in FROM_READINGS
        self.taps: tuple[Tap, ...] = ()
        self.qc, self.stamp, self.result, self.flag = memory.qc, memory.stamp, memory.result, memory.flag

    @property
    def seen(self) -> Seen | None:
        """Its newest reading; None: it has none."""
        return Seen(self.name, self.stamp.at_us, self.result, self.flag) if self.stamp.at_us else None

    @property
    def memory(self) -> ChannelMemory:
        """What is to be remembered."""
        return ChannelMemory(self.qc, self.stamp, self.result, self.flag)
