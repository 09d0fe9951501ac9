"""From a trained network to what others can run: ONNX in float32 and int8, checked against each other, and a record."""

import hashlib
import json
import shutil
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from highwall.classification.extract import SHIPPED_MODEL
from highwall.classification.metadata import ModelMetadata, check_known
from highwall.classification.record import model_item
from highwall.core.errors import MissingInputError, ModelError
from highwall.io.aside import aside, write_text
from highwall.io.mosaics import mosaics_in, read_mosaic
from highwall.learning.mlm import ModelFile
from highwall.learning.onnx import OnnxModel, agreement
from highwall.learning.onnx_files import count_weights, quantise
from highwall.workflows.run import Say, silent

_LEAST_CHIPS: Final = 32
"""Fewer chips than this fix no scale."""
_MOST_CHIPS: Final = 512
"""More change no scale, and cost time."""
_BATCH: Final = 32
_LARGEST_MEAN_DIFFERENCE: Final = 0.05
"""Mean difference of probability from which int8 is another network."""
_SAME_NETWORK: Final = 1e-3
"""Difference of probability up to which two files hold one network."""
_WARM_UP, _TIMED = 5, 50
_CHECKPOINT: Final = ".ckpt"
_SHIPPED_LICENCE: Final = "Apache-2.0"
_UNSAID_LICENCE: Final = "other"
"""STAC's word for a licence that has no SPDX identifier, or none that we know."""

Chips = NDArray[np.float32]


class Exported(NamedTuple):
    """One file, and how it compares."""

    file: ModelFile
    chip_ms: float
    """Median time of one chip on one thread [ms], on this machine."""
    largest_difference: float | None
    """Of the probability of a cell or chip, from the network that it was made from; None for a copy."""
    same_class: float | None
    """Share of chips that both put into the same class; None if no chips were compared."""


def export_model(
    out: Path,
    *,
    source: Path | None = None,
    chips: Path | None = None,
    facts: Path | None = None,
    licence: str | None = None,
    say: Say = silent,
) -> list[Exported]:
    """Write a network as ONNX in float32 and, given chips, in int8, with a STAC record of both.

    Parameters
    ----------
    out
        Folder that takes ``NAME.onnx``, ``NAME.int8.onnx`` and ``NAME.stac.json``.
    source
        ONNX file of float32, or checkpoint of a training run; by default the shipped network.
    chips
        Folder of mosaics (PNG) like what will be classed. Half of the chips fix the scales of int8, half check it.
    facts
        For a checkpoint: ONNX file whose name, classes, bands, data and temperature it shares; by default the file of
        the same name beside it, as training leaves it.
    licence
        SPDX identifier of the weights; by default that of the shipped network, and ``other`` for your own.

    Raises
    ------
    MissingInputError
        A file is not there, or there are too few chips.
    ModelError
        The source is no chip network, the facts are another's, or int8 says something else.
    OutputError
        A file could not be written.
    """
    licence = licence or (_SHIPPED_LICENCE if source is None else _UNSAID_LICENCE)
    source = source or SHIPPED_MODEL
    holder = _holder_of_facts(source, facts=facts)
    metadata = _read_facts(holder)
    sample = None if chips is None else read_sample(chips, metadata)
    floats = out / f"{source.stem}.onnx"
    if source.suffix == _CHECKPOINT:
        exported = [_export_checkpoint(source, floats, holder=holder, metadata=metadata, say=say)]
    else:
        exported = [_copy(source, floats, metadata=metadata)]
    say(f"wrote {floats.name}")
    if sample is not None:
        exported.append(_write_int8(floats, sample, metadata=replace(metadata, precision="int8")))
        say(f"wrote {exported[-1].file.name}")
    item = model_item(
        metadata,
        files=[each.file for each in exported],
        n_weights=count_weights(floats),
        created=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        licence=licence,
    )
    write_text(json.dumps(item, indent=1, ensure_ascii=False) + "\n", floats.with_suffix(".stac.json"))
    return exported


