"""How long the command line takes to answer, beside the interpreter that it runs in: `make bench ROOM=cli`."""

import statistics
import subprocess
import sys
import time
from pathlib import Path

from harness import Row, report

HIGHWALL = Path(sys.executable).with_name("highwall")
COMMANDS = {"highwall --help": [HIGHWALL, "--help"], "import highwall": [sys.executable, "-c", "import highwall"]}
RIVAL = [sys.executable, "-c", "pass"]
REPEATS = 15


def seconds(command: list[str | Path]) -> float:
    start = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - start


def main() -> None:
    rows = []
    for case, command in COMMANDS.items():
        pairs = [(seconds(command), seconds(RIVAL)) for _ in range(REPEATS)]
        ours, rival = (statistics.median(column) for column in zip(*pairs, strict=True))
        rows.append(Row(case, "s", ours, "python -c pass", rival, f"wall, median of {REPEATS} in turn"))
    report("cli", rows, title="Command line")


if __name__ == "__main__":
    main()
