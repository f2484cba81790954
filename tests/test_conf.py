"""Every YAML in conf/ composes, and what it describes can be built."""

from pathlib import Path

import numpy as np
import pytest
import pytorch_lightning as pl
import torch
import yaml
from hydra.core.override_parser.overrides_parser import OverridesParser

from temporal_colorize import cli
from temporal_colorize.apps.server import ServerOptions
from temporal_colorize.apps.service import ServiceOptions
from temporal_colorize.cluster.options import ClusterOptions
from temporal_colorize.config.composing import several
from temporal_colorize.config.given import composed
from temporal_colorize.inference.gate import GateOptions
from temporal_colorize.inference.naming import NamingOptions
from temporal_colorize.inference.runtimes import RuntimeOptions
from temporal_colorize.inference.session import SessionOptions
from temporal_colorize.inference.variants import VariantOptions
from temporal_colorize.models.contract import ColorOutput
from temporal_colorize.training.module import ColorizationModule
from temporal_colorize.video import Limits
from tests.support.caffe import write_caffe

CONF = cli.conf_folder()
TRAIN_GROUPS = ("model", "data", "degrade", "loss", "optimizer", "trainer", "callbacks", "logger", "experiment")
TRAIN_GROUPS += ("sweep", "ablation")
INFER_GROUPS = ("inference", "encoder", "gate", "limits", "ray")
ASK_GROUPS = ("naming",)


def choices(group: str) -> list[str]:
    return sorted(path.stem for path in (CONF / group).glob("*.yaml"))


def test_no_yaml_is_forgotten_here() -> None:
    roots = {"train", "infer", "ask", "evaluate", "export", "serve", "verify", "notebook"}
    assert {path.stem for path in CONF.glob("*.yaml")} == roots
    assert {path.parent.name for path in CONF.glob("*/*.yaml")} == {*TRAIN_GROUPS, *INFER_GROUPS, *ASK_GROUPS}


@pytest.mark.parametrize(("group", "choice"), [(g, c) for g in TRAIN_GROUPS for c in choices(g) if c != "caffe"])
def test_training_choices_compose_and_build(group: str, choice: str, tmp_path: Path) -> None:
    config = cli.compose("train", [f"{group}={choice}", f"output={tmp_path}"])
    net = cli.build(config.model).eval()
    with torch.no_grad():
        output, _ = net(torch.zeros(1, 1, 1, net.stride, net.stride))
    assert isinstance(output, ColorOutput)
    optimizer = cli.build(config.optimizer)
    loss = cli.build(config.loss)
    degrade = cli.build(config.degrade)
    options = {**optimizer, **loss, "seed": config.seed, "degrade": degrade}
    make = options.pop("make")
    module = ColorizationModule(net, optimizer=make, **options)
    data = cli.build(config.data)
    callbacks = [cli.build(callback) for callback in config.callbacks.values() if callback]
    config.trainer.precision = "32-true"
    trainer = cli.build(config.trainer, callbacks=callbacks, logger=cli.build(config.logger))
    assert isinstance(trainer, pl.Trainer)
    assert isinstance(data, pl.LightningDataModule)
    assert module.log_weights.shape == (313,)


@pytest.mark.parametrize("choice", choices("sweep"))
def test_what_is_swept_is_an_option_that_takes_the_values(choice: str) -> None:
    params = yaml.safe_load((CONF / "sweep" / f"{choice}.yaml").read_text())["hydra"]["sweeper"]["params"]
    given = [f"{name}={values}" for name, values in params.items()]
    for override in OverridesParser.create().parse_overrides(given):
        swept = override.value()
        values = [swept.start, swept.end] if override.is_interval_sweep() else [*override.sweep_string_iterator()]
        assert len(values) > 1
        for value in values:
            assert cli.compose("train", [f"sweep={choice}", f"{override.key_or_group}={value}"])


