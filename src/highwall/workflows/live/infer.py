"""Folder of images → one line an image, with numpy, ONNX Runtime and Pillow alone: ``highwall edge infer``."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NamedTuple

from highwall.classification.extract import SHIPPED_MODEL
from highwall.core.errors import HighwallError, InputError, ModelError, SetAside
from highwall.edge.images import SUFFIXES, decode, list_images, sha256_of
from highwall.edge.inference import EdgeModel, Evidence, Verdict, infer
from highwall.edge.journal import Journal, Key, open_journal
from highwall.edge.options import InferOptions

Say = Callable[[str], None]
Advance = Callable[[str, int, int], None]
Clock = Callable[[], dt.datetime]

_N_NAMED = 5
"""Files named in a message; the rest is counted."""


class Inferred(NamedTuple):
    """What a run over a folder did."""

    n_done: int
    """Images that got a result now."""
    n_before: int
    """Images whose record stood in the file already."""
    n_finds: int
    """Images, of those done now, in which something was found."""
    set_aside: list[SetAside]


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def _silent(what: str, done: int, total: int) -> None:
    """Take no notice."""


def infer_folder(
    folder: Path,
    out: Path,
    *,
    weights: Path | None = None,
    options: InferOptions | None = None,
    say: Say = print,
    advance: Advance = _silent,
    clock: Clock = _now,
) -> Inferred:
    """Run a chip network over the images of a folder and append one JSON line an image to a file.

    An image whose content this network has judged already is passed over: a run can be stopped and repeated, and
    repeated as images arrive.

    Parameters
    ----------
    out
        The file of results.
    weights
        ONNX file; the shipped network by default.

    Raises
    ------
    MissingInputError
        There is no such folder, or no such network.
    InputError
        The folder holds no image, or none that could be used.
    ModelError
        The network cannot be read, or does not do what it says.
    OutputError
        The results cannot be written.
    """
    options = options or InferOptions()
    model = EdgeModel.open(weights or SHIPPED_MODEL, threads=options.n_threads)
    images = _images(folder, out, say=say)
    with open_journal(out) as journal:
        station = _Station(folder, model, options, journal, clock)
        done = _judge_all(images, station, advance=advance)
    if not done.n_done + done.n_before:
        reason = done.set_aside[0].reason
        raise InputError(f"none of the {len(images)} images in {folder} could be used; the first one {reason}")
    return done


def _judge_all(images: list[Path], station: "_Station", *, advance: Advance) -> Inferred:
    n_done = n_before = n_finds = 0
    set_aside = []
    for number, path in enumerate(images, start=1):
        outcome = station.judge(path)
        if isinstance(outcome, SetAside):
            set_aside.append(outcome)
        elif outcome is None:
            n_before += 1
        else:
            n_done += 1
            n_finds += bool(outcome.finds)
        advance("images", number, len(images))
    return Inferred(n_done, n_before, n_finds, set_aside)


def _images(folder: Path, out: Path, *, say: Say) -> list[Path]:
    images, others = list_images(folder)
    others = [path for path in others if path.resolve() != out.resolve()]
    if others:
        names = ", ".join(path.relative_to(folder).as_posix() for path in others[:_N_NAMED])
        more = f" and {len(others) - _N_NAMED} more" if len(others) > _N_NAMED else ""
        say(f"no image by its suffix, left alone: {names}{more}")
    if not images:
        raise InputError(f"no image in {folder}; a gateway reads {', '.join(SUFFIXES)}.")
    return images


@dataclass(frozen=True)
class _Station:
    """Everything that judging one more image takes."""

    folder: Path
    model: EdgeModel
    options: InferOptions
    journal: Journal
    clock: Clock

    def judge(self, path: Path) -> Verdict | SetAside | None:
        """Judge an image and write it down; None if that was done before."""
        name = path.relative_to(self.folder).as_posix()
        try:
            with path.open("rb") as file:
                return self._judge(file, name)
        except HighwallError:
            raise
        except OSError as error:
            reason = f"cannot be read ({error.strerror}); look at its permissions and the disk."
            return self._leave_out(name, None, reason)

    def _judge(self, file: BinaryIO, name: str) -> Verdict | SetAside | None:
        image_sha256 = sha256_of(file)
        if self.journal.has(Key(name, image_sha256, self.model.sha256)):
            return None
        try:
            levels = decode(file, name=name, max_mib=self.options.max_image_mib)
            verdict = infer(levels, self.model, options=self.options)
        except ModelError:
            raise
        except InputError as error:
            return self._leave_out(name, image_sha256, str(error))
        self.journal.add(self._evidence(name, image_sha256), verdict)
        return verdict

    def _leave_out(self, name: str, image_sha256: str | None, reason: str) -> SetAside:
        self.journal.set_aside(self._evidence(name, image_sha256), reason)
        return SetAside(name, reason)

    def _evidence(self, name: str, image_sha256: str | None) -> Evidence:
        facts = self.model.metadata
        return Evidence(name, image_sha256, facts.name, facts.version, self.model.sha256, self.clock())
