"""Yu et al. 2023, section 5.2.2: does work on the edge save time? ``python benchmarks/edge.py [prediction|training]``.

One centre and two edge nodes, each a process of one thread in a network of its own, joined by limited links. *Cloud
only* sends the images to the centre, which has a computer for each edge node; *edge* works where the images are. Both
sides do the same work with as many computers, take turns, and begin and end with the same things in the same places.
"""

import os

os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"))

import signal
import statistics
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from edge_lab import EDGES, Lab, open_lab
from edge_material import deal_images, write_network
from edge_prediction import Outcome, Where, goodput_mbit, run_prediction, the_one
from edge_training import Course, prepare, run_training
from harness import SHARED, Row, report

MOSAICS = SHARED / "data" / "mine-chips"
NETWORKS = {"highwall": "ours", "rnn": "RNN", "unet": "U-Net"}
PREDICTION_REPEATS = {1000.0: 5, 100.0: 5, 20.0: 3, 2.0: 2}
TRAINING_REPEATS = {1000.0: 3, 100.0: 3, 20.0: 3, 2.0: 2}
"""Rate of the links [Mbit/s] → runs of each side; the first is the paper's (it writes "1 GB/s")."""
CLOUD = "cloud only"

Turns = Mapping[Where, list[Outcome]]


def main() -> None:
    asked = sys.argv[1:] or ["prediction", "training"]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))  # so that the networks are taken down
    with TemporaryDirectory() as scratch, open_lab() as lab:
        if "prediction" in asked:
            rows = list(prediction_rows(lab, Path(scratch), n_images=6, repeats=PREDICTION_REPEATS))
            report("edge_prediction", rows, title=f"Prediction on the edge, {lab.kind}")
        if "training" in asked:
            rows = list(training_rows(lab, Path(scratch), n_images=8, repeats=TRAINING_REPEATS))
            report("edge_training", rows, title=f"Training on the edge, {lab.kind}")


def prediction_rows(lab: Lab, scratch: Path, *, n_images: int, repeats: Mapping[float, int]) -> Iterator[Row]:
    """One image at a time, and streamed; every network on every link."""
    folders = _folders(scratch / "prediction", n_images)
    files = {name: write_network(name, scratch / f"{name}.onnx") for name in NETWORKS}
    for mbit, n in repeats.items():
        yield _link_row(lab, mbit)
        for name, title in NETWORKS.items():
            for how, in_turn in (("one by one", True), ("streamed", False)):
                turns = _in_turn(
                    lambda where, file=files[name], in_turn=in_turn: run_prediction(
                        lab, folders, file, where=where, in_turn=in_turn
                    ),
                    n,
                )
                case = f"{title}, {len(EDGES)}×{n_images} images {how}, {mbit:g} Mbit/s"
                yield from _rows(case, turns, with_bytes=not in_turn and mbit == min(repeats))


def training_rows(lab: Lab, scratch: Path, *, n_images: int, repeats: Mapping[float, int]) -> Iterator[Row]:
    """A short training with averaged weights; every network on every link."""
    folders = _folders(scratch / "training", n_images)
    for mbit, n in repeats.items():
        yield _link_row(lab, mbit)
        for name, title in NETWORKS.items():
            course = Course(name)
            prepare(lab, course)
            turns = _in_turn(lambda where, course=course: run_training(lab, folders, course, where=where), n)
            steps = f"{course.n_rounds}×{course.n_steps} steps of {course.n_samples} chips"
            case = f"{title}, {steps} on {len(EDGES)}×{n_images} images, {mbit:g} Mbit/s"
            yield from _rows(case, turns, with_bytes=mbit == min(repeats))


def _in_turn(run: Callable[[Where], Outcome], n: int) -> Turns:
    turns: dict[Where, list[Outcome]] = {"edge": [], "cloud": []}
    for _ in range(n):
        for where, outcomes in turns.items():
            outcomes.append(run(where))
    the_one({outcome.result_sha256 for outcomes in turns.values() for outcome in outcomes})
    return turns


def _rows(case: str, turns: Turns, *, with_bytes: bool) -> Iterator[Row]:
    seconds = {where: [outcome.seconds for outcome in outcomes] for where, outcomes in turns.items()}
    edge, cloud = (statistics.median(seconds[where]) for where in ("edge", "cloud"))
    spread = "; ".join(f"{where} {min(all_):.2f}–{max(all_):.2f} s" for where, all_ in seconds.items())
    note = f"edge {100 * (edge / cloud - 1):+.1f} %; median of {len(seconds['edge'])} in turn; {spread}"
    yield Row(case, "s", edge, CLOUD, cloud, note)
    if with_bytes:
        moved = {where: outcomes[0].n_bytes / 1e3 for where, outcomes in turns.items()}
        yield Row(f"{case.rpartition(', ')[0]}, moved", "kB", moved["edge"], CLOUD, moved["cloud"], "both edge nodes")


def _link_row(lab: Lab, mbit: float) -> Row:
    lab.limit(mbit)
    measured = [goodput_mbit(lab, n_bytes=round(2e4 * min(mbit, 100.0))) for _ in range(3)]
    return Row(f"link of {mbit:g} Mbit/s as measured", "Mbit/s", statistics.median(measured), note=lab.kind)


def _folders(scratch: Path, n_images: int) -> list[Path]:
    folders = [scratch / f"edge{edge}" for edge in EDGES]
    scratch.mkdir()
    deal_images(MOSAICS, folders, n_each=n_images)
    return folders


if __name__ == "__main__":
    main()
