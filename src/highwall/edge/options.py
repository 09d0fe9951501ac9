"""What can be chosen on a gateway."""

from typing import Any, Literal, Self

import msgspec
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from highwall.telemetry.device_map import Device
from highwall.telemetry.messages import check_name
from highwall.telemetry.tag_options import MACHINE, PERSON, ManDownOptions, MotionOptions
from highwall.telemetry.window_options import CrackPlace
from highwall.twin.conditions import ReadingIs
from highwall.twin.criteria import Criterion


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class InferOptions(_Part):
    """How a folder of images is run through a network."""

    threshold: float | None = Field(
        None,
        gt=0.0,
        lt=1.0,
        description="probability, of all classes but the first, that makes a find; by default the network's own [1]",
    )
    overlap_px: int = Field(0, ge=0, le=4096, description="overlap of neighbouring chips of a larger image [px]")
    n_chips_at_once: int = Field(4, ge=1, le=4096, description="chips in one call of the network [1]")
    n_threads: int = Field(1, ge=1, le=256, description="CPU threads of the network [1]")
    max_image_mib: int = Field(
        80, ge=1, le=65_536, description="decoded size above which an image is set aside; 80 are 20 megapixels [MiB]"
    )


class ScanOptions(_Part):
    """When the radio listens."""

    window_s: float = Field(10.0, gt=0.0, le=3600.0, description="how long it listens [s]")
    every_s: float = Field(
        10.0, gt=0.0, le=86_400.0, description="how often; as long as the window: always, as man-down needs it [s]"
    )

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.window_s > self.every_s:
            raise ValueError("a window of the scan is longer than the time from one to the next")
        return self


class PlaceOptions(_Part):
    """Where the gateway stands."""

    lon: float = Field(ge=-180.0, le=180.0, description="longitude [degree east]")
    lat: float = Field(ge=-90.0, le=90.0, description="latitude [degree north]")
    height_m: float = Field(0.0, ge=-1000.0, le=10_000.0, description="height [m]")


class DestinationOptions(_Part):
    """To which broker data go."""

    host: str = Field(min_length=1, max_length=253, description="name or address")
    port: int = Field(8883, ge=1, le=65_535, description="port")


class SendOptions(_Part):
    """How items leave the outbox."""

    n_least: int = Field(10, ge=1, le=100, description="telemetry waits for so many readings … [1]")
    linger_s: float = Field(1.0, ge=0.0, le=60.0, description="… or for so long [s]")
    n_most: int = Field(100, ge=1, le=100, description="most items in one message [1]")
    window: int = Field(
        2000, ge=100, le=100_000, description="items of a class under way before the server has confirmed any [1]"
    )
    patience_s: float = Field(
        20.0, ge=0.1, le=3600.0,
        description="what the server has not confirmed for so long is sent again; doubles each time [s]",
    )  # fmt: skip


class LimitOptions(_Part):
    """Bounds that keep a small machine well."""

    outbox_mib: int = Field(
        1024, ge=1, le=1_048_576, description="what the outbox keeps before it counts as full [MiB]"
    )
    heartbeat_s: float = Field(15.0, ge=0.1, le=3600.0, description="time between two words about itself [s]")
    trial_s: float = Field(
        120.0, ge=0.1, le=86_400.0,
        description="a new configuration must be confirmed by the server within so long, or the last one returns [s]",
    )  # fmt: skip


class AutonomyOptions(_Part):
    """What a gateway concludes by itself."""

    man_down: ManDownOptions = ManDownOptions()
    person: MotionOptions = PERSON
    machine: MotionOptions = MACHINE
    people: tuple[str, ...] = Field(("tag-",), description="how the names of tags begin that people wear")
    machines: tuple[str, ...] = Field(("machine-",), description="how the names of tags begin that machines carry")
    mean_over_s: dict[str, float] = Field(
        {}, description="observed properties of which only the mean over so long is sent, and the peak of vectors [s]"
    )
    criteria: tuple[Criterion, ...] = Field((), description="local alarms, judged whether or not the link is cut")

    @field_validator("criteria")
    @classmethod
    def _can_be_judged_here(cls, criteria: tuple[Criterion, ...]) -> tuple[Criterion, ...]:
        for criterion in criteria:
            simple = (isinstance(leaf, ReadingIs) and leaf.of in ("value", "size") for leaf in criterion.leaves())
            if criterion.about.kind != "sensor" or not all(simple):
                raise ValueError(f"{criterion.id}: a gateway judges values and sizes of sensors alone")
        return criteria

    @field_validator("mean_over_s")
    @classmethod
    def _bounded(cls, given: dict[str, float]) -> dict[str, float]:
        if any(not 0.0 < seconds <= 3600.0 for seconds in given.values()):
            raise ValueError("means are taken over more than 0 and at most 3600 s")
        return given


class WatchOptions(_Part):
    """Images that the gateway judges by itself."""

    folder: str = Field(min_length=1, description="folder into which images come")
    camera: str = Field("", pattern=r"^(https?://.*)?$", description="address of a camera's still image; empty: none")
    every_s: float = Field(300.0, ge=1.0, le=86_400.0, description="how often it looks [s]")
    weights: str = Field("", description="ONNX file; empty: the shipped network")
    infer: InferOptions = InferOptions()


class CrackOptions(_Part):
    """Ground beside sensors that the gateway judges by itself, hour by hour."""

    weights: str = Field(
        min_length=1, description="ONNX file on the gateway, as `highwall train crack-windows` leaves it"
    )
    places: tuple[CrackPlace, ...] = Field(min_length=1, description="which sensors stand beside which ground")


class ReaderOptions(_Part):
    """A broker beside the gateway whose messages become readings."""

    kind: Literal["native", "sparkplug", "lorawan"] = Field(description="what its messages hold")
    host: str = Field("127.0.0.1", min_length=1, description="name or address of that broker")
    port: int = Field(1883, ge=1, le=65_535, description="its port")
    topics: tuple[str, ...] = Field(min_length=1, description="topics to read; + and # as in MQTT")
    devices: dict[str, dict[str, Any]] = Field(
        {}, description="by DevEUI, or group/node[/device] of Sparkplug: thing, fields, decentlab, calibration"
    )

    @field_validator("devices")
    @classmethod
    def _read(cls, given: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
        msgspec.convert(given, type=dict[str, Device])
        return given

    def known_devices(self) -> dict[str, Device]:
        """Give the devices as their readers take them."""
        return msgspec.convert(self.devices, type=dict[str, Device])


class GatewayConfig(_Part):
    """Configuration of a gateway; the server signs it, version by version."""

    gateway: str = Field(description="for which gateway it is")
    version: int = Field(ge=0, description="counts up; 0 is what a gateway begins with")
    destination: DestinationOptions | None = Field(None, description="broker; none: the one that the claim named")
    place: PlaceOptions | None = Field(None, description="where it stands")
    scan: ScanOptions = ScanOptions()
    send: SendOptions = SendOptions()
    limits: LimitOptions = LimitOptions()
    autonomy: AutonomyOptions = AutonomyOptions()
    watch: WatchOptions | None = Field(None, description="images that it judges; none: none")
    cracks: CrackOptions | None = Field(None, description="ground that it judges by sensors; none: none")
    readers: tuple[ReaderOptions, ...] = Field((), description="brokers beside it")

    @field_validator("gateway")
    @classmethod
    def _named(cls, name: str) -> str:
        return check_name(name, what="gateway")
