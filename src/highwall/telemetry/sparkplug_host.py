"""Listening to Sparkplug B edge nodes: births, deaths, sequence numbers, aliases, and when to ask for a rebirth.

After a gap in the sequence a birth may have been among what was lost, and aliases may have changed with it: metrics
that come by alias alone are then left out until the rebirth, rather than taken for something else.

Source: Eclipse Sparkplug 3.0.0, chapter 5 (operational behaviour).
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

from highwall.telemetry.device_map import Devices, Field, in_si, name_from
from highwall.telemetry.messages import Event, Reading
from highwall.telemetry.sparkplug import BD_SEQ, Kind, Metric, Payload, Topic

EVENT: Final = "link"
"""Kind of the event by which a node or device comes or goes; ``data`` holds ``online``."""
UNMAPPED: Final = "unmapped"
"""Property of metrics that no row of the configuration names: kept as they come, without unit."""
_CONTROLS: Final = ("Node Control/", "Device Control/", "Properties/", "Node Info/")
_ASK_AGAIN_US: Final = 30_000_000
"""µs, until a node that did not answer is asked for a rebirth again."""
_LAST_MS: Final = 253_402_300_799_999
"""End of the year 9999."""


class Known(NamedTuple):
    """What a birth said of an alias or a name."""

    name: str
    datatype: int | None


class Node(NamedTuple):
    """What is remembered of an edge node."""

    is_online: bool = False
    bd_seq: int | None = None
    seq: int | None = None
    """Of its last message."""
    is_sure: bool = False
    """Whether nothing was missed since its birth."""
    aliases: Mapping[int, Known] = {}
    datatypes: Mapping[tuple[str, str], int | None] = {}
    """By device (empty: the node) and name of the metric."""
    devices: frozenset[str] = frozenset()
    """Those that are online."""
    asked_us: int | None = None
    """When it was asked for a rebirth."""


class Heard(NamedTuple):
    """What a message leads to."""

    node: Node
    readings: tuple[Reading, ...] = ()
    events: tuple[Event, ...] = ()
    wants_rebirth: bool = False
    """Ask the node to say everything again: :func:`sparkplug.rebirth_command`."""
    problems: tuple[str, ...] = ()
    """Metrics that were left out, and why."""


def hear(node: Node, topic: Topic, payload: Payload, *, devices: Devices, received_us: int) -> Heard:
    """Take one message in.

    Parameters
    ----------
    node
        What is remembered of the node; ``Node()`` of one never heard of.
    devices
        By ``group/node`` or ``group/node/device``: what their metrics are called here.
    received_us
        When the message came [µs since 1970 UTC].
    """
    if topic.kind is Kind.NDEATH:
        return _death(node, topic, payload, devices=devices, received_us=received_us)
    after = _state(Node() if topic.kind is Kind.NBIRTH else node, topic, payload)
    told = [
        _reading(after, topic, metric, payload, devices=devices, received_us=received_us)
        for metric in payload.metrics
    ]  # fmt: skip
    wants_rebirth = not after.is_sure and (after.asked_us is None or received_us >= after.asked_us + _ASK_AGAIN_US)
    return Heard(
        after._replace(asked_us=received_us) if wants_rebirth else after,
        tuple(one for one in told if isinstance(one, Reading)),
        _came_or_went(topic, payload, devices=devices, received_us=received_us),
        wants_rebirth=wants_rebirth,
        problems=tuple(one for one in told if isinstance(one, str)),
    )


def _came_or_went(topic: Topic, payload: Payload, *, devices: Devices, received_us: int) -> tuple[Event, ...]:
    if topic.kind not in (Kind.NBIRTH, Kind.DBIRTH, Kind.DDEATH):
        return ()
    at_us = _at_us(None, payload, received_us)
    return (_link(topic, devices, online=topic.kind is not Kind.DDEATH, at_us=at_us),)


def _death(node: Node, topic: Topic, payload: Payload, *, devices: Devices, received_us: int) -> Heard:
    """Only the death that belongs to the present birth counts; that of a former session comes late."""
    bd_seq = payload.metric(BD_SEQ)
    if node.is_online and node.bd_seq is not None and bd_seq is not None and bd_seq.value != node.bd_seq:
        return Heard(node)
    at_us = _at_us(None, payload, received_us)
    gone = node._replace(is_online=False, is_sure=False, devices=frozenset())
    return Heard(gone, events=(_link(topic, devices, online=False, at_us=at_us),))


def _state(node: Node, topic: Topic, payload: Payload) -> Node:
    """What is remembered after a message other than the node's death."""
    if topic.kind is Kind.NBIRTH:
        bd_seq = payload.metric(BD_SEQ)
        value = bd_seq.value if bd_seq is not None and isinstance(bd_seq.value, int) else None
        return _named(Node(is_online=True, bd_seq=value, seq=payload.seq, is_sure=True), topic, payload)
    follows = node.seq is not None and payload.seq == (node.seq + 1) % 256
    node = node._replace(seq=payload.seq, is_sure=node.is_sure and node.is_online and follows)
    if topic.kind is Kind.DBIRTH:
        return _named(node._replace(devices=node.devices | {topic.device}), topic, payload)
    if topic.kind is Kind.DDEATH:
        return node._replace(devices=node.devices - {topic.device})
    if topic.kind is Kind.DDATA and topic.device not in node.devices:
        return node._replace(is_sure=False)
    return node


