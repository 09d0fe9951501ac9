"""Motion × optical change → what goes on at a mine: a table of rules, each with the sentence that it rests on.

Motion and optical change each come as probabilities, for the radar may hear nothing and clouds may hide the rest. Every
pair of a motion and a change leads, by the first rule that fits, to one activity; the probability of an activity is the
sum over the pairs that lead to it, P(a) = Σ P(m) P(c). That the two are independent given the ground is an assumption:
radar and camera fail for different reasons.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

from highwall.activity.deformation import DECORRELATED, NOT_MEASURED, STILL, SUBSIDENCE, UPLIFT
from highwall.activity.optical import BUILT, EXPANDED, REVEGETATED, REWORKED, UNCHANGED, UNSEEN

MINING, DUMPING, LEVELLING = "continued_mining", "dumping", "levelling"
HAULAGE, CONSTRUCTION, WORKINGS = "haulage_or_levelling", "construction", "subsidence_over_workings"
RESTORATION, INACTIVE, UNKNOWN = "restoration", "inactive", "unknown"
ACTIVITIES: Final = (
    MINING, DUMPING, LEVELLING, HAULAGE, CONSTRUCTION, WORKINGS, RESTORATION, INACTIVE, UNKNOWN,
)  # fmt: skip

PIT, DUMP, RESTORED = "pit", "dump", "restored"
"""What the ground of a patch is: dug, heaped, or rehabilitated already."""


class Rule(NamedTuple):
    """What a motion and an optical change mean on some ground."""

    name: str
    ground: frozenset[str]
    """Any of these; empty: any at all."""
    motion: frozenset[str]
    change: frozenset[str]
    activity: str
    basis: str
    """Sentence of the 2024 paper's section 4.2 that it rests on, in our words, or why we hold it."""


def _rule(name: str, ground: str, motion: str, change: str, activity: str, basis: str) -> Rule:
    """One row; words are separated by blanks, * is any."""
    ground_, motion_, change_ = (frozenset() if text == "*" else frozenset(text.split()) for text in
                                 (ground, motion, change))  # fmt: skip
    return Rule(name, ground_, motion_, change_, activity, basis)


RULES: Final = (
    _rule("built", "*", "*", BUILT, CONSTRUCTION,
          "On a rehabilitated pit a photovoltaic station was built; the ground sank meanwhile."),
    _rule("dump grows", DUMP, UPLIFT, f"{UNCHANGED} {REWORKED} {EXPANDED} {UNSEEN}", DUMPING,
          "All patches that rise are gangue dumps without visible change: they accumulate."),
    _rule("dump is carried off", DUMP, SUBSIDENCE, f"{UNCHANGED} {REWORKED} {UNSEEN}", HAULAGE,
          "Seven gangue dumps sink: six for haulage of gangue, one for levelling."),
    _rule("dump spreads", DUMP, "*", EXPANDED, DUMPING,
          "Ours: new bare ground at the edge of a dump is waste put there, whatever the radar hears."),
    _rule("restored ground settles", RESTORED, SUBSIDENCE, f"{UNCHANGED} {REWORKED} {UNSEEN}", LEVELLING,
          "Of five rehabilitated pits that sink, four are being levelled."),
    _rule("pit is dug", "*", SUBSIDENCE, f"{EXPANDED} {REWORKED}", MINING,
          "Continuous mining is the first cause of sinking pits, and the optical images confirm it."),
    _rule("pit sinks", PIT, SUBSIDENCE, f"{UNCHANGED} {UNSEEN}", MINING,
          "Mining that does not change a patch's extent is hard to see; deformation shows it."),
    _rule("ground sinks over workings", "*", SUBSIDENCE, f"{UNCHANGED} {UNSEEN}", WORKINGS,
          "Ours: ground that sinks outside pits and dumps without change lies over underground workings."),
    _rule("image decides: dug", "*", f"{DECORRELATED} {STILL} {NOT_MEASURED} {UPLIFT}", EXPANDED, MINING,
          "Decorrelation by fast change marks active mines; optical images must tell which."),
    _rule("image decides: reworked, decorrelated", "*", DECORRELATED, REWORKED, LEVELLING,
          "Of four decorrelated patches two are mined on, two are being levelled: no new ground, but moved ground."),
    _rule("image decides: reworked", "*", f"{STILL} {NOT_MEASURED} {UPLIFT}", REWORKED, LEVELLING,
          "Ours: ground moved within the outline, without sinking, is levelled."),
    _rule("turns green", "*", "*", REVEGETATED, RESTORATION,
          "Ours: bare mine ground that turns green is restored, by hand or by nature."),
    _rule("decorrelated, no change seen", "*", DECORRELATED, f"{UNCHANGED} {UNSEEN}", UNKNOWN,
          "The image decides of decorrelated patches; where it shows nothing, nothing can be said."),
    _rule("rises without a dump", "*", UPLIFT, f"{UNCHANGED} {UNSEEN}", UNKNOWN,
          "Ours: the paper saw uplift on dumps only; elsewhere it may be filling, swelling or an error."),
    _rule("nothing moves", "*", STILL, UNCHANGED, INACTIVE,
          "164 of 228 scenes showed no significant change."),
    _rule("not enough seen", "*", "*", "*", UNKNOWN,
          "Ours: the motion was not measured, or no two scenes show the ground."),
)  # fmt: skip
"""The first rule that fits holds."""


