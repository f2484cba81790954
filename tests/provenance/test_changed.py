"""What the record and verify.py say of files that change while colouring goes on, or afterwards."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from temporal_colorize.inference.session import Session, SessionOptions
from temporal_colorize.inference.video import colorize_video
from temporal_colorize.provenance.finishing import Provenance
from temporal_colorize.provenance.record import RecordError, usual_path
from tests.provenance.conftest import LOSSLESS, verdicts
from tests.provenance.test_record import CONFIG
from tests.support.networks import tiny_weights
from tests.support.videos import write_video


@pytest.mark.parametrize("changed", ["hints", "video", "weights"])
def test_what_is_replaced_while_it_runs_is_recorded_as_it_was_read(tmp_path: Path, weights: Path, changed: str) -> None:
    source, output, hints, model = (tmp_path / name for name in ("a.mp4", "b.mp4", "hints.json", "w.safetensors"))
    write_video(source, count=3)
    hints.write_text("[]")
    model.write_bytes(weights.read_bytes())
    finishing = Provenance(CONFIG, [model], {"lossless": True}, given={"hints": [hints]})
    session = Session(tiny_weights(), SessionOptions(size=64))
    steps = session.steps
    files = {"hints": hints, "video": source, "weights": model}
    content = files[changed].read_bytes()

    def replacing(clip: Any, hints: Any = None) -> list[Any]:
        files[changed].write_bytes(content + b" ")
        return steps(clip, hints)

    session.steps = replacing
    report = colorize_video(source, output, session, codec="libx264", options=LOSSLESS, finishing=finishing)
    assert report.notes[-1] == f"{changed} changed while this ran: not the file any more that was read"
    assert len(report.notes) == 1 or "still being written" in report.notes[0]
    record = json.loads(usual_path(output).read_text())
    assert record["done"]["notes"] == report.notes
    if changed != "video":  # whose hash is that of the file as it is now
        known = record["given"]["hints"] if changed == "hints" else record["weights"]
        assert known["sha256"] == hashlib.sha256(content).hexdigest() and verdicts(output)[changed] is False


@pytest.mark.parametrize(("option", "name"), [("confidence", "sure.mp4"), ("sheet", "sheet.jpg")])
def test_what_is_written_beside_is_checked(tmp_path: Path, weights: Path, option: str, name: str) -> None:
    write_video(tmp_path / "a.mp4", count=3)
    output, beside = tmp_path / "b.mp4", tmp_path / name
    session = Session(tiny_weights(), SessionOptions(size=64, confidence=True))
    finishing = Provenance(CONFIG, [weights], {"lossless": True})
    colorize_video(
        tmp_path / "a.mp4", output, session, codec="libx264", options=LOSSLESS, finishing=finishing, **{option: beside}
    )
    assert verdicts(output)[option] is True
    (tmp_path / "taken").mkdir()
    taken = [path.rename(tmp_path / "taken" / path.name) for path in (output, usual_path(output), beside)]
    assert verdicts(taken[0])[option] is True
    taken[2].write_bytes(taken[2].read_bytes() + b" ")
    assert verdicts(taken[0])[option] is False
    taken[2].unlink()
    assert verdicts(taken[0])[option] is None


def test_a_source_that_is_gone_at_the_end_is_one_line(tmp_path: Path, weights: Path) -> None:
    source = tmp_path / "a.mp4"
    write_video(source, count=3)
    session = Session(tiny_weights(), SessionOptions(size=64))
    steps = session.steps
    session.steps = lambda clip, hints=None: (source.unlink(missing_ok=True), steps(clip, hints))[1]
    finishing = Provenance(CONFIG, [weights], {"lossless": True})
    with pytest.raises(RecordError, match=r"a\.mp4 is gone .*the output is complete"):
        colorize_video(source, tmp_path / "b.mp4", session, codec="libx264", options=LOSSLESS, finishing=finishing)
    assert (tmp_path / "b.mp4").is_file()
