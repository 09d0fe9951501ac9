"""Options that nothing would use are refused before any work, with what they need."""

import re

import pytest
from typer.testing import CliRunner

from highwall.cli import app


@pytest.mark.parametrize(
    ("line", "option", "told"),
    [
        ("assess patches.gpkg --out run --field valid_to=EXPIRY", "--field", "--permits"),
        ("refine probability.tif --out run --land-cover-classes io_lulc", "--land-cover-classes", "--land-cover"),
        ("demo --port 9000", "--port", "--live"),
        ("labels compare first second --decisions decided", "--decisions", "--out"),
        ("labels compare first second --undecided no", "--undecided", "--out"),
        ("simulate --out here telemetry --out there", "--out", "behind telemetry"),
        ("simulate --seed 3 telemetry --out there", "--seed", "behind telemetry"),
    ],
)
def test_what_nothing_would_use_is_refused(line, option, told):
    done = CliRunner().invoke(app, line.split())
    assert done.exit_code == 2
    said = " ".join(re.sub(r"[│╭╮╰╯─]", " ", done.output).split())
    assert option in said
    assert told in said
