"""The programs: compose the configuration, build the objects, run them.

Nothing heavy is loaded here, so that `--help` and refusals come at once.
"""

import os
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path

from temporal_colorize.cli.asking import ask_once
from temporal_colorize.cli.evaluating import evaluate_once
from temporal_colorize.cli.exporting import export_once
from temporal_colorize.cli.guard import guarded
from temporal_colorize.cli.inferring import infer_once
from temporal_colorize.cli.living import with_live_encoder
from temporal_colorize.cli.plugins import check_alone, check_plugins
from temporal_colorize.cli.serving import serve_once
from temporal_colorize.cli.sweep_table import ended_by_a_table
from temporal_colorize.cli.training import train_once
from temporal_colorize.cli.verifying import verify_once
from temporal_colorize.config.composing import (
    build,
    compose,
    conf_folder,
    quote,
    quote_literals,
    refusal,
    require_options,
)  # fmt: skip
from temporal_colorize.config.unknown import unknown_in

__all__ = ["ask", "build", "compose", "conf_folder", "evaluate", "export", "infer", "serve", "train", "verify"]

_SWEEP = {"-m", "--multirun"}
_INFER_HELP = """Colour a monochrome video or picture.

usage: python infer.py video=PATH [output=PATH] [OPTION=VALUE ...]

  video=clip.mp4               a video or a picture; colour in it is ignored, its luma is used
  video=footage                many: a folder, video="footage/**/*.mp4", or video='[a.mp4,b.mp4]'
  video=frames/%05d.png        numbered pictures: one video
  output=PATH                  default: clip.color.mp4 beside the input; out.*: the usual suffix; of many: a folder
  video=rtsp://camera/stream   a live source, or a webcam's number; several: video='[rtsp://a,rtsp://b]'. docs/live.md
  output=pipe:1                of a live source: also rtsp://, rtmp://, .m3u8, or files: rec/%Y-%m-%d_%H-%M-%S.mp4
  weights=convlstm             shipped weights by name, a .safetensors file, or a public .pth or .caffemodel
  model=caffe                  runs a .caffemodel in OpenCV; any other refuses weights of another network
  encoder=x264|lossless|live   or its parts: encoder.codec=libx264 encoder.preset=medium encoder.crf=18
  vividness=0..1               0 honest (often greyish), 1 vivid (often wrong); default: what suits the weights
  temperature=T                1 the mean of the likely colours, 0.38 near the likeliest; default: by the weights
  variants=3                   the most probable colourings that differ: clip.color.1.mp4 ...; docs/names.md
  inference.size=192           shorter side of what the network sees, in pixels; default: by the weights
  device=auto                  cpu, cuda, mps
  runtime=auto                 torch, openvino, onnx: what computes the network; docs/runtimes.md
  precision=auto               fp32, bf16, fp16
  threads=N                    of the network on a CPU; default: all
  cache=FOLDER|off             where converted networks are kept; default: ~/.cache/temporal-colorize
  audio=copy|drop              the sound, bit for bit, or without
  deinterlace=auto|on|off      pictures that are marked as interlaced, all, or none
  rate=25                      pictures a second of a source without timestamps
  limits.pixels=67108864       of a picture; larger ones, and files of many streams, are refused; docs/hostile.md
  start=S end=S                only a part, in seconds
  resume=auto|off              go on with what a run that was stopped has kept, or throw it away
  engine=ray                   on a Ray cluster: ray.address=HOST:PORT, or this machine's cores; docs/cluster.md
  record=true|false|PATH       a JSON record beside the output, for verify.py; docs/provenance.md
  sheet=true|PATH              a contact sheet: clip.color.mp4.sheet.png
  report=done.json             what was done, or why it failed, as JSON; docs/jobs.md
  mark=true                    writes COLOURS ESTIMATED into the picture
  sign.certificate=PEM sign.key=PEM   signs the output with a C2PA manifest
  progress=true                on standard error: a bar on a terminal, else a line every progress_seconds=30
  --version                    which version this is

Every number's place is conf/infer.yaml. Exit status: 0 done, 1 some of many files failed, 2 bad input (nothing is
written), 130 interrupted (what is finished is kept: the same command goes on from there).
"""

_VERIFY_HELP = """Check a coloured file against the record beside it.

usage: python verify.py OUTPUT [record=PATH] [source=PATH] [weights=PATH]

  OUTPUT                       what infer.py wrote; output=PATH says the same
  record=PATH                  its record; default: OUTPUT.json beside it
  source=PATH                  what it was made of, where that has been moved
  weights=PATH                 likewise the weights, a file or a shipped name
  json=true                    prints one JSON object

Prints a line for each check. Exit status: 0 nothing differs, 1 something does, 2 bad input (no record).
"""

_ASK_HELP = """Ask which colours a thing in a monochrome video or picture could have.

usage: python ask.py video=PATH at=TIME box=LEFT,TOP,WIDTH,HEIGHT [OPTION=VALUE ...]

  video=clip.mp4          a video, numbered pictures (frames/%05d.png), or a picture
  at=12.4s                when the thing is there: 12.4s, 12.4 or 00:00:12.4; of a picture, none
  box=320,180,80,160      where, in the picture's pixels, as it is shown
  seconds=1               before and after that are looked at, too, as far as the thing is found
  warmup=2                seconds before those from which on the network remembers
  output=answer.json      the answer as JSON
  json=true               prints that, and no lines
  picture=answer.png      the answer as a picture
  weights=convlstm        and device, runtime, precision, threads, cache, inference.size, rate: as of infer.py

Every number's place is conf/ask.yaml; how often such answers are right: docs/names.md. Exit status: 0 done, 2 bad
input.
"""

