"""What judges a segmentation: a network, how scores are counted, and rules to try after its prediction."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from highwall.core.checks import nearest_name
from highwall.core.errors import ConfigError, InputError, MissingInputError
from highwall.segmentation.evaluation_options import EvaluationOptions, RuleName, RuleOptions
from highwall.segmentation.map_options import SegmentOptions
from highwall.segmentation.rules import RULES
from highwall.segmentation.segmenter import Segmenter
from highwall.workflows.config_files import checked
from highwall.workflows.mapping.mining_rules import named_rules
from highwall.workflows.mapping.segment import Models

AS_SAID: Final = "none"
"""Name of the variant without any rule."""
ALL_RULES: Final = "together"
"""Name of the variant with all rules that were asked for."""


@dataclass(frozen=True)
class Judge:
    """What judges scenes: a network, how scores are counted, and rules to try."""

    segmenter: Segmenter
    options: EvaluationOptions = field(default_factory=EvaluationOptions)
    mapping: SegmentOptions = field(default_factory=SegmentOptions)
    rules: RuleOptions = field(default_factory=RuleOptions)
    land_cover: Path | None = None
    """A map of land cover in WorldCover's codes, or a folder of ``SCENE.tif``."""
    force: bool = False
    """Judge scenes of another level or pixel, and demo weights on real scenes."""

    @property
    def variants(self) -> dict[str, RuleOptions]:
        """Rules of each variant that is counted: none, each alone, and all of them together."""
        of_name: dict[str, tuple[RuleName, ...]] = {AS_SAID: ()} | {name: (name,) for name in self.rules.names}
        if len(self.rules.names) > 1:
            of_name[ALL_RULES] = self.rules.names
        return {name: self.rules.model_copy(update={"names": names}) for name, names in of_name.items()}


def judge_of(
    models: Sequence[Path],
    *,
    rules: Sequence[str] = (),
    land_cover: Path | None = None,
    blank: str = "background",
    threshold: float | None = None,
    force: bool = False,
) -> Judge:
    """Make a judge of what the command line says; ``all`` names every rule.

    Raises
    ------
    ConfigError
        No rule is called so, or a value is out of its bounds.
    InputError
        A map of land cover is given that no rule uses.
    MissingInputError
        There is no such network, or no such map of land cover.
    ModelError
        One is no segmentation network, or two know the same subset.
    """
    names = named_rules(tuple(rules))
    for name in names:
        if name not in RULES:
            raise ConfigError(f"no rule is called {name!r}{nearest_name(name, RULES)}; rules are {', '.join(RULES)}.")
    if land_cover is not None and not land_cover.exists():
        raise MissingInputError(f"no map of land cover at {land_cover}; check the path.")
    if land_cover is not None and "land_cover" not in names:
        raise InputError("--land-cover serves the rule land_cover; give --rules land_cover too, or leave it out.")
    source = "the command line"
    return Judge(
        Models.open(tuple(models)).segmenter,
        options=checked(EvaluationOptions, {"blank": blank}, source=source),
        mapping=checked(SegmentOptions, {"threshold": threshold}, source=source),
        rules=checked(RuleOptions, {"names": names}, source=source),
        land_cover=land_cover,
        force=force,
    )