PUBLISHED = {  # picture size, batch, epochs, learning rate, weight of MSE and of the classification
    "cnn": (256, 32, 50, 1e-4, 1, 0),
    "unet5": (256, 32, 50, 1e-4, 1, 0),
    "unet6": (256, 32, 100, 1e-4, 1, 0),
    "zhang": (192, 40, None, 3e-5, 0, 1),
    "siggraph17": (192, 32, 10, 1e-5, 1, 0),
    "fusion": (288, 100, 100, 1e-3, 1, 0),
}


@pytest.mark.parametrize("experiment", PUBLISHED)
def test_experiments_have_the_published_numbers(experiment: str) -> None:
    config = cli.compose("train", [f"experiment={experiment}", "weights=null"])
    size, batch, epochs, rate, regression, classification = PUBLISHED[experiment]
    assert (config.data.size, config.data.frames_a_batch) == (size, batch)
    assert epochs in (None, config.trainer.max_epochs)
    assert config.optimizer.lr == rate and config.optimizer.encoder_lr_scale == config.optimizer.last_lr_scale == 1
    assert (config.loss.regression, config.loss.classification, config.loss.temporal) == (regression, classification, 0)
    assert config.callbacks.average is None and config.data.still_share == 1


def test_the_last_unet_is_chosen_by_mae_and_decays_its_encoder_alone() -> None:
    config = cli.compose("train", ["experiment=unet6"])
    assert config.callbacks.best.monitor == "val/mae" and config.callbacks.best.mode == "min"
    assert config.optimizer.encoder_weight_decay > 0 == config.optimizer.weight_decay
    assert config.model.dropout > 0 and config.model.widths == cli.compose("train", ["model=unet5"]).model.widths


def test_the_opencv_network_is_not_for_training(tmp_path: Path) -> None:
    prototxt, caffemodel = write_caffe(tmp_path, width=8)
    config = cli.compose("train", ["model=caffe", f"model.prototxt={prototxt}", f"model.caffemodel={caffemodel}"])
    options = {**cli.build(config.optimizer), **cli.build(config.loss), "seed": 0}
    with pytest.raises(ValueError, match="model caffe has nothing to train"):
        ColorizationModule(cli.build(config.model), optimizer=options.pop("make"), **options)


@pytest.mark.parametrize("choice", choices("naming"))
def test_naming_composes_and_builds(choice: str) -> None:
    config = cli.compose("ask", [f"naming={choice}"])
    assert NamingOptions(**config.naming).arithmetic == config.naming.arithmetic


def test_variants_build() -> None:
    assert VariantOptions(**cli.compose("infer", []).variant).regions > 0


@pytest.mark.parametrize(("group", "choice"), [(g, c) for g in INFER_GROUPS for c in choices(g)])
def test_inference_choices_compose_and_build(group: str, choice: str) -> None:
    config = cli.compose("infer", [f"{group}={choice}"])
    SessionOptions(vividness=config.vividness, temperature=config.temperature, **config.inference)
    ClusterOptions(**config.ray)
    assert config.encoder.codec
    assert config.gate.every is None or GateOptions(**config.gate) == GateOptions()  # one set of numbers
    assert Limits(**config.limits) == Limits()


@pytest.mark.parametrize("program", ["evaluate", "export"])
def test_other_programs_compose(program: str) -> None:
    config = cli.compose(program, ["data.root=/somewhere"])
    assert config.data.root == "/somewhere"


@pytest.mark.parametrize("program", ["infer", "evaluate"])
def test_runtimes_compose_and_build(program: str) -> None:
    config = cli.compose(program, ["data.root=/somewhere"] if program == "evaluate" else [])
    options = RuntimeOptions(**{name: config[name] for name in ("runtime", "precision", "threads", "cache")})
    assert options.chosen(torch.device("cpu")) == ("torch" if program == "evaluate" else "openvino")


