from pathlib import Path

import pytest

from temporal_colorize.inference.batch import Outcome, colorize_all, in_turn
from temporal_colorize.inference.footage import Footage, find_footage
from temporal_colorize.inference.report import Report
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


def test_an_interrupt_is_not_a_failure(folder: Path) -> None:
    def interrupted(item: Footage) -> Report:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        colorize_all(find_footage(str(folder)), in_turn(interrupted), folder=folder, settings={})
