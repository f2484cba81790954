"""The record beside an output."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from temporal_colorize.inference.session import Session, SessionOptions
from temporal_colorize.inference.video import colorize_video
from temporal_colorize.provenance.digests import digest
from temporal_colorize.provenance.finishing import Provenance
from temporal_colorize.provenance.record import RecordError, usual_path
from temporal_colorize.provenance.surroundings import surroundings
from tests.provenance.conftest import LOSSLESS, Colorize, verdicts
from tests.support.damage_table import CASES
from tests.support.networks import tiny_weights
from tests.support.stopping import StoppedError, stopping
from tests.support.videos import write_video

CONFIG = {"limits": {}, "deinterlace": "auto", "rate": None, "start": 0, "end": None}


def run(
    source: Path, output: Path, weights: Path, *, stop_after: int | None = None, record: bool | Path = True
) -> None:
    """Colour in segments of 5 frames; the network fails after so many, as if the process were stopped."""
    session = stopping(Session(tiny_weights(), SessionOptions(size=64)), after=stop_after)
    finishing = Provenance(CONFIG, [weights], {"lossless": True}, record=record)
    colorize_video(source, output, session, codec="libx264", options=LOSSLESS, segment=5, finishing=finishing)


def read(output: Path) -> dict[str, Any]:
    return json.loads(usual_path(output).read_text())


def but_for_the_run(record: dict[str, Any]) -> dict[str, Any]:
    """Leave out when and how fast it was, and the output's name."""
    return {**record, "run": None, "output": {**record["output"], "name": None}}


def test_hashes_are_those_of_sha256sum(tmp_path: Path, colorize: Colorize, weights: Path) -> None:
    write_video(tmp_path / "a.mp4", count=4)
    colorize(tmp_path / "a.mp4", tmp_path / "b.mp4")
    record = read(tmp_path / "b.mp4")
    for name, path in (("source", tmp_path / "a.mp4"), ("output", tmp_path / "b.mp4"), ("weights", weights)):
        assert record[name]["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
        assert record[name]["bytes"] == path.stat().st_size
    assert "not evidence" in record["statement"] and record["version"] == 1
    assert record["digital_source_type"].endswith("/compositeWithTrainedAlgorithmicMedia")
    assert record["computed"] == {"device": "cpu", "runtime": "torch", "precision": "fp32"}
    assert record["done"]["frames"] == 4 and record["run"]["kept"] == 0


ODD = ("clock restarts, with sound", "fields from the middle on", "png sequence")


@pytest.mark.parametrize("name", ODD)
def test_a_run_that_was_stopped_has_the_record_of_one_that_was_not(tmp_path: Path, weights: Path, name: str) -> None:
    source = CASES[name].make(tmp_path)
    run(source, tmp_path / "whole.mkv", weights)
    with pytest.raises(StoppedError):
        run(source, tmp_path / "pieces.mkv", weights, stop_after=7)  # in the second segment
    run(source, tmp_path / "pieces.mkv", weights)
    whole, pieces = read(tmp_path / "whole.mkv"), read(tmp_path / "pieces.mkv")
    assert pieces["frames"] == whole["frames"] and pieces["run"]["kept"] > 0
    assert but_for_the_run(pieces) == but_for_the_run(whole)
    assert verdicts(tmp_path / "pieces.mkv")["frames"]


def test_killed_between_the_name_and_the_record_the_next_run_writes_it(
    tmp_path: Path, weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_video(tmp_path / "a.mp4", count=12)
    output = tmp_path / "b.mp4"
    with monkeypatch.context() as patched:
        patched.setattr("temporal_colorize.provenance.finishing.write", lambda *_: (_ for _ in ()).throw(StoppedError))
        with pytest.raises(StoppedError):
            run(tmp_path / "a.mp4", output, weights)
    content = output.read_bytes()
    with pytest.raises(RecordError, match="or run infer"):
        verdicts(output)
    run(tmp_path / "a.mp4", output, weights, stop_after=0)  # nothing is coloured any more
    assert output.read_bytes() == content and False not in verdicts(output).values()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.mp4", "b.mp4", "b.mp4.json"]


def test_elsewhere_or_not_at_all(tmp_path: Path, weights: Path) -> None:
    write_video(tmp_path / "a.mp4", count=3)
    run(tmp_path / "a.mp4", tmp_path / "b.mp4", weights, record=False)
    assert not usual_path(tmp_path / "b.mp4").exists()
    run(tmp_path / "a.mp4", tmp_path / "b.mp4", weights, record=tmp_path / "r.json")
    assert verdicts(tmp_path / "b.mp4", record=tmp_path / "r.json")["luma"]
    with pytest.raises(RecordError, match="the output is complete"):
        run(tmp_path / "a.mp4", tmp_path / "b.mp4", weights, record=tmp_path / "nowhere" / "r.json")


def test_several_files_have_one_digest(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / name).write_text(name)
    one, two = ("ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb",
                "3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d")  # fmt: skip
    found = digest([tmp_path / "a", tmp_path / "b"])
    assert found == {"files": 2, "bytes": 2, "sha256": hashlib.sha256((one + two).encode()).hexdigest()}


def test_versions_are_those_that_run() -> None:
    import av
    import torch

    found = surroundings()
    assert found["packages"]["av"] == av.__version__
    assert torch.__version__.startswith(found["packages"]["torch"].partition("+")[0])
    assert set(found["ffmpeg"]) >= {"libavcodec", "libavformat"}


def test_the_same_once_more_gives_the_same_bytes(tmp_path: Path, weights: Path) -> None:
    write_video(tmp_path / "a.mov", count=12, audio="pcm_alaw")
    for name in ("1.mov", "2.mov", "1.mkv", "2.mkv"):  # sound that goes into .mkv by a way of its own
        run(tmp_path / "a.mov", tmp_path / name, weights, record=False)
    for suffix in ("mov", "mkv"):
        assert (tmp_path / f"1.{suffix}").read_bytes() == (tmp_path / f"2.{suffix}").read_bytes()


def test_files_that_colours_were_taken_from_are_named_and_checked(tmp_path: Path, weights: Path) -> None:
    write_video(tmp_path / "a.mp4", count=3)
    hints, output = tmp_path / "hints.json", tmp_path / "b.mp4"
    hints.write_text("[]")
    finishing = Provenance(CONFIG, [weights], {"lossless": True}, given={"hints": [hints]})
    session = Session(tiny_weights(), SessionOptions(size=64))
    colorize_video(tmp_path / "a.mp4", output, session, codec="libx264", options=LOSSLESS, finishing=finishing)
    assert read(output)["given"]["hints"]["sha256"] == hashlib.sha256(b"[]").hexdigest()
    assert verdicts(output)["hints"] is True
    hints.write_text("[ ]")
    assert verdicts(output)["hints"] is False
    hints.unlink()
    assert verdicts(output)["hints"] is None
