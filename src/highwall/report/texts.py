"""Every text of case files and portfolios, by name: one table to translate."""

from typing import Final

ENGLISH: Final[dict[str, str]] = {
    "language": "en",
    "case": "Case file",
    "made": "Made {at} by Highwall {version}",
    "simulated": "The scene is simulated: nothing on these pages happened.",
    "state": "State",
    "state_new": "new, not decided on",
    "state_confirmed": "confirmed",
    "state_dismissed": "dismissed",
    "state_closed": "closed",
    "what": "What was found",
    "kind": "Kind",
    "first_seen": "First seen",
    "last_seen": "Last seen",
    "last_clear": "Last clear look without it before",
    "absent_since": "Not seen in a clear look since",
    "never": "none on record",
    "still_seen": "–",
    "probability": "Probability",
    "area": "Area as drawn",
    "least": "Area that is certain ({certainty} %)",
    "share": "Share of the patch",
    "depth": "Farthest past the line",
    "days": "Since the permit's day",
    "n_days": "{days} days",
    "probability_note": "that the ground lies where the finding says and is a mine; not how grave it is",
    "probability_note_unknown": "that the ground lies where the finding says; how surely it is a mine was not told",
    "probability_note_motion": "that the ground lies where the finding says and moves; not how grave it is",
    "permit": "Permit",
    "holder": "Holder",
    "mineral": "Mineral",
    "valid": "Valid",
    "status": "Status",
    "conditions": "Conditions",
    "restoration_due": "Restoration due",
    "no_permit": "No permit is concerned.",
    "none_in_force": "No permit in force on {day} covers this ground.",
    "not_in_force": "A part of it lies in these, which had ended by then or were still to begin:",
    "permit_gone": "Its record is not shown: the file of permits that was compared is gone, or has changed since.",
    "pictures": "From space",
    "before": "Before",
    "after": "As found",
    "another": "At another date",
    "other_run": (
        "This page is made from the scene of {seen}; the finding was last seen on {last_seen}, and what is said of it "
        "is of that day."
    ),
    "no_pictures": "The run holds no scene to show.",
    "no_before": "No earlier scene was compared.",
    "legend": (
        "Red: the ground of the finding. White, dashed: permits, in force or not. North is up; the bar is to scale."
    ),
    "activity": "What goes on there",
    "activity_label": "Activity",
    "activity_basis": "Why",
    "motion": "Motion of the ground in reach",
    "optical": "Change between the scenes",
    "not_compared": "not compared",
    "accelerated": "Moves otherwise since",
    "rates": "Rate before and after",
    "series": "Motion of the strongest cluster in reach",
    "no_series": "No moving ground in reach was measured.",
    "series_motion": "Motion of this ground",
    "no_series_motion": "Its series is not shown: the radar's file that was compared is gone, or this run has none.",
    "unvalidated": "The motion is vertical only if all motion is; it was not compared with levelling or GNSS.",
    "validated": (
        "The motion is vertical only if all motion is; the radar was compared with {n} stations on the ground: "
        "{rms} mm RMS along its line of sight."
    ),
    "life": "Life of the finding",
    "when": "When",
    "who": "By",
    "event": "What",
    "why": "Why",
    "method": "How it was found",
    "method_text": (
        "A network classed each pixel of the scene; connected mine ground became the patch. Its outline and the "
        "permit's boundary were taken to err against each other by {std} m (one standard deviation, the same along"
        " one piece of boundary). The probability is that of the ground past the boundary being as large as the "
        "smallest area that counts, times the mean mine probability of the patch."
    ),
    "method_given": (
        "The outline was given to Highwall as it is. It and the permit's boundary were taken to err against each other "
        "by {std} m (one standard deviation, the same along one piece of boundary). The probability is that of the "
        "ground past the boundary being as large as the smallest area that counts, times the probability of being a "
        "mine that the outline carries, if any."
    ),
    "method_motion": (
        "Radar measured how the ground moved. Connected pixels whose vertical rate exceeds the bound with a stated "
        "probability form this ground, whether a scene shows a mine there or not. Its outline and the permit's "
        "boundary were taken to err against each other by {std} m (one standard deviation, the same along one piece "
        "of boundary). The probability is that of the ground lying past the boundary, times that of its mean rate "
        "exceeding the bound."
    ),
    "doubts": "What could make it wrong",
    "doubt_outline": (
        "The outline comes from pixels of 10 m and a network; it is no survey. Visit or survey before acting."
    ),
    "doubt_given": "Who drew the outline, from what and when, is not known here. Visit or survey before acting.",
    "doubt_register": (
        "Permits are compared as they were given. A permit missing from the file, or an outdated boundary, makes a"
        " finding of what is allowed."
    ),
    "doubt_mine": (
        "The network takes bare ground of other causes for mines at times: river banks, building sites, fields."
    ),
    "doubt_motion_only": (
        "Ground moves for other causes too: landslides, water drawn from below, old workings, fill that settles."
    ),
    "doubt_motion": "Motion near a patch need not be caused by it; radar measures along its line of sight.",
    "doubt_old": "The scene is {days} days older than this page: the ground may have changed since.",
    "versions": "Versions and data",
    "scene": "Scene",
    "model": "Network",
    "assessed_with": "Assessed with",
    "patches": "Patches",
    "file": "File",
    "hash": "Checksum (multihash, SHA-256)",
    "portfolio": "Portfolio",
    "sites": "sites",
    "open_findings": "findings to decide on",
    "confirmed_findings": "confirmed",
    "rank": "Rank",
    "site": "Site",
    "seen": "Seen on",
    "mine_area": "Mine ground as mapped",
    "findings": "Findings",
    "expected_area": "Expected area in breach",
    "news": "New since last time",
    "changes": "Changed since last time",
    "moving": "Moving patches",
    "not_read": "Not read",
    "ranking": (
        "Ranked by expected area in breach: the sum over findings that are new or confirmed of probability × area."
        " Sites whose permits were not checked come last: nothing is known of them. Mine ground as mapped is counted on"
        " the map, errors included; highwall area estimates it with an interval."
    ),
    "not_checked": "not checked",
    "first_time": "This is the first portfolio here; the next tells what has changed.",
    "labeller": "What is at these points?",
    "labeller_help": (
        "Choose what the marked pixel is, by button or number key; the arrows go back and on. Answers stay in this "
        "browser until you save them as reference.csv; give that file to highwall area estimate --reference."
    ),
    "labeller_done": "judged",
    "labeller_picture": "Surroundings of the point from above; its pixel is marked",
    "labeller_question": "What is the marked pixel?",
    "labeller_back": "back",
    "labeller_on": "on",
    "labeller_save": "Save reference.csv",
    "labeller_point": "Point",
}
"""Names → text."""