_SERVE_HELP = """Open the web page and the REST endpoint.

usage: python serve.py [OPTION=VALUE ...]

  host=127.0.0.1               0.0.0.0 for other machines; then password= or insecure=true is needed
  port=7860                    0 for any that is free
  password=...                 of everybody; better in $TEMPORAL_COLORIZE_PASSWORD, where no list of processes has it
  insecure=true                or --insecure: others may reach it without a password
  cameras='[rtsp://a,Door=rtsp://b]'   that the page may open; none named: on localhost any, elsewhere none
  weights=convlstm             and device, runtime, precision, threads, cache, model: as of infer.py
  encoder=x264                 of all jobs, and likewise inference.size, gate, limits.pixels
  service.upload_mb=500        of a request
  service.seconds=600          of a video
  service.queue=20             jobs that wait; service.queue_each=3 of one visitor
  service.keep_seconds=3600    after which files of a visitor who does nothing are removed
  temporary=FOLDER             where those are; default: the system's folder for temporary files

Every number's place is conf/serve.yaml; docs/rest.md. Exit status: 0 stopped (Ctrl-C), 2 bad input, or the port is
taken.
"""


def train() -> None:
    """Run `train.py`: Hydra composes, launches and sweeps; `train_once` is one run."""
    _run(_train)


def infer() -> None:
    """Run `infer.py`."""
    _run(lambda arguments: infer_once(compose("infer", with_live_encoder(arguments))), _INFER_HELP)


def ask() -> None:
    """Run `ask.py`."""
    _run(lambda arguments: ask_once(compose("ask", arguments)), _ASK_HELP)


def serve() -> None:
    """Run `serve.py`; without arguments, too."""
    _run(_serve, _SERVE_HELP, alone=True)


def evaluate() -> None:
    """Run `evaluate.py`."""
    _run(lambda arguments: evaluate_once(compose("evaluate", arguments)))


def export() -> None:
    """Run `export.py`."""
    _run(lambda arguments: export_once(compose("export", arguments)))


def verify() -> None:
    """Run `verify.py`; a first argument that is no option is the output's name."""
    _run(_verify, _VERIFY_HELP)


def _run(program: Callable[[list[str]], None], help_text: str | None = None, *, alone: bool = False) -> None:
    """Answer --version and --help, or run with the arguments.

    Args:
        program: Is called with the arguments.
        help_text: None where Hydra or nobody answers --help.
        alone: Whether it runs without arguments; else they are asked for, by the help.
    """

    def run() -> None:
        arguments = sys.argv[1:]
        if "--version" in arguments:
            print(f"temporal-colorize {version('temporal-colorize')}")
        elif help_text and ({"-h", "--help"} & set(arguments) or not (arguments or alone)):
            print(help_text, end="")
            sys.exit(0 if arguments else 2)
        else:
            program(arguments)

    guarded(run)


def _train(arguments: list[str]) -> None:
    import hydra
    from hydra.errors import HydraException

    os.environ["HYDRA_FULL_ERROR"] = "1"  # errors reach `guarded`, which says them in one line
    flags = {argument for argument in arguments if argument.startswith("-")}
    options = [argument for argument in arguments if argument not in flags]
    if not flags:  # no sweep, no --help
        compose("train", arguments)
        check_alone(arguments)
        sys.argv[1:] = [*quote_literals(arguments), *_same_folder(arguments)]
    elif flags <= _SWEEP:
        check_plugins(options)
        require_options("train", [option for option in options if not option.startswith("~")])
        sys.argv[1:] = [*flags, *options]  # argparse wants options in one piece
    try:
        with ended_by_a_table():
            hydra.main(version_base="1.3", config_path=str(conf_folder()), config_name="train")(train_once)()
    except HydraException as error:
        if unknown_in(error) is None:
            raise
        raise refusal(error, "train", options) from error


def _serve(given: list[str]) -> None:
    arguments = ["insecure=true" if argument == "--insecure" else argument for argument in given]
    serve_once(compose("serve", arguments), arguments)


def _verify(arguments: list[str]) -> None:
    if arguments[0].partition("=")[0] not in ("output", "record", "source", "weights", "json"):
        arguments = [f"output={arguments[0]}", *arguments[1:]]
    verify_once(compose("verify", arguments))


def _same_folder(arguments: Sequence[str]) -> list[str]:
    """Make a resumed run go on in the folder of its checkpoint: best score, curves and weights stay together."""
    given = dict(argument.split("=", 1) for argument in arguments if "=" in argument)
    checkpoint = Path(given.get("resume", "null"))
    if checkpoint.parent.name != "checkpoints" or "output" in given or "hydra.run.dir" in given:
        return []
    folder = checkpoint.absolute().parents[1]
    return [f"{key}={quote(str(folder))}" for key in ("output", "hydra.run.dir")]
