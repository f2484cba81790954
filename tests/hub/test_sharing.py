"""Weights go to the hub and come from it; nothing here leaves the machine."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import huggingface_hub
import numpy as np
import pytest
from huggingface_hub import constants, hub_mixin

from temporal_colorize import Colorizer
from temporal_colorize.hub import repository
from temporal_colorize.hub.sharing import is_repository
from temporal_colorize.inference.statement import STATEMENT
from temporal_colorize.inference.weights import WeightsError, shipped_folder, weights_digest
from tests.support.hub import COMMIT, hub, in_cache
from tests.support.networks import tiny_weights_file

OPTIONS = {"runtime": "torch", "device": "cpu"}
GREY = np.linspace(30, 220, 64 * 64).reshape(64, 64).astype(np.uint8)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("hub")


@pytest.fixture(scope="module")
def colorizer(folder: Path) -> Colorizer:
    return Colorizer.load(tiny_weights_file(folder), **OPTIONS)


@pytest.fixture(scope="module")
def saved(folder: Path, colorizer: Colorizer) -> Path:
    colorizer.save_pretrained(folder / "saved")
    return folder / "saved"


def colours(colorizer: Colorizer) -> np.ndarray:
    return colorizer.image(GREY, **{"inference.size": 64}).rgb


def test_a_folder_gives_the_same_colours(saved: Path, colorizer: Colorizer) -> None:
    assert sorted(path.name for path in saved.iterdir()) == ["README.md", "config.json", "tiny.safetensors"]
    assert weights_digest(str(saved / "tiny.safetensors")) == weights_digest(colorizer.weights)
    expected = colours(colorizer)
    for again in (Colorizer.from_pretrained(saved, **OPTIONS), Colorizer.load(saved, **OPTIONS)):
        assert np.array_equal(colours(again), expected)


def test_config_says_what_the_file_says(saved: Path) -> None:
    config = json.loads((saved / "config.json").read_text())
    assert config["weights"] == "tiny.safetensors" and config["architecture"] == "convlstm"
    assert config["decoding"] == {"vividness": 0.5, "temperature": 0.38, "calibration": 1.0}


def test_a_card_of_unknown_weights_says_so_and_is_not_written_over(saved: Path, colorizer: Colorizer) -> None:
    card = huggingface_hub.ModelCard.load(saved / "README.md")
    assert card.data.library_name == "temporal-colorize" and card.data.license == "apache-2.0"
    assert STATEMENT in card.text and "nothing is known" in card.text
    (saved / "README.md").write_text("my own\n")
    colorizer.save_pretrained(saved)
    assert (saved / "README.md").read_text() == "my own\n"


def test_the_card_of_shipped_weights_has_their_limits() -> None:
    text = repository.Repository(str(shipped_folder() / "convlstm.safetensors")).generate_model_card().text
    assert "**Limits.**" in text and "On infrared footage its colours mean nothing" in text
    assert "| CCTV stills, default: raw AuC over grey | above 0 | -2.15 | **no** |" in text


def test_load_takes_a_repository_of_the_cache(
    saved: Path, colorizer: Colorizer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_cache(tmp_path, "somebody/tiny", saved)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    again = Colorizer.load("somebody/tiny", cache_dir=tmp_path, **OPTIONS)
    assert Path(again.weights).name == "tiny.safetensors" and COMMIT in again.weights
    assert np.array_equal(colours(again), colours(colorizer))
    with pytest.raises(WeightsError, match=r"somebody/else: .*cannot be reached") as caught:
        Colorizer.load("somebody/else", cache_dir=tmp_path)
    assert "\n" not in str(caught.value)


def test_a_repository_is_downloaded(
    saved: Path, colorizer: Colorizer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with hub({"somebody/tiny": saved}, monkeypatch) as asked:
        again = Colorizer.from_pretrained(
            "somebody/tiny", revision="v2", token="hf_secret", cache_dir=tmp_path, **OPTIONS
        )
    assert np.array_equal(colours(again), colours(colorizer))
    assert {path for path, _ in asked} == {
        f"/somebody/tiny/resolve/v2/{name}" for name in ("config.json", "tiny.safetensors")
    }
    assert {token for _, token in asked} == {"Bearer hf_secret"}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "no weights of temporal-colorize"),
        ('{"architectures": ["Gpt"]}', "names no weights of temporal-colorize"),
        ('{"weights": "../../secret.safetensors"}', "names no weights of temporal-colorize"),
        ('{"weights": "code.bin"}', "names no weights of temporal-colorize"),
        ('{"weights": "missing.safetensors"}', "no weights of temporal-colorize"),
        ("[1]", "names no weights of temporal-colorize"),
        ("{", "Expecting"),
    ],
)
def test_what_is_none_of_ours_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str | None, said: str
) -> None:
    (tmp_path / "theirs").mkdir()
    if content is not None:
        (tmp_path / "theirs" / "config.json").write_text(content)
    with hub({"somebody/else": tmp_path / "theirs"}, monkeypatch):
        with pytest.raises(WeightsError, match=said) as caught:
            Colorizer.load("somebody/else", cache_dir=tmp_path / "cache")
        assert "somebody/else" in str(caught.value) and "\n" not in str(caught.value)
        with pytest.raises(WeightsError, match=r"nobody/none: .*no such repository"):
            Colorizer.load("nobody/none", cache_dir=tmp_path / "cache")


def test_push_sends_what_is_saved(colorizer: Colorizer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    calls: list[tuple[str, dict[str, object]]] = []

    class Api:
        """What the mixin calls of `huggingface_hub.HfApi`."""

        def __init__(self, token: str | None = None) -> None:
            calls.append(("token", {"token": token}))

        def create_repo(self, repo_id: str, **options: object) -> SimpleNamespace:
            calls.append(("create", {"repo_id": repo_id, **options}))
            return SimpleNamespace(repo_id=repo_id)

        def upload_folder(self, *, folder_path: Path, **options: object) -> str:
            shutil.copytree(folder_path, tmp_path / "sent")
            calls.append(("upload", options))
            return "https://huggingface.co/me/mine/commit/1"

    monkeypatch.setattr(hub_mixin, "HfApi", Api)
    address = colorizer.push_to_hub("me/mine", private=True, token="hf_mine", branch="next", commit_message="first")
    assert address == "https://huggingface.co/me/mine/commit/1"
    said = dict(calls)
    assert said["token"] == {"token": "hf_mine"} and said["create"]["private"] is True
    assert (said["upload"]["revision"], said["upload"]["commit_message"]) == ("next", "first")
    assert np.array_equal(colours(Colorizer.load(tmp_path / "sent", **OPTIONS)), colours(colorizer))


def test_a_hub_that_refuses_is_one_line(colorizer: Colorizer, monkeypatch: pytest.MonkeyPatch) -> None:
    with hub({}, monkeypatch), pytest.raises(WeightsError, match=r"repo_id=me/mine: .*404") as caught:
        colorizer.push_to_hub("me/mine", token="hf_mine")
    assert "\n" not in str(caught.value)
    with pytest.raises(WeightsError, match=r"repo_id=a/b/c: "):
        colorizer.push_to_hub("a/b/c")


def test_only_our_own_files_are_shared(tmp_path: Path) -> None:
    (tmp_path / "theirs.pth").write_bytes(b"x")
    with pytest.raises(WeightsError, match=r"only \.safetensors"):
        repository.save(str(tmp_path / "theirs.pth"), tmp_path / "out")


def test_what_exists_is_no_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "mine").write_bytes(b"x")
    assert is_repository("somebody/mine.v2") and is_repository("runs")
    for name in ("runs/mine", "convlstm", "runs/missing.safetensors", "../a", "a/b/c", "/a", Path("somebody/mine")):
        assert not is_repository(name)


def test_the_hub_is_loaded_only_when_it_is_asked_for() -> None:
    program = (
        "import sys, temporal_colorize.colorizer\n"
        "assert 'huggingface_hub' not in sys.modules\n"
        "sys.modules['huggingface_hub'] = None\n"
        "try: temporal_colorize.Colorizer.load('somebody/tiny')\n"
        "except ModuleNotFoundError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "the Hugging Face hub needs huggingface_hub: pip install '.[hub]' in a checkout"
