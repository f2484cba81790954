"""Another process, with nothing but the options and plain values, colours a segment as the command would."""

import dataclasses
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from temporal_colorize.config.checking import check_coloring
from temporal_colorize.config.given import composed
from temporal_colorize.config.preparing import prepare
from temporal_colorize.inference.split import Finished, Start
from tests.support.networks import tiny_weights_file
from tests.support.videos import write_video

OTHER = """
import dataclasses, json, sys
from pathlib import Path
from temporal_colorize.config.given import composed
from temporal_colorize.config.preparing import prepare
from temporal_colorize.inference.split import Start
given = json.load(sys.stdin)
source, output = Path(given["options"]["video"]), Path(given["options"]["output"])
prepared = prepare(composed("infer", given["options"]), [source])
found = [prepared.color_segment(source, output, Start(**start)) for start in given["starts"]]
print(json.dumps([dataclasses.asdict(one) for one in found]))
"""


def test_in_another_process(tmp_path: Path) -> None:
    source, outputs = tmp_path / "a.mp4", [tmp_path / "whole.mp4", tmp_path / "split.mp4"]
    write_video(source, count=25, options={"crf": "20", "g": "12"})
    options = {"weights": str(tiny_weights_file(tmp_path)), "video": str(source), "segment": 10, "runtime": "torch",
               "inference.size": 64, "threads": 1, "record": False, "progress": False}  # fmt: skip

    def other(begun: Iterator[Start]) -> Iterator[Finished]:
        sent = {"options": {**options, "output": str(outputs[1])}, "starts": [vars(start) for start in begun]}
        assert len(sent["starts"]) == 3
        command = [sys.executable, "-c", OTHER]
        told = subprocess.run(command, input=json.dumps(sent), capture_output=True, text=True, check=True)
        yield from (Finished(**values) for values in json.loads(told.stdout))

    reports = []
    for output, run in zip(outputs, (None, other), strict=True):
        config = composed("infer", {**options, "output": str(output)})
        check_coloring(config)
        reports.append(prepare(config, [source]).colorize(source, output, run=run))
    assert outputs[1].read_bytes() == outputs[0].read_bytes()
    same = {field.name for field in dataclasses.fields(reports[0])} - {"output", "seconds", "profile"}
    assert {name: getattr(reports[1], name) for name in same} == {name: getattr(reports[0], name) for name in same}