def read_sample(folder: Path, metadata: ModelMetadata) -> Chips:
    """Chips of a folder of mosaics, evenly over all of them: (N, band, y, x) levels.

    Raises
    ------
    MissingInputError
        There are too few.
    ModelError
        The network does not read three bands.
    """
    if len(metadata.bands) != 3:
        raise ModelError(
            f"{metadata.name!r} reads {len(metadata.bands)} bands and a mosaic holds three; int8 has nothing to fix "
            "its scales by: leave --chips out."
        )
    cut = [_cut(read_mosaic(path), side=metadata.chip_px) for path in mosaics_in(folder)]
    found = np.concatenate(cut)
    if len(found) < _LEAST_CHIPS:
        raise MissingInputError(f"{folder} holds {len(found)} chips; int8 needs at least {_LEAST_CHIPS}.")
    every = -(-len(found) // _MOST_CHIPS)
    return np.moveaxis(found[::every], 3, 1).astype(np.float32)


def _holder_of_facts(source: Path, *, facts: Path | None) -> Path:
    """ONNX file that says what a network is: itself, or for a checkpoint the one that is named or lies beside it."""
    if not source.is_file():
        raise MissingInputError(f"no network at {source}; give an ONNX file, or the .ckpt file of a training run.")
    if source.suffix != _CHECKPOINT:
        if facts is not None:
            raise ModelError(f"{source} says its own facts; leave --facts out, or give the {_CHECKPOINT} file.")
        return source
    holder = facts or source.with_suffix(".onnx")
    if not holder.is_file():
        raise MissingInputError(
            f"{source.name} does not say what it learned from and {holder} is not there; give --facts, an ONNX file of "
            "the same network."
        )
    return holder


def _read_facts(path: Path) -> ModelMetadata:
    metadata = ModelMetadata.from_properties(OnnxModel.open(path).properties)
    if metadata.precision != "float32":
        raise ModelError(f"{path} holds {metadata.precision}; give the file of float32 that it was made from.")
    check_known(metadata, classes=metadata.classes)
    return metadata


def _copy(source: Path, target: Path, *, metadata: ModelMetadata) -> Exported:
    if source.resolve() != target.resolve():
        with aside(target) as temporary:
            shutil.copyfile(source, temporary)
    return Exported(*_measured(target, metadata), None, None)


def _export_checkpoint(source: Path, target: Path, *, holder: Path, metadata: ModelMetadata, say: Say) -> Exported:
    """Export a checkpoint, compare it with torch, and tell if the holder of its facts is not the same network."""
    import torch

    from highwall.classification.export import export_network, load_checkpoint, parity

    network = load_checkpoint(source)
    with torch.no_grad():
        network.temperature.copy_(torch.tensor([metadata.cell_temperature, metadata.temperature]))
    with aside(target) as temporary:
        difference = export_network(network, temporary, metadata=metadata)
        elsewhere = parity(network, holder)
    if not elsewhere <= _SAME_NETWORK:
        say(
            f"{source.name} answers otherwise than {holder.name}, by up to {elsewhere:.2g}: temperatures and "
            "thresholds were chosen for the latter and need not fit"
        )
    return Exported(*_measured(target, metadata), difference, None)


def _write_int8(floats: Path, chips: Chips, *, metadata: ModelMetadata) -> Exported:
    """Quantise by every other chip and compare both answers on those between."""
    target = floats.with_suffix(".int8.onnx")
    fixing, checking = chips[::2], chips[1::2]
    with aside(target) as temporary:
        batches = [fixing[i : i + _BATCH] for i in range(0, len(fixing), _BATCH)]
        quantise(floats, temporary, batches=batches, properties=metadata.to_properties())
        pairs = zip(_answers(floats, checking), _answers(temporary, checking), strict=True)
        cells, chip = (agreement(expected, found) for expected, found in pairs)
        for what, mean in (("cells", cells.mean), ("chips", chip.mean)):
            if not mean <= _LARGEST_MEAN_DIFFERENCE:  # NaN too
                raise ModelError(
                    f"int8 differs from float32 by {mean:.2g} on average over {what} of {len(checking)} chips; more "
                    f"than {_LARGEST_MEAN_DIFFERENCE:g}. Give chips more like those that it learned from, or stay with "
                    "float32."
                )
    return Exported(*_measured(target, metadata), max(cells.largest, chip.largest), chip.same_class)


def _answers(path: Path, chips: Chips) -> list[NDArray[np.float32]]:
    """What a network says of cells, and of chips."""
    model = OnnxModel.open(path, threads=1)
    said = [model.run(chips[i : i + _BATCH]) for i in range(0, len(chips), _BATCH)]
    return [np.concatenate(parts) for parts in zip(*said, strict=True)]


def _measured(path: Path, metadata: ModelMetadata) -> tuple[ModelFile, float]:
    """Size, hash and the median time of a chip [ms]."""
    content = path.read_bytes()
    file = ModelFile(path.name, len(content), hashlib.sha256(content).hexdigest(), metadata.precision)
    model = OnnxModel.open(path, threads=1)
    chip = np.full((1, len(metadata.bands), metadata.chip_px, metadata.chip_px), 128.0, np.float32)
    took = [_seconds(model, chip) for _ in range(_WARM_UP + _TIMED)][_WARM_UP:]
    return file, 1000.0 * float(np.median(took))


def _seconds(model: OnnxModel, chip: Chips) -> float:
    start = time.perf_counter()
    model.run(chip)
    return time.perf_counter() - start


def _cut(mosaic: NDArray[np.uint8], *, side: int) -> NDArray[np.uint8]:
    """Whole chips of a mosaic, empty ones left out: (y, x, 3) -> (N, side, side, 3)."""
    rows, columns = mosaic.shape[0] // side, mosaic.shape[1] // side
    cells = mosaic[: rows * side, : columns * side].reshape(rows, side, columns, side, 3).swapaxes(1, 2)
    chips = cells.reshape(-1, side, side, 3)
    is_seen = np.ptp(chips.reshape(len(chips), -1), axis=1) > 0
    return np.ascontiguousarray(chips[is_seen])
