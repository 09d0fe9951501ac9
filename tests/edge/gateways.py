"""A gateway in a test: an agent on a bus in memory, a clock that is moved by hand, and a server that only confirms."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

from highwall.core.errors import MissingInputError
from highwall.edge.agent import Agent, Means
from highwall.edge.calibration import Calibration
from highwall.edge.configuration import Configuration
from highwall.edge.crack_watch import CrackWatch
from highwall.edge.execution import Audit
from highwall.edge.options import CrackOptions, DestinationOptions, GatewayConfig
from highwall.edge.outbox import open_outbox
from highwall.edge.radio import Radio, SilentRadio
from highwall.edge.readers import Reader
from highwall.telemetry.messages import (
    Event,
    Kind,
    Message,
    Priority,
    Range,
    Reading,
    Status,
    Watermark,
    decoded,
    down_topic,
    encoded,
    range_of,
)
from highwall.telemetry.watermark import Ranges
from highwall.twin.bus import Acknowledge, MemoryBus
from highwall.twin.keys import new_signing_key, verifying_key

NOW = 1_760_000_000_000_000
SITE, GATEWAY = "pit", "gw-1"
S = 1_000_000


class Clock:
    """Time that passes when the test says so."""

    def __init__(self, now_us: int = NOW) -> None:
        self.now_us = now_us

    def __call__(self) -> int:
        return self.now_us

    def sleep(self, seconds: float) -> None:
        self.now_us += round(seconds * S)


class FakeServer:
    """Takes what gateways say, and confirms it when asked to."""

    def __init__(self, bus: MemoryBus) -> None:
        self.bus = bus
        self.messages: list[Message] = []
        self.statuses: list[Status] = []
        self.ranges: dict[tuple[str, Priority], Ranges] = {}
        bus.subscribe(f"hw/1/{SITE}/+/up/+", self._take)
        bus.subscribe(f"hw/1/{SITE}/+/status", self._status)

    def _take(self, message: Message, acknowledge: Acknowledge) -> None:
        self.messages.append(message)
        numbers, _ = range_of(message)
        key = numbers.boot_epoch, numbers.priority
        self.ranges[key] = self.ranges.get(key, Ranges()).add(numbers.first, numbers.last)
        acknowledge()

    def _status(self, message: Message, acknowledge: Acknowledge) -> None:
        self.statuses.append(decoded(message.payload, Status))
        acknowledge()

    def confirm(self) -> None:
        for epoch in {epoch for epoch, _ in self.ranges}:
            committed = {priority: found.unbroken for (of, priority), found in self.ranges.items() if of == epoch}
            self.say("watermark", Watermark(epoch, committed))

    def say(self, what: str, word: Watermark | object, *, retain: bool = False) -> None:
        self.bus.publish(Message(down_topic(SITE, GATEWAY, what), encoded(word), retain=retain))  # type: ignore[arg-type]

    def readings(self) -> list[Reading]:
        """All readings, once each, in the order of their numbers."""
        return [item for item in self._items(Kind.READINGS) if isinstance(item, Reading)]

    def events(self, kind: str = "") -> list[Event]:
        """All events, once each, in the order of their numbers."""
        found = [item for item in self._items(Kind.EVENTS) if isinstance(item, Event)]
        return [event for event in found if kind in ("", event.kind)]

    def _items(self, wanted: Kind) -> list[Reading | Event]:
        found: dict[tuple[str, str, int], Reading | Event] = {}
        for message in self.messages:
            numbers, kind = range_of(message)
            if kind is wanted:
                of = list[Reading] if kind is Kind.READINGS else list[Event]
                for number, item in enumerate(decoded(message.payload, of), start=numbers.first):
                    found[numbers.boot_epoch, numbers.priority, number] = item
        return [found[key] for key in sorted(found)]


@dataclasses.dataclass
class Bench:
    """Everything around one gateway."""

    folder: Path
    clock: Clock
    bus: MemoryBus
    signing_key: bytes
    radio: Radio
    means: Means
    agent: Agent

    def run(self, seconds: float, *, each_s: float = 0.25, then: Callable[[], None] = lambda: None) -> None:
        """Let time pass, step by step."""
        for _ in range(round(seconds / each_s)):
            self.clock.sleep(each_s)
            self.agent.step()
            then()

    def close(self) -> None:
        self.agent.close()
        self.means.outbox.close()


def no_cracks(options: CrackOptions) -> CrackWatch:
    """Stand in where no test asks for ground to be judged."""
    raise MissingInputError(f"there is no {options.weights}.")


def bench(
    folder: Path, bus: MemoryBus, *, clock: Clock | None = None, radio: Radio | None = None,
    config: GatewayConfig | None = None, signing_key: bytes | None = None,
    readers: dict[int, MemoryBus] | None = None, open_cracks: Callable[[CrackOptions], CrackWatch] = no_cracks,
) -> Bench:  # fmt: skip
    """Start a gateway in a folder, which may hold what an earlier one left."""
    clock, radio, key = clock or Clock(), radio or SilentRadio(), signing_key or new_signing_key()
    initial = config or first_config()
    means = Means(
        site=SITE, gateway=GATEWAY, outbox=open_outbox(folder / "outbox.sqlite", now_us=clock()),
        configuration=Configuration.open(folder / "configuration.json", initial=initial, signer=verifying_key(key)),
        audit=Audit(folder / "audit.jsonl"), calibration=Calibration(folder / "calibration.json"), radio=radio,
        open_bus=lambda destination, will: bus,
        open_reader=lambda options: Reader(options, (readers or {})[options.port]),
        judge=lambda options, keep: {"n_images": 0, "n_finds": 0, "n_set_aside": 0}, open_cracks=open_cracks,
        clock=clock,
    )  # fmt: skip
    means.outbox._file._connection.execute("PRAGMA synchronous=OFF")
    return Bench(folder, clock, bus, key, radio, means, Agent(means))


def first_config(**parts: object) -> GatewayConfig:
    return GatewayConfig(
        gateway=GATEWAY,
        version=0,
        destination=DestinationOptions(host="mine.example"),
        **parts,  # type: ignore[arg-type]
    )


def numbers_of(messages: list[Message]) -> list[Range]:
    return [range_of(message)[0] for message in messages]