@pytest.mark.parametrize(
    "path",
    [
        "Cam 3 (north), 2024=05.mp4",
        "it's [a] {b}: c?.mp4",
        "back\\slash\\",
        "'quoted'",
        "${HOME}",
        "\\${x} \\'y\\'",
        " leading and trailing ",
        "Überwachung–1.mp4",
        "a,b,c",
        "null.mp4",
    ],
)
def test_any_path_a_shell_can_pass_arrives_unchanged(path: str) -> None:
    assert cli.compose("infer", [f"video={path}"]).video == path


@pytest.mark.parametrize("option", ["hints", "reference", "confidence", "report", "record", "output", "sheet"])
def test_so_does_every_other_path(option: str) -> None:
    path = "/x/h, (1).json"
    assert cli.compose("infer", [f"{option}={path}"])[option] == path


def test_references_may_be_several() -> None:
    assert cli.compose("infer", ["reference=[day (1).jpg, it's.mp4]"]).reference == ["day (1).jpg", "it's.mp4"]


def test_a_path_may_be_null() -> None:
    assert cli.compose("infer", ["output=null"]).output is None
    for option in ("record", "sheet"):
        assert cli.compose("infer", [f"{option}=True"])[option] is True
        assert cli.compose("infer", [f"{option}=no"])[option] == "no"


@pytest.mark.parametrize("path", ["day,1.jpg", "it's [2].jpg", "null", "${HOME}", " a ", "back\\"])
def test_any_path_in_a_list_from_python_arrives_unchanged(path: str) -> None:
    assert several(composed("infer", {"reference": [path, Path("b,c.jpg")]}).reference) == [path, "b,c.jpg"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"reference": np.zeros((2, 2, 3))}, "reference is given a ndarray: a path is needed"),
        ({"reference": [{"at": 0}]}, "reference is given a dict: a path is needed"),
        ({"hints": [{"at": 0}]}, "hints is given a list: one path is needed"),
        ({"variant": {"regions": 2}}, "variant is given a dict: give text, a number"),
    ],
)
def test_what_no_command_line_could_say_is_refused(options: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=f"^{words}"):
        composed("infer", options)


@pytest.mark.parametrize(
    ("program", "override", "words"),
    [
        ("infer", "vividnes=0.5", "vividnes is no option; did you mean vividness?"),
        ("infer", "crf=18", "crf is no option; did you mean encoder.crf?"),
        ("infer", "~gat=auto", "gat is no option; did you mean gate?"),
        ("infer", "colourfulness=1", "colourfulness is no option: see --help, and conf/infer.yaml, where all are"),
        ("infer", "--vividness=1", "'--vividness=1' is no option: write vividness=1"),
        ("train", "traner.max_epochs=3", "traner.max_epochs is no option; did you mean trainer.max_epochs?"),
        ("serve", "prt=1", "prt is no option; did you mean port?"),
        ("export", "data.rot=x", "data.rot is no option; did you mean data.root?"),
    ],
)
def test_a_mistyped_option_is_told_what_it_is_near_to(program: str, override: str, words: str) -> None:
    with pytest.raises(ValueError) as error:
        cli.compose(program, [override])
    assert str(error.value) == words


def test_what_a_group_has_is_known_once_it_is_chosen() -> None:
    with pytest.raises(ValueError, match=r"did you mean model\.widths"):
        cli.compose("train", ["model=unet5", "model.widhts=[1]"])


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        (["encoder=h266"], "encoder/h266"),
        (["speed=9"], "speed"),
        (["clip.mp4"], "video=clip.mp4"),
        (["inference.size=[1"], r"'\[1'"),
    ],
)
def test_what_does_not_compose_is_said_in_one_line(overrides: list[str], words: str) -> None:
    with pytest.raises(ValueError, match=words) as error:
        cli.compose("infer", overrides)
    assert "\n" not in str(error.value)


def test_serve_has_the_numbers_of_the_classes() -> None:
    config = cli.compose("serve", [])
    assert ServiceOptions(**config.service) == ServiceOptions()
    names = set(ServerOptions.__dataclass_fields__) - {"cameras"}
    assert ServerOptions(**{name: config[name] for name in names}) == ServerOptions() and list(config.cameras) == []
