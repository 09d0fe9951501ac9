"""What the terminal is told: steps, bars and tables."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import typer


class Teller:
    """Tells what happens: a line for each step, and on a terminal a bar under them."""

    def __init__(self, console: Any, progress: Any) -> None:
        self._console, self._progress = console, progress
        self._task = progress.add_task("starting", total=None)
        self._tenth = 0

    def __call__(self, message: str) -> None:
        """Say a line."""
        self._console.print(f"· {message}", style="dim", markup=False, soft_wrap=True)
        self._progress.reset(self._task, description=message, total=None)
        self._tenth = 0

    def advance(self, what: str, done: int, total: int) -> None:
        """Move the bar; where there is none, print a line each tenth of the way."""
        self._progress.update(self._task, description=what, completed=done, total=total)
        tenth = 10 * done // max(total, 1)
        if not self._console.is_terminal and tenth > self._tenth:
            self._console.print(f"·   {what}: {done} of {total}", style="dim", markup=False)
        self._tenth = tenth


@contextmanager
def telling() -> Iterator[Teller]:
    """Give one who tells what happens on the terminal, or line by line in a log."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    console = Console(stderr=True, highlight=False)
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(24),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        try:
            yield Teller(console, progress)
        except KeyboardInterrupt:
            console.print("highwall: stopped; the same command goes on with what is not done", style="yellow")
            raise


def each_hundredth(say: Teller) -> Any:
    """Give what tells every hundredth step of a training."""

    def tell(what: str, step: int, n_steps: int, loss: float) -> None:
        if step % 100 == 0 or step == n_steps:
            say(f"{what}: step {step} of {n_steps}, loss {loss:.3f}")

    return tell


def print_summary(summary: dict[str, Any], out: Path) -> None:
    """Print what a run found, and where its report lies."""
    from rich.console import Console

    from highwall.workflows.console import summary_table

    Console().print(summary_table(summary))
    typer.echo(f"Report: {out / 'report.html'}")


def print_scores(scores: dict[str, Any]) -> None:
    """Print how a run stands against the simulated truth."""
    from rich.console import Console

    from highwall.workflows.console import score_table

    Console().print(score_table(scores))
