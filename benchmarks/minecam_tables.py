"""MineCam's Tables 3 to 8 at smoke size: what each command of examples/minecam leaves, and what it costs.

    python benchmarks/minecam_tables.py [--out FOLDER] [TABLE …]

Trainings live in FOLDER: stopped, the same command goes on. Results: results/details/minecam_tables.json. All of it
is simulated, with a tiny network and six passes: it shows that the tables are made, not how well such networks do.
"""

import argparse
import json
import tempfile
import time
from pathlib import Path

from highwall.workflows.training.tables import make_table

HERE = Path(__file__).resolve().parent
CONFIGS = HERE.parent / "examples" / "minecam"
RESULT = HERE / "results" / "details" / "minecam_tables.json"


def main() -> None:
    given = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    given.add_argument("tables", type=int, nargs="*", default=[3, 4, 5, 6, 7, 8])
    given.add_argument("--out", type=Path, default=Path(tempfile.gettempdir()) / "highwall-tables")
    asked = given.parse_args()
    content = (
        json.loads(RESULT.read_text(encoding="utf-8")) if RESULT.exists() else {"is_simulated": True, "tables": {}}
    )
    for number in asked.tables:
        begun = time.process_time()
        table = make_table(CONFIGS / f"table{number}-smoke.yaml", asked.out, say=lambda line: print(line, flush=True))
        content["tables"][str(number)] = {
            "title": table.title, "heading": table.heading, "rows": table.rows, "notes": table.notes,
            "cpu_s": round(time.process_time() - begun, 1),
        }  # fmt: skip
        RESULT.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        print((asked.out / f"table{number}.md").read_text(encoding="utf-8"), flush=True)


if __name__ == "__main__":
    main()
