"""Every verb that takes a level refuses what is none."""

import pytest
from typer.testing import CliRunner

from highwall.cli import app


@pytest.mark.parametrize(
    "command",
    [
        ["detect", "scene.tif"], ["emergence", "a.tif", "b.tif"], ["segment", "scene.tif"],
        ["evaluate", "segmentation", "images", "labels", "--model", "model.onnx"],
        ["train", "segmentation", "--images", "i", "--labels", "l"], ["dataset", "build", "scenes", "labels"],
    ],
    ids=lambda command: " ".join(command[:2]),
)  # fmt: skip
def test_a_typing_error_becomes_no_level(command, tmp_path):
    done = CliRunner().invoke(app, [*command, "--out", str(tmp_path / "out"), "--level", "l1"])
    assert done.exit_code == 2
    assert "--level is L1C or L2A" in " ".join(done.output.split())
    assert not (tmp_path / "out").exists()