class Activity(NamedTuple):
    """What goes on at one patch."""

    probability: dict[str, float]
    """Of each of :data:`ACTIVITIES`; they add up to 1."""
    rule: Rule
    """The rule that contributes most to the likeliest activity."""

    @property
    def label(self) -> str:
        """Likeliest activity."""
        return max(self.probability, key=lambda name: self.probability[name])


def fuse(motion: Mapping[str, float], change: Mapping[str, float], *, ground: str) -> Activity:
    """Join what radar and scenes say of a patch.

    Parameters
    ----------
    motion
        Probability of each motion class; they add up to 1.
    change
        Probability of each optical class; they add up to 1.
    ground
        *pit*, *dump*, *restored*, or anything else.
    """
    probability = dict.fromkeys(ACTIVITIES, 0.0)
    weight: dict[tuple[str, str], float] = {}
    for moves, p_moves in motion.items():
        for changes, p_changes in change.items():
            rule = rule_for(moves, changes, ground=ground)
            probability[rule.activity] += p_moves * p_changes
            key = rule.activity, rule.name
            weight[key] = weight.get(key, 0.0) + p_moves * p_changes
    label = max(probability, key=lambda name: probability[name])
    strongest = max((name for activity, name in weight if activity == label), key=lambda name: weight[label, name])
    return Activity(probability, next(rule for rule in RULES if rule.name == strongest))


def rule_for(motion: str, change: str, *, ground: str) -> Rule:
    """Return the first rule that fits."""
    fits = (
        rule for rule in RULES
        if (not rule.ground or ground in rule.ground)
        and (not rule.motion or motion in rule.motion)
        and (not rule.change or change in rule.change)
    )  # fmt: skip
    return next(fits)


def motion_probability(*, p_up: float, p_down: float, share_decorrelated: float, is_measured: bool) -> dict[str, float]:
    """Probability of each motion class of a patch from that of its clusters and the share of ground without coherence.

    Rising and sinking clusters in one reach are two events; they share what their sum exceeds 1 by.
    """
    if not is_measured and share_decorrelated == 0.0:
        return {NOT_MEASURED: 1.0}
    heard = 1.0 - share_decorrelated
    scale = heard / max(p_up + p_down, 1.0)
    up, down = p_up * scale, p_down * scale
    still = heard - up - down
    quiet = STILL if is_measured else NOT_MEASURED
    return {UPLIFT: up, SUBSIDENCE: down, DECORRELATED: share_decorrelated, quiet: still}
