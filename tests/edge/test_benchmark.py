"""The benchmark of the edge, at the size of a toy: limited links limit, and the place of the work changes no result."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
MBIT = 20.0
_SETTING = """
import json, sys
from pathlib import Path
import edge
from edge_prediction import run_prediction
from edge_material import deal_images, write_network
from edge_training import Course, run_training

scratch = Path(sys.argv[1])
folders = [scratch / "one", scratch / "other"]
deal_images(edge.MOSAICS, folders, n_each=2)
done = {}
with edge.open_lab(loopback=sys.argv[2] == "loopback") as lab:
    done["kind"] = lab.kind
    lab.limit(float(sys.argv[3]))
    for where in ("cloud", "edge"):
"""
_PREDICT = """
        network = scratch / "rnn.onnx"
        if not network.exists():
            write_network("rnn", network)
        done[where] = run_prediction(lab, folders, network, where=where, in_turn=False)
print(json.dumps(done))
"""
_TRAIN = """
        course = Course("rnn", n_rounds=2, n_steps=1, n_samples=4)
        done[where] = run_training(lab, folders, course, where=where)
print(json.dumps(done))
"""


@pytest.fixture(scope="module")
def mosaics(tmp_path_factory):
    """A shared folder with one mosaic of each kind, as noisy as ground: large files."""
    shared = tmp_path_factory.mktemp("shared")
    folder = shared / "data" / "mine-chips"
    folder.mkdir(parents=True)
    random = np.random.default_rng(0)
    for kind in ("positives", "negatives"):
        levels = random.integers(0, 64, (480, 960, 3)).astype(np.uint8)
        Image.fromarray(levels).save(folder / f"made_{kind}_S2L1C_clear0.75_2024.png")
    return shared


@pytest.mark.parametrize("links", ["namespaces", "loopback"])
def test_links_limit_and_results_are_smaller_than_images(tmp_path, mosaics, links):
    done = _run(_PREDICT, tmp_path, mosaics, links=links)
    if links == "loopback":
        assert "no network namespaces" in done["kind"]
    images = _n_bytes(tmp_path)
    cloud_s, cloud_bytes, found_there = done["cloud"]
    assert images < cloud_bytes < 1.01 * images
    assert cloud_s > 0.9 * 8e-6 * (images / 2) / MBIT  # each edge node has half, and a link of its own
    _, edge_bytes, found_here = done["edge"]
    assert edge_bytes < 0.1 * images  # though every chip is told as a find
    assert found_here == found_there


def test_training_moves_images_or_weights_and_ends_in_the_same_weights(tmp_path, mosaics):
    done = _run(_TRAIN, tmp_path, mosaics, links="loopback")
    assert done["cloud"][2] == done["edge"][2]
    images = _n_bytes(tmp_path)
    assert images < done["cloud"][1] < 1.01 * images
    exchanged = done["edge"][1] / (2 * 2 * 2 * 4)  # two rounds, two nodes, there and back, four bytes a value
    assert exchanged == pytest.approx(139_971, rel=0.001)  # values of the RNN, and the lengths of the messages


def _n_bytes(folder):
    return sum(path.stat().st_size for path in folder.glob("*/*.png"))


def _run(what, folder, shared, *, links):
    environment = {**os.environ, "HIGHWALL_SHARED": str(shared), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", _SETTING + what, str(folder), links, str(MBIT)]
    done = subprocess.run(command, cwd=BENCHMARKS, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])
