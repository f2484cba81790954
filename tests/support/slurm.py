"""A Slurm of one node for tests: munge, controller and node in processes of their own, all files in one folder."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

import pytest

from tests.support.rtsp import free_port

_PROGRAMS = ("slurmctld", "slurmd", "munged", "mungekey", "sbatch", "scontrol")
_CONF = """\
ClusterName=tests
SlurmctldHost={host}
SlurmctldPort={controller}
SlurmdPort={node}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/controller.pid
SlurmdPidFile={folder}/node.pid
SlurmctldLogFile={folder}/controller.log
SlurmdLogFile={folder}/node.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
MpiDefault=none
ReturnToService=2
SchedulerType=sched/backfill
SchedulerParameters=batch_sched_delay=0,sched_interval=1,requeue_delay=1
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MailProg=/bin/true
JobRequeue=1
KillWait=60
NodeName={host} CPUs=2 RealMemory=1000 State=UNKNOWN
PartitionName=tests Nodes={host} Default=YES MaxTime=INFINITE State=UP
"""


def why_not() -> str | None:
    """Say what is missing for a Slurm; None where nothing is."""
    path = os.pathsep.join((os.environ["PATH"], "/usr/sbin", "/sbin"))
    missing = [name for name in _PROGRAMS if shutil.which(name, path=path) is None]
    if missing:
        return f"no {', '.join(missing)}: apt-get install --no-install-recommends slurm-wlm munge (see Makefile)"
    return None if os.geteuid() == 0 else "a Slurm of one's own is started as root"


def needs_slurm(test: Callable) -> Callable:
    """Mark a test that needs a Slurm of its own."""
    reason = why_not()
    return pytest.mark.slurm(pytest.mark.skipif(reason is not None, reason=str(reason))(test))


class Slurm:
    """A cluster of this machine alone, two cores, up when constructed; a context manager that ends it and its jobs.

    Args:
        folder: For its files, empty; its path is short, as it has a socket in it.

    Raises:
        RuntimeError: If a part of it does not start.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {**os.environ, "SLURM_CONF": str(folder / "slurm.conf"), "OMP_NUM_THREADS": "1"}
        self.environment["PATH"] += os.pathsep + os.pathsep.join(("/usr/sbin", "/sbin"))
        self._processes: list[subprocess.Popen] = []
        folder.chmod(0o755)  # munged refuses a socket in a folder that others cannot reach
        for name in ("munge", "state", "spool"):
            (folder / name).mkdir(mode=0o755)
        ports = {"controller": free_port(), "node": free_port()}
        conf = _CONF.format(folder=folder, host=socket.gethostname().split(".")[0], **ports)
        (folder / "slurm.conf").write_text(conf)
        try:
            self._start()
        except BaseException:
            self.stop()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def run(self, *command: str) -> str:
        """Run one of Slurm's commands; return what it says."""
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=60, check=False)
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)}: {done.stderr}")
        return done.stdout.strip()

    def wait_for(self, what: Callable[[], bool], *, seconds: float, name: str) -> None:
        """Wait until something is so; a RuntimeError says what was not, and what the node wrote."""
        until = time.monotonic() + seconds
        while not what():
            if time.monotonic() > until:
                raise RuntimeError(f"no {name} after {seconds} s; {self._log('controller')}; {self._log('node')}")
            time.sleep(0.1)

    def stop(self) -> None:
        """End all jobs, and the cluster."""
        if len(self._processes) == 3:
            subprocess.run(["scancel", "--me", "--signal=KILL"], env=self.environment, timeout=20, check=False)
            subprocess.run(["scancel", "--me"], env=self.environment, timeout=20, check=False)
            time.sleep(1)
        for process in reversed(self._processes):
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._processes = []

    def _start(self) -> None:
        munge = self.folder / "munge"
        key = munge / "key"
        self.run("mungekey", "--create", f"--keyfile={key}")
        key.chmod(0o400)
        files = [f"--{name}={munge / file}" for name, file in _MUNGE_FILES.items()]
        self._spawn("munged", "--foreground", "--force", *files)
        self.wait_for((munge / "socket").exists, seconds=20, name="munge")
        self._spawn("slurmctld", "-D")
        self.wait_for(lambda: self._answers("scontrol", "ping"), seconds=30, name="controller")
        self._spawn("slurmd", "-D")
        self.wait_for(lambda: "idle" in self._says("sinfo", "-h", "-o", "%t"), seconds=30, name="idle node")

    def _spawn(self, *command: str) -> None:
        with open(self.folder / f"{command[0]}.out", "w") as out:
            quiet = {"stdin": subprocess.DEVNULL, "stdout": out, "stderr": out}
            self._processes.append(subprocess.Popen(command, env=self.environment, **quiet))

    def _says(self, *command: str) -> str:
        try:
            return self.run(*command)
        except (RuntimeError, subprocess.TimeoutExpired):
            return ""

    def _answers(self, *command: str) -> bool:
        return "is UP" in self._says(*command)

    def _log(self, name: str) -> str:
        path = self.folder / f"{name}.log"
        return f"{path.name}: {path.read_text()[-600:]}" if path.exists() else f"no {path.name}"


_MUNGE_FILES = {
    "key-file": "key",
    "socket": "socket",
    "pid-file": "munged.pid",
    "log-file": "munged.log",
    "seed-file": "munged.seed",
}
