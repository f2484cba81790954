"""What infer.py refuses: one line, exit status 2, and nothing is left behind or lost."""

from pathlib import Path

import pytest

from temporal_colorize import cli
from tests.support.networks import tiny_weights_file
from tests.support.program import here, run
from tests.support.videos import write_audio, write_video

FAST = ("inference.size=64", "encoder.preset=ultrafast", "progress=false")


def bad_inputs(folder: Path, weights: Path) -> dict[str, tuple[list[str], list[str]]]:
    """Arguments of a run, and words that its one line must have."""
    clip = folder / "clip.mp4"
    write_video(clip, count=4)
    (folder / "empty.mp4").touch()
    (folder / "text.mp4").write_text("no video at all\n" * 100)
    (folder / "cut.mp4").write_bytes(clip.read_bytes()[:700])
    write_audio(folder / "sound.mp4")
    (folder / "text.jpg").write_text("no picture")
    zero = folder / "zero.mkv"
    zero.write_bytes(header_only(folder))
    names = ("gone.mp4", "empty.mp4", "text.mp4", "cut.mp4", "sound.mp4", "zero.mkv", "text.jpg", "gone.jpg")
    lines = {name: ([f"video={folder / name}"], [name]) for name in names}
    (folder / "nothing").mkdir()
    lines["a folder without videos"] = ([f"video={folder / 'nothing'}"], ["nothing", "no videos or pictures"])
    lines["no video"] = ([], ["video", "python infer.py video="])
    lines["output folder"] = ([f"video={clip}", f"output={folder / 'nowhere' / 'out.mp4'}"], ["out.mp4"])
    lines["output is input"] = ([f"video={clip}", f"output={clip}"], ["clip.mp4"])
    lines["output suffix"] = ([f"video={clip}", f"output={folder / 'out.txt'}"], ["out.txt", ".mp4"])
    lines["weights"] = ([f"video={clip}", "weights=nothing"], ["weights=nothing", "shipped"])
    lines["weights of text"] = ([f"video={clip}", f"weights={folder / 'text.mp4'}"], ["text.mp4", "safetensors"])
    lines["mark"] = ([f"video={clip}", "mark=bold"], ["mark=bold", "true, false"])
    lines["record"] = ([f"video={clip}", f"record={folder / 'nowhere' / 'r.json'}"], ["record=", "no such folder"])
    lines["report switch"] = ([f"video={clip}", "report=true"], ["report=true", "no file's name"])
    for name in ("report", "record"):  # of somebody else, perhaps
        of_clip = [f"video={clip}", f"{name}={folder / 'cut.mp4'}"]
        lines[f"{name} of a video's name"] = (of_clip, [f"{name}=", "name it .json"])
    many = [f"video=[{clip},{folder / 'cut.mp4'}]"]
    lines["one record of many"] = ([*many, f"record={folder / 'r.json'}"], ["record=", "one file"])
    lines["certificate"] = ([f"video={clip}", f"sign.certificate={folder / 'no.pem'}"], ["sign.key is missing"])
    key = [f"sign.certificate={folder / 'no.pem'}", f"sign.key={folder / 'no.pem'}"]
    lines["no certificate"] = ([f"video={clip}", *key], ["sign.certificate=", "no.pem"])
    lines["model"] = ([f"video={clip}", "model=zhang99"], ["model/zhang99", "siggraph17"])
    lines["codec"] = ([f"video={clip}", "encoder.codec=libx999"], ["libx999"])
    lines["crf"] = ([f"video={clip}", "encoder.crf=purple"], ["crf"])
    lines["option"] = ([f"video={clip}", "colour=1"], ["colour"])
    lines["vividness"] = ([f"video={clip}", "vividness=7"], ["vividness=7"])
    lines["size"] = ([f"video={clip}", "inference.size=big"], ["inference.size=big"])
    lines["decoder"] = ([f"video={clip}", "decoder=gpu"], ["decoder=gpu", "vaapi"])
    lines["deinterlace"] = ([f"video={clip}", "deinterlace=yes"], ["deinterlace=yes", "auto, on, off"])
    lines["rate"] = ([f"video={clip}", "rate=fast"], ["rate=fast", "number"])
    lines["sequence"] = ([f"video={folder / 'frames%04d.png'}"], ["frames%04d.png", "digits"])
    lines["lossless"] = ([f"video={clip}", "encoder=lossless", "encoder.codec=h264_nvenc"], ["h264_nvenc", "libx264"])
    lines["abstain"] = ([f"video={clip}", "abstain=2"], ["abstain=2"])
    lines["confidence"] = ([f"video={clip}", f"confidence={folder / 'sure.avi'}"], ["confidence=", "sure.avi", ".mp4"])
    lines["confidence style"] = ([f"video={clip}", "confidence_style=jet"], ["confidence_style=jet", "viridis"])
    nowhere = f"confidence={folder / 'nowhere' / 'sure.mp4'}"
    lines["confidence nowhere"] = ([f"video={clip}", nowhere], ["confidence=", "no such folder"])
    lines["confidence switch"] = ([f"video={clip}", "confidence=true"], ["confidence=true", "end the name in .mp4"])
    lines["hints of a number"] = ([f"video={clip}", "hints=5"], ["hints=5", "file"])
    lines["many hints"] = ([f"video={clip}", "hints=[a.json,b.json]"], ["hints=[a.json,b.json]", "no such file"])
    lines["confidence of many"] = ([f"video={folder}", "confidence=sure.mp4"], ["confidence=sure.mp4", "one file"])
    lines["device"] = ([f"video={clip}", "device=tpu"], ["device=tpu"])
    return {name: ([f"weights={weights}", *FAST, *arguments], words) for name, (arguments, words) in lines.items()}


def header_only(folder: Path) -> bytes:
    """An MKV whose header promises a video stream that has no picture."""
    write_video(folder / "whole.mkv", count=2)
    content = (folder / "whole.mkv").read_bytes()
    (folder / "whole.mkv").unlink()
    return content[: content.index(b"\x1f\x43\xb6\x75")]  # up to the first Cluster


def test_a_bad_input_ends_with_one_line_and_status_2(tmp_path_factory: pytest.TempPathFactory, tmp_path: Path) -> None:
    """One interpreter runs them all, each from `infer`'s own door, since starting one costs seconds."""
    cases = bad_inputs(tmp_path, tiny_weights_file(tmp_path_factory.mktemp("weights")))
    before = sorted(tmp_path.iterdir())
    clip = (tmp_path / "clip.mp4").read_bytes()
    failures = []
    for name, (arguments, words) in cases.items():
        status, out, said = here(cli.infer, *arguments)
        lines = said.splitlines()
        if status != 2 or out or len(lines) != 1 or not lines[0].startswith("program.py: error: "):
            failures.append(f"{name}: status {status}, said {said!r}")
        elif not all(word in lines[0] for word in words):
            failures.append(f"{name}: {lines[0]!r} lacks one of {words}")
    assert not failures, "\n".join(failures)
    assert sorted(tmp_path.iterdir()) == before, "something was left behind"
    assert (tmp_path / "clip.mp4").read_bytes() == clip


def test_a_missing_file_from_the_shell(tmp_path: Path) -> None:
    result = run("infer.py", f"video={tmp_path / 'gone.mp4'}")
    assert result.returncode == 2
    assert result.stderr.startswith("infer.py: error: ") and result.stderr.count("\n") == 1
    assert "gone.mp4" in result.stderr and result.stdout == ""
