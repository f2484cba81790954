"""A repository of weights, by huggingface_hub's own mixin, and its errors in one line."""

import json
import os
import shutil
from pathlib import Path
from typing import Self

from huggingface_hub import ModelCard, ModelHubMixin, hf_hub_download
from huggingface_hub.errors import (
    EntryNotFoundError,
    HfHubHTTPError,
    HFValidationError,
    LocalEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from temporal_colorize.hub.card import card_of, metadata_of
from temporal_colorize.inference.weights import WeightsError, find_weights, name_of

_CONFIG = "config.json"
_SUFFIX = ".safetensors"
_HTTP_ERROR = HfHubHTTPError.__base__  # of the client that this version of the hub's library has
_REFUSALS = (HFValidationError, json.JSONDecodeError, _HTTP_ERROR, OSError)
_WHY = {
    LocalEntryNotFoundError: "there is no such file, it is not in the hub's cache, and the hub cannot be reached",
    RevisionNotFoundError: "its repository on the hub has no such revision",
    RepositoryNotFoundError: "there is no such file, and no such repository on the hub; a private one needs a token "
    "(hf auth login)",
    EntryNotFoundError: "its repository on the hub has no weights of temporal-colorize",
    AttributeError: f"its {_CONFIG} names no weights of temporal-colorize",
}


class Repository(ModelHubMixin, library_name="temporal-colorize"):
    """One file of weights, as it lies in a repository; `config.json` says which file it is.

    Args:
        weights: The file's path.
    """

    def __init__(self, weights: str) -> None:
        self.weights = weights

    def _save_pretrained(self, save_directory: Path) -> None:
        source = Path(self.weights)
        target = save_directory / f"{name_of(source)}{_SUFFIX}"
        if not (target.exists() and target.samefile(source)):
            shutil.copyfile(source, target)
        config = {**metadata_of(source), "weights": target.name}
        (save_directory / _CONFIG).write_text(json.dumps(config, indent=2, ensure_ascii=False) + "\n")

    @classmethod
    def _from_pretrained(cls, *, model_id: str, weights: object = None, **download: object) -> Self:
        if not os.path.isdir(model_id) and weights is None:
            hf_hub_download(model_id, _CONFIG, **download)  # says why there is none; the mixin goes on without
        if not isinstance(weights, str) or Path(weights).name != weights or not weights.endswith(_SUFFIX):
            raise WeightsError(f"weights={model_id}: its {_CONFIG} names no weights of temporal-colorize")
        if os.path.isdir(model_id):
            return cls(os.path.join(model_id, weights))
        return cls(hf_hub_download(model_id, weights, **download))

    def generate_model_card(self, *args: object, **kwargs: object) -> ModelCard:
        """Return the card; the mixin's own is a template that says nothing."""
        return ModelCard(card_of(Path(self.weights)))


def fetch(source: str | os.PathLike[str], **download: object) -> str:
    """Return the path of a repository's weights, downloaded if need be.

    Raises:
        WeightsError: If they cannot be had.
    """
    name = os.fspath(source)
    try:
        return Repository.from_pretrained(name, **download).weights
    except (*_REFUSALS, AttributeError) as error:  # the mixin's, of a config.json that holds no mapping
        words = next((words for kind, words in _WHY.items() if isinstance(error, kind)), None)
        raise WeightsError(f"weights={name}: {words or _first_line(error)}") from error


def save(weights: str, folder: str | os.PathLike[str]) -> None:
    """Write a repository's files.

    Raises:
        WeightsError: If the weights are none of ours, or cannot be written there.
    """
    repository = _ours(weights)
    try:
        repository.save_pretrained(folder)
    except OSError as error:
        raise WeightsError(f"{os.fspath(folder)} is not a folder that can be written to ({error.strerror})") from error


def push(weights: str, repo_id: str, **options: object) -> str:
    """Send a repository's files to the hub.

    Raises:
        WeightsError: If the weights are none of ours, or the hub refuses.
    """
    repository = _ours(weights)
    try:
        return str(repository.push_to_hub(repo_id, **options))
    except _REFUSALS as error:
        raise WeightsError(f"repo_id={repo_id}: {_first_line(error)}") from error


def _ours(weights: str) -> Repository:
    path = find_weights(weights)
    if path.suffix != _SUFFIX:
        raise WeightsError(f"weights={path}: only {_SUFFIX} files of temporal-colorize can be shared")
    return Repository(str(path))


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
