"""Simulate a mine, watch it, and print what was found.

python examples/01_simulated_site.py OUT
"""

import sys
from pathlib import Path

from highwall.workflows.watching.monitor import monitor
from highwall.workflows.watching.simulate import simulate


def main(out: Path) -> None:
    site_file = simulate(out / "site", seed=2)
    summary = monitor(site_file, out / "run", say=print)
    for name, area in summary["area_m2"].items():
        print(f"{name}: {area / 1e4:.1f} ha")
    for finding in summary["findings"]:
        print(finding["statement"])
    print(f"Now open {out / 'run' / 'report.html'}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
