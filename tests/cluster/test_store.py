"""`engine=ray` on files of an object store, with a journal there."""

import os
from pathlib import Path

import pytest

from temporal_colorize.remote import as_path
from tests.support.networks import tiny_weights_file
from tests.support.program import run
from tests.support.store import object_store
from tests.support.videos import assert_same_frames, write_video

QUICK = ("weights=tiny.safetensors", "inference.size=64", "runtime=torch", "progress=false", "ray.workers=2")


@pytest.mark.slow
def test_many_files_of_a_store(tmp_path: Path) -> None:
    pytest.importorskip("ray")
    pytest.importorskip("moto")
    tiny_weights_file(tmp_path)
    with object_store("footage") as bucket:
        known = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
        for number in range(3):
            write_video(tmp_path / f"{number}.mp4", count=8 + number, audio="aac")
            as_path(f"{bucket}/in/north/{number}.mp4").put(tmp_path / f"{number}.mp4")
        (tmp_path / "bad.mp4").write_text("no video")
        as_path(f"{bucket}/in/bad.mp4").put(tmp_path / "bad.mp4")
        command = (f"video={bucket}/in/**/*.mp4", f"output={bucket}/out", "engine=ray", *QUICK)
        done = run("infer.py", *command, folder=tmp_path, env=known)
        assert done.returncode == 1 and "4 files: 3 coloured, 1 failed:" in done.stdout, done.stderr
        assert (
            "4 files: 0 coloured, 3 by an earlier run, 1 failed:"
            in run("infer.py", *command, folder=tmp_path, env=known).stdout
        )
        assert run("infer.py", "video=0.mp4", *QUICK[:4], folder=tmp_path).returncode == 0
        (tmp_path / "fetched").mkdir()
        fetched = as_path(f"{bucket}/out/north/0.color.mp4").fetch(tmp_path / "fetched")
        assert_same_frames(fetched, tmp_path / "0.color.mp4")
