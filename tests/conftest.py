"""Fixtures that every room shares."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("explore", deadline=None)  # tests are never judged by the clock: machines are noisy
settings.register_profile("highwall", settings.get_profile("explore"), derandomize=True)
settings.load_profile("highwall")  # the same examples every time; new ones with --hypothesis-profile=explore

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of real data: ``HIGHWALL_DATA``, or ``../shared/data`` beside the repository."""
    folder = Path(os.environ.get("HIGHWALL_DATA") or REPOSITORY.parent / "shared" / "data")
    if not folder.is_dir():
        pytest.skip(f"no real data at {folder}; set HIGHWALL_DATA")
    return folder


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail on a skip in CI: there everything that a test may need is to be had."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") and reporter is not None and reporter.stats.get("skipped"):
        reporter.write_line("CI allows no skipped test", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
