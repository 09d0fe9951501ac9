"""All groups of sensors that stand together: which group a reading belongs to, and what is remembered of each.

What cannot be is kept from the groups: an impossible value, or a time that is wrong, would stay in their memory.
"""

import hashlib
from collections.abc import Mapping
from types import MappingProxyType

import msgspec

from highwall.core.errors import InputError
from highwall.telemetry import qc_checks as checks
from highwall.telemetry.isolation import GroupState, consult, start
from highwall.telemetry.messages import Reading
from highwall.telemetry.qc import Opinion
from highwall.telemetry.qc_options import QcOptions
from highwall.telemetry.virtual import SensorGroup, VirtualSensors
from highwall.telemetry.virtual_options import NeighbourOptions


class GroupMemory(msgspec.Struct, frozen=True, array_like=True):
    """What is remembered of a group between two runs."""

    learned: str
    """Which learning of the group it belongs to; values are standardised by it, and mean nothing to another."""
    state: GroupState


class Neighbourhoods:
    """Groups by name, each sensor in one of them at most.

    Parameters
    ----------
    remembered
        By group; one that was learned anew since begins with nothing.

    Raises
    ------
    InputError
        A sensor is in two groups.
    """

    def __init__(
        self,
        groups: Mapping[str, SensorGroup],
        *,
        remembered: Mapping[str, GroupMemory] = MappingProxyType({}),
        options: NeighbourOptions | None = None,
    ) -> None:
        self._options = options or NeighbourOptions()
        self._virtual = {name: VirtualSensors(group) for name, group in groups.items()}
        self._learned = {name: _digest(group) for name, group in groups.items()}
        self.states = {
            name: memory.state
            if (memory := remembered.get(name)) is not None and memory.learned == self._learned[name]
            else start(group)
            for name, group in groups.items()
        }
        self.dirty: set[str] = set()
        """Groups whose state changed since it was last written down."""
        self._group_of: dict[str, str] = {}
        for name, group in groups.items():
            for sensor in group.sensors:
                if (other := self._group_of.setdefault(sensor, name)) != name:
                    raise InputError(f"sensor {sensor!r} is in groups {other!r} and {name!r}; leave it in one.")

    def hear(self, reading: Reading, *, options: QcOptions, received_us: int | None = None) -> Opinion | None:
        """Ask the neighbours of a reading's sensor, and remember the reading; None: it has none, or cannot be.

        Parameters
        ----------
        options
            Limits of the datastream: what is impossible.
        """
        name = self._group_of.get(reading.datastream)
        if name is None or checks.is_clock_wrong(reading.phenomenon_us, received_us=received_us, options=options):
            return None
        if isinstance(reading.result, float) and checks.range_reason(reading.result, options) is checks.Reason.RANGE:
            return None
        opinion, self.states[name] = consult(self._virtual[name], self.states[name], reading, options=self._options)
        self.dirty.add(name)
        return opinion

    def memory(self, name: str) -> GroupMemory:
        """Give what is to be remembered of a group, and given back as ``remembered``."""
        return GroupMemory(self._learned[name], self.states[name])


def _digest(group: SensorGroup) -> str:
    return hashlib.blake2s(msgspec.json.encode(group), digest_size=8).hexdigest()