def _named(node: Node, topic: Topic, payload: Payload) -> Node:
    """Remember the names, aliases and data types of a birth."""
    named = [metric for metric in payload.metrics if metric.name]
    aliases = {metric.alias: Known(metric.name, metric.datatype) for metric in named if metric.alias is not None}
    datatypes = {(topic.device, metric.name): metric.datatype for metric in named}
    return node._replace(aliases={**node.aliases, **aliases}, datatypes={**node.datatypes, **datatypes})


def _reading(
    node: Node, topic: Topic, metric: Metric, payload: Payload, *, devices: Devices, received_us: int
) -> Reading | str | None:
    """A metric as a reading; None for one that says how to speak, a text for one that cannot be read."""
    known = _known(node, topic, metric)
    if isinstance(known, str):
        return known
    if known.name == BD_SEQ or known.name.startswith(_CONTROLS):
        return None
    if not metric.is_readable:
        return f"{_key(topic)}: metric {known.name!r} is bytes, a data set or a template; those are no readings."
    datastream, field = _datastream(topic, known.name, devices)
    value = metric.result(metric.datatype if metric.datatype is not None else known.datatype)
    result = value if value is None or field is None else in_si(value, field)
    return Reading(datastream, _at_us(metric, payload, received_us), result)


def _known(node: Node, topic: Topic, metric: Metric) -> Known | str:
    """Name and data type of a metric, or why it is not known."""
    if metric.name:
        return Known(metric.name, node.datatypes.get((topic.device, metric.name)))
    if metric.alias is None:
        return f"{_key(topic)}: a metric without name and alias."
    known = node.aliases.get(metric.alias) if node.is_sure else None
    return known or f"{_key(topic)}: alias {metric.alias} is not known for sure; a rebirth is needed."


def _datastream(topic: Topic, name: str, devices: Devices) -> tuple[str, Field | None]:
    """The datastream of a metric, and the row that names it, if one does."""
    device = devices.get(_key(topic))
    field = next((field for field in device.fields if field.path == name), None) if device else None
    thing = _thing(topic, devices)
    return f"{thing}/{field.observed if field else f'{UNMAPPED}/{name_from(name)}'}", field


def _at_us(metric: Metric | None, payload: Payload, received_us: int) -> int:
    """When it held: as the metric says, else the payload; what lies beyond the year 9999 is no time."""
    for stated in (metric.timestamp_ms if metric else None, payload.timestamp_ms):
        if stated is not None and stated <= _LAST_MS:
            return stated * 1000
    return received_us


def _link(topic: Topic, devices: Devices, *, online: bool, at_us: int) -> Event:
    return Event(EVENT, at_us, _thing(topic, devices), {"online": online, "from": _key(topic)})


def _thing(topic: Topic, devices: Devices) -> str:
    device = devices.get(_key(topic))
    return device.thing if device else name_from("-".join(_key(topic).split("/")))


def _key(topic: Topic) -> str:
    return "/".join(part for part in (topic.group, topic.node, topic.device) if part)
