from pathlib import Path

import pytest

from temporal_colorize.inference.batch import Outcome, colorize_all, in_turn
from temporal_colorize.inference.footage import Footage, find_footage
from temporal_colorize.inference.report import Report
from temporal_colorize.remote import RemotePath, StoreError
from temporal_colorize.video import VideoError


class Colorizer:
    """Writes outputs without colouring; fails for the names it is given."""

    def __init__(self, *broken: str) -> None:
        self.broken, self.done = broken, []

    def __call__(self, item: Footage) -> Report:
        if item.source.name in self.broken:
            raise VideoError(f"{item.source}: not a video") if "bad" in item.source.name else RuntimeError("odd")
        self.done.append(item.source.name)
        output = item.output(None).with_suffix(".mp4")
        output.write_bytes(b"x")
        return Report(output=output, frames=1, seconds=1.0, looks=1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("a.mp4", "bad.mp4", "c.mp4", "odd.mp4"):
        (tmp_path / name).write_text(name)
    return tmp_path


def colorize(folder: Path, colorizer: Colorizer, *, resume: bool = True, **settings: object) -> Outcome:
    return colorize_all(find_footage(str(folder)), in_turn(colorizer), folder=folder, settings=settings, resume=resume)


def test_failures_do_not_stop_the_rest_and_are_listed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    outcome = colorize(folder, Colorizer("bad.mp4", "odd.mp4"))
    said = capsys.readouterr()
    assert str(outcome) == (
        f"4 files: 2 coloured, 2 failed:\n  {folder}/bad.mp4: not a video\n  {folder}/odd.mp4: RuntimeError: odd"
    )
    assert said.out.count("\n") == 2 and said.err.count("failed: ") == 2


def test_a_file_that_is_not_there_fails_as_it_does_alone(folder: Path) -> None:
    footage = find_footage([str(folder / "a.mp4"), str(folder / "north" / "no.mp4")])
    outcome = colorize_all(footage, in_turn(Colorizer()), folder=folder, settings={})
    assert outcome.failures == [f"{folder}/north/no.mp4: there is no such file; check the path"]
    assert len(outcome.reports) == 1 and not (folder / "north").exists()


def test_only_the_rest_is_done_again(folder: Path) -> None:
    colorize(folder, Colorizer("bad.mp4"))
    (folder / "c.mp4").write_text("another c")
    (folder / "odd.color.mp4").unlink()
    again = Colorizer()
    assert colorize(folder, again).before == 1
    assert again.done == ["bad.mp4", "c.mp4", "odd.mp4"]
    assert {path.suffix for path in folder.iterdir()} == {".mp4"}, "nothing failed: the journal goes"
    once_more = Colorizer()
    colorize(folder, once_more)
    assert len(once_more.done) == 4


def test_other_settings_and_resume_off_do_everything(folder: Path) -> None:
    colorize(folder, Colorizer("bad.mp4"), crf=18)
    other, same, off = Colorizer("bad.mp4"), Colorizer("bad.mp4"), Colorizer("bad.mp4")
    colorize(folder, other, crf=20)
    colorize(folder, same, crf=18)
    colorize(folder, off, crf=18, resume=False)
    assert (len(other.done), len(same.done), len(off.done)) == (3, 0, 3)


def test_a_journal_that_a_kill_cut_off(folder: Path) -> None:
    colorize(folder, Colorizer("bad.mp4"))
    (journal,) = folder.glob(".temporal-colorize-*.jsonl")
    journal.write_text(journal.read_text() + '{"source": "')
    assert colorize(folder, Colorizer("bad.mp4")).before == 3


def test_what_is_done_after_a_line_was_cut_off_counts(folder: Path) -> None:
    colorize(folder, Colorizer("bad.mp4", "odd.mp4"))
    (journal,) = folder.glob(".temporal-colorize-*.jsonl")
    journal.write_text(journal.read_text() + '{"source": "')
    assert colorize(folder, Colorizer("bad.mp4")).before == 2
    assert colorize(folder, Colorizer("bad.mp4")).before == 3


def test_an_interrupt_is_not_a_failure(folder: Path) -> None:
    def interrupted(item: Footage) -> Report:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        colorize_all(find_footage(str(folder)), in_turn(interrupted), folder=folder, settings={})


def test_a_store_that_refuses_to_say_what_is_done_does_not_stop_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It answers 503 when asked about one source, and about the output of another."""
    refused: set[str] = set()

    def ask(path: RemotePath, _: object) -> object:
        if path.name in refused:
            raise StoreError(f"{path}: the store refuses (503)")
        return {"size": 1, "ETag": path.name}

    def colorized(item: Footage) -> Report:
        if item.source.name in refused:
            raise StoreError(f"{item.source}: the store refuses (503)")
        return Report(output=item.output(None).with_suffix(".mp4"), frames=1, seconds=1.0, looks=1)

    def outcome() -> Outcome:
        return colorize_all(footage, in_turn(colorized), folder=tmp_path, settings={})

    monkeypatch.setattr(RemotePath, "ask", ask)
    monkeypatch.setattr(RemotePath, "is_dir", lambda _: False)
    footage = find_footage([f"s3://bucket/{name}.mp4" for name in "abcd"])
    refused.add("d.mp4")
    assert len(outcome().failures) == 1
    refused.update({"a.mp4", "b.color.mp4"})
    again = outcome()
    assert again.before == 1 and [report.output.name for report in again.reports] == ["b.color.mp4"]
    assert [line.partition(": ")[0] for line in again.failures] == ["s3://bucket/a.mp4", "s3://bucket/d.mp4"]
