"""A real Mosquitto on loopback, which can be killed and started again at the same place."""

import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest

PROGRAM = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")
_PLAIN = """\
user root
allow_anonymous true
persistence true
persistence_location {folder}/
autosave_interval 1
max_inflight_messages 2000
max_queued_messages 0
set_tcp_nodelay true
listener {port} 127.0.0.1
"""


class Mosquitto:
    """A broker of the test's own."""

    def __init__(self, folder: Path, *, config: str | None = None, ports: tuple[int, ...] | None = None) -> None:
        if PROGRAM is None:
            pytest.skip("no mosquitto on this machine")
        folder.mkdir(parents=True, exist_ok=True)
        self.ports = ports or (free_port(),)
        self.port = self.ports[0]
        self._file = folder / "test.conf"
        self._log = folder / "mosquitto.log"
        self._file.write_text(config or _PLAIN.format(folder=folder, port=self.port))
        self._process: subprocess.Popen[bytes] | None = None

    @classmethod
    def plain(cls, folder: Path, *, more: str) -> "Mosquitto":
        """Give one that lets everybody in, with a line more in its configuration."""
        port = free_port()
        return cls(folder, config=_PLAIN.format(folder=folder, port=port) + more + "\n", ports=(port,))

    def start(self) -> "Mosquitto":
        """Start it, and wait until it listens."""
        assert PROGRAM is not None
        with self._log.open("ab") as log:
            self._process = subprocess.Popen([PROGRAM, "-c", str(self._file)], stdout=log, stderr=log)
        for port in self.ports:
            self._wait_for(port)
        return self

    def kill(self) -> None:
        """Kill -9."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """Stop it in good order, if it runs."""
        self._end(signal.SIGTERM)

    def reload(self) -> None:
        """Have it read its files again."""
        assert self._process is not None
        self._process.send_signal(signal.SIGHUP)

    def log(self) -> str:
        """What it said."""
        return self._log.read_text()

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(10)
            self._process = None

    def _wait_for(self, port: int) -> None:
        for _ in range(400):
            try:
                socket.create_connection(("127.0.0.1", port), 0.2).close()
            except OSError:
                time.sleep(0.02)
            else:
                return
        pytest.fail(f"mosquitto did not start: {self.log()}")


def free_port() -> int:
    """Give a port that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
