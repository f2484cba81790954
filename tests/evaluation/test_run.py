import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from temporal_colorize import cli
from temporal_colorize.cli.evaluating import evaluate_once
from temporal_colorize.evaluation.measured import Evaluation
from temporal_colorize.evaluation.name_tables import name_summary
from temporal_colorize.evaluation.painter import Condition
from temporal_colorize.evaluation.report import contact_sheet
from temporal_colorize.evaluation.run import Plan, evaluate
from temporal_colorize.evaluation.scenes import find_scenes
from temporal_colorize.inference.naming import NamingOptions
from temporal_colorize.inference.runtimes import RuntimeOptions
from temporal_colorize.inference.session import SessionOptions
from tests.support.networks import tiny_weights_file
from tests.support.program import run
from tests.support.videos import write_video

CONDITIONS = (
    Condition(name="clean", vividness=(None, 1), most_frames=6, named=True),
    Condition(name="first frame given", first_frame=True, clips_only=True),
)

NAMING = NamingOptions(arithmetic=1, geometric=0, difference=100, reach=0)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_video(tmp_path / "cctv-1.mp4", count=8)
    rng = np.random.default_rng(0)
    for name in ("one.png", "two.png"):
        cv2.imwrite(str(tmp_path / name), cv2.resize(rng.integers(0, 255, (5, 6, 3), np.uint8), (96, 64)))
    return tmp_path


def measured(folder: Path, *, workers: int = 1) -> Evaluation:
    options = {"pictures": "*.png", "videos": "*.mp4", "groups": {"ones": "*one*"}, "every": 1}
    plan = Plan(
        weights=(str(tiny_weights_file(folder)),),
        conditions=CONDITIONS,
        options=SessionOptions(size=64),
        runtime=RuntimeOptions(runtime="torch"),
        device="cpu",
        naming=NAMING,
        central=("ones",),
        drift_frames=35,
        drift_scenes=1,
    )
    return evaluate(find_scenes(root=str(folder), **options), plan, workers=workers, shown=2)


def test_every_scene_counts_in_its_groups_under_its_conditions(folder: Path) -> None:
    result = measured(folder)
    rows = ["grey", "tiny, default", "tiny, vividness 1", "truth"]
    assert {group: sorted(table) for group, table in result.scores["clean"].items()} == {
        "stills": rows,
        "ones": rows,
        "cctv clips": rows,
    }
    given = result.scores["first frame given"]
    assert {group: sorted(table) for group, table in given.items()} == {
        "cctv clips": ["grey", "tiny, default", "truth"]
    }
    assert given["cctv clips"]["grey"]["frames"] == 7  # of 8 the first is given; the other conditions take 6
    assert result.scores["clean"]["cctv clips"]["grey"]["frames"] == 6
    stills = result.scores["clean"]["stills"]
    assert stills["grey"]["colourfulness / truth"] == pytest.approx(0, abs=1e-3)
    assert stills["truth"]["AuC"] == 100 > stills["grey"]["AuC"]
    assert "Frechet-Lite2" in stills["grey"] and 0 <= stills["tiny, default"]["ECE"] <= 1
    drifts = result.drift["tiny"]  # of a still and of a clip
    assert {name.rpartition("/")[2]: len(distances) for name, distances in drifts.items()} == {
        "one.png": 35 - 30 - 1,
        "cctv-1.mp4": 35 - 30 - 1,
    }
    shown = {scene.name.rpartition("/")[2]: scene for scene in result.shown}
    assert {name: [moment.number for moment in scene.moments] for name, scene in shown.items()} == {
        "one.png": [1],
        "cctv-1.mp4": [1, 3, 6],  # of the first condition's six
    }
    first, *others = ([*moment.pictures] for scene in shown.values() for moment in scene.moments[-1:])
    assert first == rows and others == [["grey", "tiny, default", "truth"]]
    assert contact_sheet(result).shape[0] == 2 * (128 + 2)


def test_confidence_is_judged_and_every_scene_weighs_the_same_in_its_curve(folder: Path) -> None:
    result = measured(folder)
    row = result.scores["clean"]["stills"]["tiny, default"]
    assert 0 <= row["confidence ECE"] <= 1 and 0 < row["ab error at half coverage, % of all"] < 200
    both = sum(half.counted for half in result.everything["tiny"].said)
    assert both == pytest.approx(3)  # two stills and a clip, under the one condition that calibrates


