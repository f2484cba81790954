"""What stands in report= of a run that ended early, and which files are left alone."""

import json
from pathlib import Path

import pytest

from temporal_colorize import cli
from temporal_colorize.cli.reporting import failures_in, write_report
from tests.support.networks import tiny_weights_file
from tests.support.program import here
from tests.support.videos import write_video


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> str:
    return f"weights={tiny_weights_file(tmp_path_factory.mktemp('weights'))}"


def failed(report: Path, error: BaseException) -> dict[str, object]:
    with pytest.raises(type(error)), failures_in(str(report)):
        raise error
    return json.loads(report.read_text())


def test_a_refusal_stands_in_the_report_as_on_standard_error(weights: str, tmp_path: Path) -> None:
    report = tmp_path / "r.json"
    for bad in (f"video={tmp_path / 'gone.mp4'}", "video=rtsp://bob:hunter2@camera/hunter2"):
        status, _, said = here(
            cli.infer, weights, bad, "vividness=7", f"report={report}", f"output={tmp_path / 'o.mkv'}"
        )
        told = json.loads(report.read_text())
        assert (status, said) == (2, f"program.py: error: {told['error']}\n") and told["status"] == 2
        assert "hunter2" not in report.read_text()
    assert [path.name for path in tmp_path.iterdir()] == ["r.json"]


def test_an_earlier_report_gives_way_whatever_was_in_it(tmp_path: Path) -> None:
    report = tmp_path / "r.json"
    empty = {"output": "a.mp4", "frames": 3, "looks": 3}, {"variants": []}, {"cameras": []}, {"error": "", "status": 1}
    for content in (*empty, {"reports": [], "before": 0, "failures": []}):
        write_report(report, content)
        assert failed(report, ValueError("video=x: gone")) == {"error": "video=x: gone", "status": 2}


@pytest.mark.parametrize(("name", "content"), [
    ("clip.mp4", None), ("notes.txt", "mine"), ("hints.json", '[{"at": 1}]'), ("list.json", "[1]"), ("empty.mkv", ""),
    ("clip.color.mp4.json", '{"record": "temporal-colorize provenance", "output": {}, "frames": {}}'),
])  # fmt: skip
def test_no_file_of_anybody_is_written_over(weights: str, tmp_path: Path, name: str, content: str | None) -> None:
    clip, report = tmp_path / "clip.mp4", tmp_path / name
    write_video(clip, count=3)
    if content is not None:
        report.write_text(content)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    assert here(cli.infer, weights, f"video={clip}", "vividness=7", f"report={report}")[0] == 2
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_name_that_is_a_video_s_or_nowhere_is_left_alone(weights: str, tmp_path: Path) -> None:
    for report in (tmp_path / "gone.mp4", tmp_path / "nowhere" / "r.json", tmp_path):
        status, _, said = here(cli.infer, weights, f"video={tmp_path / 'gone.mp4'}", f"report={report}")
        assert status == 2 and said.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_what_ended_it_is_told_apart_by_the_status(tmp_path: Path) -> None:
    report, stopped = tmp_path / "r.json", KeyboardInterrupt()
    stopped.add_note("500 frames are kept")
    assert failed(report, stopped) == {"error": "interrupted; 500 frames are kept", "status": 130}
    unforeseen = failed(report, RuntimeError("at rtsp://bob:hunter2@cam/x"))
    assert unforeseen == {"error": "RuntimeError: at rtsp://***@cam/x", "status": 1}


def test_without_a_report_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match="bad"), failures_in(None):
        raise ValueError("bad")
    assert not list(tmp_path.iterdir())
