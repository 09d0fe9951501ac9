from highwall.classification.cracks.card import crack_card, interval_text
from highwall.classification.cracks.options import CrackTrainOptions, ScoreOptions
from highwall.classification.cracks.scores import report

from .test_scores import photograph


def test_a_card_tells_what_was_learned_from_and_how_it_scores():
    scores = report([photograph("a", place="1"), photograph("b", place="2")], ScoreOptions(n_resamples=10))
    model = {"name": "x", "version": "1", "training_data": "drawings", "cell_px": 2, "chip_px": 64, "n_bytes": 2000}
    made = {"command": "highwall train cracks --out DIR", "torch": "2.0"}
    options = {"train": CrackTrainOptions().model_dump(mode="json")}
    text = crack_card({"model": model, "simulated": scores, "made": made, "options": options})
    assert "`highwall train cracks --out DIR`: 1200 steps of 16 chips, seed 20240601, 1 thread." in text
    assert "torch 2.0" in text
    assert "**simulated**" in text
    assert "Learned from drawings." in text
    assert "| F1, within the tolerance | 1.000 [1.000, 1.000] |" in text


def test_what_is_undefined_is_a_dash():
    assert interval_text([None, None, None]) == "–"
    assert interval_text([0.5, None, None]) == "0.500"
