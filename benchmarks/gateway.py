"""A gateway on one core: how much memory it takes, and how many readings a second it keeps up with.

``python benchmarks/gateway.py``. The gateway is a process of its own with simulated tags, a real outbox on the disk and
a bus in memory whose other end confirms at once, so that neither broker nor server take its core; TLS and network come
on top. Each tag tells ten accelerations a second, and its battery, temperature and strength once; man-down and motion
are judged on all of them. One run has besides a folder of images judged by the shipped network.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"))

from harness import Row, report

RATE_HZ = 10
PER_TAG = RATE_HZ + 3
"""Readings of a tag each second."""
LIMIT_MB = 150
N_TAGS = (10, 100, 400, 800)
WITH_IMAGES = 100
"""Tags beside which images are judged."""
SECONDS = 15.0
N_IMAGES, IMAGE_PX = 4, 480


class Told(NamedTuple):
    """What one run found."""

    offered: float
    """Readings a second."""
    confirmed: float
    cores: float
    """CPU seconds a second."""
    peak_mb: float
    n_images: int


def main() -> None:
    if sys.argv[1:2] == ["one"]:
        print(json.dumps(run_one(int(sys.argv[2]), with_images=sys.argv[3] == "images")))
        return
    report("gateway", list(rows()), title="A gateway on one core: memory, and readings that it keeps up with")


def rows() -> Iterator[Row]:
    for n_tags in N_TAGS:
        yield from rows_of(f"{n_tags} tags", in_a_process(n_tags, with_images=False))
    yield from rows_of(f"{WITH_IMAGES} tags and images", in_a_process(WITH_IMAGES, with_images=True))


def rows_of(case: str, told: Told) -> Iterator[Row]:
    offered = f"{told.offered:.0f} offered, simulated" + (f"; {told.n_images} images judged" if told.n_images else "")
    yield Row(f"{case}: confirmed", "readings s-1", told.confirmed, note=offered)
    yield Row(f"{case}: CPU of a reading", "µs", 1e6 * told.cores / told.confirmed, note=f"{told.cores:.2f} core")
    yield Row(f"{case}: peak memory", "MB", told.peak_mb, note=f"limit {LIMIT_MB}")


def in_a_process(n_tags: int, *, with_images: bool) -> Told:
    command = [sys.executable, __file__, "one", str(n_tags), "images" if with_images else "none"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return Told(*json.loads(done.stdout.splitlines()[-1]))


def run_one(n_tags: int, *, with_images: bool) -> Told:
    """Run a gateway for a while at the pace of the clock."""
    from highwall.edge.radio import SimulatedRadio
    from highwall.telemetry.messages import Priority
    from highwall.workflows.live import gateway

    with tempfile.TemporaryDirectory() as scratch:
        folder, stop = Path(scratch), threading.Event()
        bus, numbers = confirming_bus()
        identify(folder, images=make_images(folder / "images") if with_images else None)
        tags = SimulatedRadio("gw-1", n_tags=n_tags, rate_hz=RATE_HZ, seed=0, start_us=gateway.now_us())
        threading.Timer(SECONDS, stop.set).start()
        began, cpu = time.monotonic(), time.process_time()
        gateway.run(folder, radio=tags, stop=stop, say=lambda text: None, open_bus=lambda destination, will: bus)
        seconds, cpu = time.monotonic() - began, time.process_time() - cpu
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
    n_images = max(numbers[Priority.BULK], 0)
    return Told(n_tags * PER_TAG, numbers[Priority.TELEMETRY] / seconds, cpu / seconds, peak_mb, n_images)


def confirming_bus() -> tuple[Any, dict[Any, int]]:
    """A bus in memory with a server that confirms everything, and the last number it has of each class."""
    from highwall.telemetry.messages import Message, Priority, Watermark, down_topic, encoded, range_of
    from highwall.twin.bus import MemoryBus

    bus, last = MemoryBus(), dict.fromkeys(Priority, 0)

    def confirm(message: Message, acknowledge: Any) -> None:
        acknowledge()
        numbers, _ = range_of(message)
        last[numbers.priority] = max(last[numbers.priority], numbers.last)
        word = Watermark(numbers.boot_epoch, dict(last))
        bus.publish(Message(down_topic("pit", "gw-1", "watermark"), encoded(word)))

    bus.subscribe("hw/1/pit/gw-1/up/+", confirm)
    return bus, last


def identify(folder: Path, *, images: Path | None) -> None:
    """Make the folder one of a gateway, without a server."""
    import msgspec

    from highwall.edge.configuration import Configuration
    from highwall.edge.options import WatchOptions
    from highwall.edge.registration import IDENTITY_FILE, Identity
    from highwall.twin.keys import new_signing_key, verifying_key
    from highwall.workflows.live.gateway import CONFIGURATION_FILE

    who = Identity("gw-1", "pit", "127.0.0.1", 8883, verifying_key(new_signing_key()))
    (folder / IDENTITY_FILE).write_bytes(msgspec.json.encode(who))
    if images is not None:
        watch = WatchOptions(folder=str(images), every_s=3.0)
        initial = who.first_config().model_copy(update={"watch": watch})
        Configuration.open(folder / CONFIGURATION_FILE, initial=initial, signer=who.signing_key)


def make_images(folder: Path) -> Path:
    import numpy as np
    from PIL import Image

    folder.mkdir()
    random = np.random.default_rng(0)
    for number in range(N_IMAGES):
        pixels = random.integers(0, 255, (IMAGE_PX, IMAGE_PX, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.png")
    return folder


if __name__ == "__main__":
    main()