def test_several_processes_measure_the_same(folder: Path) -> None:
    two, one = measured(folder, workers=2), measured(folder)
    assert two.scores == one.scores
    assert name_summary(two.names, NAMING) == name_summary(one.names, NAMING)


def test_things_are_named_where_a_condition_asks_for_it(folder: Path) -> None:
    names = measured(folder).names
    assert {condition for condition, _, _ in names} == {"clean"}
    ones = sum(len(scene) for scene in names["clean", "ones", "tiny"].scenes)
    assert ones <= 1 < sum(len(scene) for scene in names["clean", "stills", "tiny"].scenes)  # the middle alone


def test_the_program_writes_its_report(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    weights = tiny_weights_file(tmp_path)
    result = run(
        "evaluate.py",
        *(f"data.root={folder}", "data.pictures=*.png", "data.videos=*.mp4", f"weights=[convlstm,{weights}]"),
        *("drift.frames=0", "degradations=[medium]", "sizes=[64]", f"output={out}"),
    )
    assert result.returncode == 0, result.stderr
    written = {"report.html", "scenes", "report.md", "report.json", "sheet.png", "convlstm.png", "tiny.png"}
    assert {path.name for path in out.iterdir()} == written
    report = json.loads((out / "report.json").read_text())
    stills = report["scores"]["clean"]["stills"]
    assert stills["truth"]["PSNR"] is None and stills["truth"]["AuC"] == 100
    gain = stills["convlstm, honest"]["AuC"] - stills["grey"]["AuC"]
    assert report["summary"]["convlstm"]["stills"]["AuC over grey, honest"] == pytest.approx(gain)
    clips = report["summary"]["convlstm"]["cctv clips"]
    assert {"first frame given: PSNR", "flicker / that with the state reset every frame"} <= set(clips)
    assert "gate on: flicker, % of that with it off" in clips and "as infer.py does it, gate off: PSNR" in clips
    assert report["scores"]["gate on"]["cctv clips"]["tiny, default"]["frames"] == 8
    text = (out / "report.md").read_text()
    cost = report["costs"]["tiny"]
    side_by_side = next(line for line in text.splitlines() if line.startswith("| tiny |"))
    assert f"| {cost['parameters, M']:.2f} | {cost['GFLOP a frame']:.2f} |" in side_by_side
    moments = report["moments"]["cctv-1.mp4"]
    last = moments["8"]
    assert [*moments] == ["1", "5", "8"] and last["tiny, default"] > last["truth"] == 0
    errors = " | ".join(f"{last[row]:.2f}" for row in ("grey", "convlstm, default", "tiny, default"))
    assert f"| cctv-1.mp4, frame 8 of 8 | {errors} |" in text
    assert "## convlstm" in text and "### degrade=medium: cctv clips" in text and "### size 64: stills" in text
    assert cv2.imread(str(out / "convlstm.png")).std() > 10
    assert report["names"]["clean"]["stills"]["scores"]["tiny"]["regions"] > 1 and "### names, clean: stills" in text


@pytest.mark.parametrize(
    "option",
    [
        "data.root=/no/where",
        "degradations=fog",
        "workers=0",
        "data.every=0",
        "drift.frames=20",
        "sizes=[tall]",
        "vividness=[3]",
        "most_frames=2",
        "weights=[convlstm,convlstm]",
        "calibrate=curve.onnx",
        "calibrate=/no/where/a.safetensors",
        "names.central=[cars]",
        "data.split=tuning",
        "shown.scenes=0",
        "shown.moments=0",
    ],
)
def test_bad_options_are_refused_in_one_line(folder: Path, option: str) -> None:
    data = [f"data.root={folder}", "data.pictures=*.png", "data.videos=*.mp4", f"output={folder / 'out'}"]
    with pytest.raises(ValueError, match=option.partition("=")[2].strip("[]").split(",")[0]):
        evaluate_once(cli.compose("evaluate", [*data, option]))


def test_the_program_refuses_with_status_2() -> None:
    result = run("evaluate.py", "data.root=.", "workers=0")
    assert result.returncode == 2 and len(result.stderr.strip().splitlines()) == 1
