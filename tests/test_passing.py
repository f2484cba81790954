import subprocess
import sys
from pathlib import Path

from temporal_colorize.passing import PassingFolder

KILLED = """
import os, sys
from pathlib import Path
from temporal_colorize.passing import PassingFolder
with PassingFolder("some", Path(sys.argv[1])) as folder:
    (folder / "large").write_bytes(b"x")
    os.kill(os.getpid(), 9)
"""


def test_a_folder_is_of_one_process_and_goes_with_it(tmp_path: Path) -> None:
    with PassingFolder("some", tmp_path) as one, PassingFolder("some", tmp_path) as other:
        (one / "file").touch()
        assert other != one and (one / "file").is_file() and one.stat().st_mode & 0o777 == 0o700
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_process_left_goes_with_the_next_of_its_kind(tmp_path: Path) -> None:
    assert subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=False).returncode == -9
    (left,) = tmp_path.iterdir()
    with PassingFolder("other", tmp_path):
        assert left.is_dir()
    with PassingFolder("some", tmp_path) as folder:
        assert [path for path in tmp_path.iterdir() if path.is_dir()] == [folder]
