"""A folder of images on a gateway: resumed, reported, light."""

import datetime as dt
import json
import os
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from highwall.cli import app
from highwall.core.errors import InputError, MissingInputError, ModelError
from highwall.edge.options import InferOptions
from highwall.workflows.live.infer import infer_folder
from tests.edge.tiny import write_network

CLOCK = lambda: dt.datetime(2026, 3, 4, tzinfo=dt.UTC)  # noqa: E731


@pytest.fixture
def weights(tmp_path):
    return write_network(tmp_path / "tiny.onnx")


@pytest.fixture
def folder(tmp_path):
    """Three good pictures, of which the last shows something, a cut one and a note."""
    path = tmp_path / "images"
    path.mkdir()
    for number, level in enumerate((128, 130, 250)):
        Image.fromarray(np.full((16, 24, 3), level, np.uint8)).save(path / f"{number}.png")
    (path / "cut.png").write_bytes((path / "0.png").read_bytes()[:-30])
    (path / "notes.txt").write_text("seen on Monday")
    return path


def run(folder, weights, **kind):
    said = []
    out = folder.parent / "results.jsonl"
    done = infer_folder(folder, out, weights=weights, say=said.append, clock=CLOCK, **kind)
    return done, said, [json.loads(line) for line in out.read_text().splitlines()]


def test_every_image_gets_a_line_and_bad_ones_a_reason(folder, weights):
    done, said, records = run(folder, weights)
    assert (done.n_done, done.n_before, done.n_finds) == (3, 0, 1)
    assert [aside.name for aside in done.set_aside] == ["cut.png"]
    assert [record.get("class") for record in records] == ["none", "none", "bright_crack", None]
    assert "cannot be decoded" in records[3]["set_aside"]
    assert said == ["no image by its suffix, left alone: notes.txt"]


def test_what_is_done_is_not_done_again(folder, weights):
    _, _, before = run(folder, weights)
    done, _, after = run(folder, weights)
    assert (done.n_done, done.n_before) == (0, 4)
    assert after == before


def test_new_and_changed_images_are_done(folder, weights):
    run(folder, weights)
    (folder / "cut.png").write_bytes((folder / "2.png").read_bytes())
    Image.fromarray(np.full((16, 16, 3), 9, np.uint8)).save(folder / "new.jpg")
    done, _, records = run(folder, weights)
    assert (done.n_done, done.n_before, done.set_aside) == (2, 3, [])
    assert [record["image"] for record in records[-2:]] == ["cut.png", "new.jpg"]


def test_another_network_judges_anew(folder, weights):
    run(folder, weights)
    other = write_network(folder.parent / "other.onnx", classes=("none", "a", "b"))
    assert run(folder, other)[0].n_done == 3


def test_stopped_anywhere_it_goes_on(folder, weights):
    class StoppedError(Exception):
        pass

    def stop(what, done, total):
        if done == 2:
            raise StoppedError

    with pytest.raises(StoppedError):
        run(folder, weights, advance=stop)
    done, _, records = run(folder, weights)
    assert (done.n_done, done.n_before) == (1, 2)
    assert sorted(record["image"] for record in records) == ["0.png", "1.png", "2.png", "cut.png"]


def test_an_image_that_cannot_be_opened_is_set_aside(folder, weights):
    (folder / "0.png").unlink()
    (folder / "0.png").symlink_to("/proc/self/mem")  # opens, but gives an error when read at 0
    done, _, records = run(folder, weights)
    assert [aside.name for aside in done.set_aside] == ["0.png", "cut.png"]
    assert records[0]["image_sha256"] is None


def test_a_folder_in_which_nothing_can_be_used_is_an_error(folder, weights):
    for number in range(3):
        (folder / f"{number}.png").unlink()
    with pytest.raises(InputError, match="none of the 1 images"):
        run(folder, weights)


def test_a_folder_without_images_is_an_error(tmp_path, weights):
    with pytest.raises(InputError, match="no image in"):
        infer_folder(tmp_path, tmp_path / "out.jsonl", weights=weights, say=lambda _: None)


def test_no_folder_is_an_error(tmp_path, weights):
    with pytest.raises(MissingInputError):
        infer_folder(tmp_path / "gone", tmp_path / "out.jsonl", weights=weights)


def test_a_network_at_odds_with_itself_stops_the_run(folder):
    with pytest.raises(ModelError):
        run(folder, write_network(folder.parent / "liar.onnx", n_outputs=4))


def test_the_verb_tells_what_it_did(folder, weights):
    out = folder.parent / "results.jsonl"
    done = CliRunner().invoke(app, ["edge", "infer", str(folder), "--out", str(out), "--weights", str(weights)])
    assert done.exit_code == 0, done.output
    assert "3 images judged, 1 with finds; 0 done before; 1 set aside" in done.output
    assert "cut.png" in done.output


# ru_maxrss would count the test runner too, from which the process is forked; VmHWM [KiB] begins with the program.
_LIGHT = """
import sys
from highwall.cli import main
sys.argv = ["highwall", *sys.argv[1:]]
try:
    main()
except SystemExit as stop:
    assert not stop.code, stop.code
heavy = {"dask", "geopandas", "matplotlib", "numba", "odc", "pandas", "rasterio", "scipy", "torch", "xarray"}
print(" ".join(sorted(heavy & {name.partition(".")[0] for name in sys.modules})))
print(next(line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')))
"""


def test_the_shipped_network_runs_in_200_mb_without_anything_heavy(tmp_path):
    folder = tmp_path / "images"
    folder.mkdir()
    side_x, side_y = 5472, 3648  # px, 20 megapixels, as a drone's camera takes
    row = np.random.default_rng(0).integers(0, 256, (1, side_x, 3)).astype(np.uint8)
    Image.fromarray(np.repeat(row, side_y, axis=0)).save(folder / "large.png", compress_level=1)
    command = [sys.executable, "-c", _LIGHT, "edge", "infer", str(folder), "--out", str(tmp_path / "results.jsonl")]
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, env={**os.environ, "OMP_NUM_THREADS": "1"}
    )
    loaded, peak_kib = done.stdout.splitlines()[-2:]
    assert loaded == ""
    assert int(peak_kib) * 1024 < 200e6
    record = json.loads((tmp_path / "results.jsonl").read_text())
    assert record["n_chips"] == 114 * 76


def test_the_options_bound_the_memory(folder, weights):
    Image.fromarray(np.zeros((600, 600, 3), np.uint8)).save(folder / "large.png")
    done, _, _ = run(folder, weights, options=InferOptions(max_image_mib=1))
    assert [aside.name for aside in done.set_aside] == ["cut.png", "large.png"]
