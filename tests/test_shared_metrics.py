"""The folder in which processes count together: what is left behind goes, and nothing else."""

import fcntl
import signal
import subprocess
import sys
from pathlib import Path

from tenantry.shared_metrics import metrics_folder

_KILLED = """
import os, pathlib, signal, sys
from tenantry.shared_metrics import metrics_folder
with metrics_folder(pathlib.Path(sys.argv[1])) as folder:
    (folder / "counter_1.db").write_text("1")
    if os.fork():
        os.kill(os.getpid(), signal.SIGKILL)
    print("ready", flush=True)
    sys.stdin.read()
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_killed_servers_leave_behind_goes_with_the_next_start(tmp_path: Path) -> None:
    other = tmp_path / "tenantry-metrics-of-somebody-else"
    other.mkdir()
    command, pipe = [sys.executable, "-c", _KILLED, str(tmp_path)], subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        assert server.stdout.readline() == b"ready\n"
        assert server.wait() == -signal.SIGKILL
        [left] = set(tmp_path.iterdir()) - {other}
        with metrics_folder(tmp_path) as mine:
            # Its worker still counts there.
            assert set(tmp_path.iterdir()) == {other, left, mine}
            server.stdin.close()
            with (left / "lock").open("r+b") as lock:
                # Until the worker is gone, too.
                fcntl.flock(lock, fcntl.LOCK_EX)
            with metrics_folder(tmp_path) as another:
                assert set(tmp_path.iterdir()) == {other, mine, another}
    assert set(tmp_path.iterdir()) == {other}
