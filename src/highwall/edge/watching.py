"""Images that a gateway judges by itself: only the result and the evidence chip travel, as an event of class bulk."""

import base64
import datetime as dt
import io
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

import numpy as np
from PIL import Image

from highwall.classification.extract import SHIPPED_MODEL
from highwall.core.errors import InputError, ModelError
from highwall.edge.images import Levels, decode, list_images, sha256_of
from highwall.edge.inference import EdgeModel, Evidence, Verdict, infer
from highwall.edge.journal import Journal, Key, open_journal
from highwall.edge.options import WatchOptions
from highwall.learning.windows import Window
from highwall.telemetry.messages import Event

EVENT: Final = "inference"
_MOST_PICTURE_BYTES: Final = 64 * 2**20
_CAMERA_S: Final = 20.0
"""How long a camera may take to answer [s]."""
_LARGEST_LEVEL: Final = 255


class Judged(NamedTuple):
    """What a look at the images did."""

    n_images: int
    """Judged now, or set aside."""
    n_finds: int
    """Of these, in which something was found."""
    n_set_aside: int


Fetch = Callable[[str], bytes]
"""Gets a camera's still image from its address."""


def judge_new(
    options: WatchOptions,
    keep: Callable[[Event], object],
    *,
    journal: Path,
    clock: Callable[[], dt.datetime],
    fetch: Fetch | None = None,
) -> Judged:
    """Judge the images of a folder that were not judged before, one of the camera first where there is one.

    The network is loaded for the time of the call, so that a gateway at rest stays small.

    Parameters
    ----------
    keep
        Takes each result, durably; only then the image counts as judged.

    Raises
    ------
    MissingInputError
        There is no such folder, or no such network.
    InputError
        The camera does not answer.
    ModelError
        The network cannot be read.
    OutputError
        A result cannot be kept.
    """
    folder = Path(options.folder)
    if options.camera:
        _take(folder, (fetch or fetch_still)(options.camera), at=clock())
    images = list_images(folder).images
    if not images:
        return Judged(0, 0, 0)
    model = EdgeModel.open(Path(options.weights) if options.weights else SHIPPED_MODEL, threads=options.infer.n_threads)
    with open_journal(journal) as done:
        station = _Station(options, model, done, keep)
        said = [verdict for path in images if (verdict := station.judge(path, at=clock())) is not None]
    n_finds = sum(isinstance(verdict, Verdict) and bool(verdict.finds) for verdict in said)
    return Judged(len(said), n_finds, sum(isinstance(verdict, str) for verdict in said))


def fetch_still(address: str) -> bytes:
    """Get a camera's still image.

    Raises
    ------
    InputError
        It does not answer, or sends more than an image takes.
    """
    try:
        with urllib.request.urlopen(address, timeout=_CAMERA_S) as answer:  # the address is http(s), by the options
            picture: bytes = answer.read(_MOST_PICTURE_BYTES + 1)
    except OSError as error:
        raise InputError(f"the camera at {address} does not answer: {error}.") from error
    if len(picture) > _MOST_PICTURE_BYTES:
        raise InputError(f"the camera at {address} sends more than {_MOST_PICTURE_BYTES} bytes; ask it for a still.")
    return picture


def _take(folder: Path, picture: bytes, *, at: dt.datetime) -> None:
    suffix = ".png" if picture.startswith(b"\x89PNG") else ".jpg"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"camera-{at:%Y%m%dT%H%M%SZ}{suffix}").write_bytes(picture)


class _Station(NamedTuple):
    """Everything that judging one more image takes."""

    options: WatchOptions
    model: EdgeModel
    done: Journal
    keep: Callable[[Event], object]

    def judge(self, path: Path, *, at: dt.datetime) -> Verdict | str | None:
        """Judge an image, or say why it cannot be; None: that was done before."""
        name = path.relative_to(self.options.folder).as_posix()
        with path.open("rb") as file:
            sha256 = sha256_of(file)
            if self.done.has(Key(name, sha256, self.model.sha256)):
                return None
            known = self.model.metadata
            evidence = Evidence(name, sha256, known.name, known.version, self.model.sha256, at)
            try:
                return self._judge(file, evidence)
            except ModelError:
                raise
            except InputError as error:
                self.keep(_event(evidence, {"set_aside": str(error)}))
                self.done.set_aside(evidence, str(error))
                return str(error)

    def _judge(self, file: BinaryIO, evidence: Evidence) -> Verdict:
        levels = decode(file, name=evidence.image, max_mib=self.options.infer.max_image_mib)
        verdict = infer(levels, self.model, options=self.options.infer)
        chip = _chip(levels, verdict, self.model.metadata.chip_px)
        self.keep(_event(evidence, verdict.as_json() | ({} if chip is None else {"chip_png": chip})))
        self.done.add(evidence, verdict)
        return verdict


def _chip(levels: Levels, verdict: Verdict, size: int) -> str | None:
    """Give the most alarming chip as a picture (PNG, base64); None: nothing was found, or it has other bands."""
    if not verdict.finds or levels.n_bands != 3:
        return None
    find = max(verdict.finds, key=lambda found: found.probability)
    pixels = levels.read(Window(find.y, find.y + size, find.x, find.x + size))
    picture = io.BytesIO()
    shown = np.moveaxis(np.clip(pixels, 0, _LARGEST_LEVEL), 0, 2).astype(np.uint8)
    Image.fromarray(shown).save(picture, "PNG")
    return base64.b64encode(picture.getvalue()).decode()


def _event(evidence: Evidence, said: dict[str, object]) -> Event:
    proof = {name: value for name, value in evidence._asdict().items() if name != "time"}
    return Event(EVENT, round(evidence.time.timestamp() * 1e6), "images", {**proof, **said})
