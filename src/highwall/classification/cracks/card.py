"""The model card of a crack network."""

from collections.abc import Mapping
from typing import Any

_ROWS = {
    "precision": "precision",
    "recall": "recall",
    "f1": "F1",
    "average_precision": "average precision",
    "tolerant_precision": "precision, within the tolerance",
    "tolerant_recall": "recall, within the tolerance",
    "tolerant_f1": "F1, within the tolerance",
    "tolerant_average_precision": "average precision, within the tolerance",
    "planking_called_crack": "share of planking called crack",
    "false_alarms_on_planking": "share of false alarms on planking",
    "chip_roc_auc": "ROC-AUC of chips",
}
_SECTIONS = {
    "cross_validation": "On photographs of places that the network never saw",
    "simulated": "On **simulated** photographs that it never saw",
}


def crack_card(card: Mapping[str, Any]) -> str:
    """Card in Markdown of what `workflows.training.cracks` found."""
    model = card["model"]
    parts = [
        f"# {model['name']} {model['version']}",
        f"Cracks in photographs, red, green and blue of any camera. Learned from {model['training_data']}. "
        f"Cells of {model['cell_px']} px, chips of {model['chip_px']} px, {model['n_bytes'] / 1e3:.0f} kB.",
    ]
    for key, title in _SECTIONS.items():
        if key in card:
            parts += [f"## {title}", score_table(card[key])]
    if "judged" in card:
        parts += [f"## On {card['judged']['data']}, of which it saw nothing", score_table(card["judged"]["scores"])]
    parts += ["## How to make it again", _making(card["made"], card["options"]["train"])]
    return "\n\n".join(parts) + "\n"


def _making(made: Mapping[str, str], train: Mapping[str, Any]) -> str:
    """Tell the command, what decides its result, and what may change the last digits."""
    versions = ", ".join(f"{name} {version}" for name, version in made.items() if name != "command")
    return (
        f"`{made['command']}`: {train['n_steps']} steps of {train['n_chips']} chips, seed {train['seed']}, "
        f"{train['n_threads']} thread. The same options, photographs and versions give the same weights (here "
        f"{versions}); another version or number of threads changes the last digits of every step, and with them "
        "the scores a little. `options` of the JSON card beside this one holds every number of it."
    )


def score_table(scores: Mapping[str, Any]) -> str:
    """Table in Markdown of one report; brackets are 95 % intervals over places."""
    head = (
        f"{scores['n_photographs']} photographs of {scores['n_places']} places, threshold {scores['threshold']}, "
        f"tolerance {scores['tolerance_px']:g} px; cracks are {100 * scores['crack_share']:.2f} % of pixels."
    )
    rows = [f"| {title} | {interval_text(scores[key])} |" for key, title in _ROWS.items()]
    return "\n".join([head, "", "| score | value |", "|---|---|", *rows])


def interval_text(interval: list[float | None]) -> str:
    """Write a value with its bounds, or a dash where it is undefined."""
    value, low, high = interval
    if value is None:
        return "–"
    return f"{value:.3f}" if low is None else f"{value:.3f} [{low:.3f}, {high:.3f}]"
