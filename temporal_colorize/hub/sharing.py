"""What a colorizer can do with the Hugging Face hub; its library is loaded when it is asked for."""

import os
import re
from types import ModuleType
from typing import ClassVar, Self

_REPOSITORY = re.compile(r"\w[\w.-]*/\w[\w.-]*")
_FILES = (".safetensors", ".pth", ".caffemodel", ".onnx", ".xml", ".pt", ".ckpt", ".pkl", ".pickle", ".bin")


def is_repository(weights: str | os.PathLike[str]) -> bool:
    """Say whether this is "user/name" on the hub, or a folder, rather than a file or shipped weights.

    What exists wins; so does a name that ends as files of weights do, and a `Path`, which is never on the hub.
    """
    if os.path.isdir(weights):
        return True
    return (
        isinstance(weights, str)
        and _REPOSITORY.fullmatch(weights) is not None
        and not weights.lower().endswith(_FILES)
        and not os.path.exists(weights)
    )


class Shared:
    """Gives a class that is made from weights the three methods that people know from the hub."""

    weights: str
    _needed: ClassVar[str] = "the Hugging Face hub needs huggingface_hub: pip install '.[hub]' in a checkout"

    @classmethod
    def from_pretrained(
        cls,
        source: str | os.PathLike[str],
        *,
        revision: str | None = None,
        token: str | bool | None = None,
        cache_dir: str | os.PathLike[str] | None = None,
        force_download: bool = False,
        local_files_only: bool = False,
        **options: object,
    ) -> Self:
        """Open the weights of a repository on the hub, or of a folder that `save_pretrained` wrote.

        Args:
            source: "user/name", or a folder.
            revision: A branch, tag or commit; None for main.
            token: Of the hub; None for that of `hf auth login`.
            cache_dir: Where downloads are kept; None for the hub's own cache.
            force_download: Fetch again what is in the cache.
            local_files_only: Ask nobody, and take what is in the cache.
            options: Of the class.

        Raises:
            WeightsError: If it cannot be had, in one line.
            ModuleNotFoundError: If huggingface_hub is not installed.
        """
        weights = cls._repository().fetch(
            source, revision=revision, token=token, cache_dir=cache_dir, force_download=force_download,
            local_files_only=local_files_only,
        )  # fmt: skip
        return cls(weights, **options)

    def save_pretrained(self, folder: str | os.PathLike[str]) -> None:
        """Write a repository's files into a folder: the weights, `config.json`, and `README.md` if there is none yet.

        Raises:
            WeightsError: If these weights are not a .safetensors file of ours, or it cannot be written there.
            ModuleNotFoundError: If huggingface_hub is not installed.
        """
        self._repository().save(self.weights, folder)

    def push_to_hub(
        self,
        repo_id: str,
        *,
        commit_message: str = "Weights of temporal-colorize",
        private: bool | None = None,
        token: str | None = None,
        branch: str | None = None,
        create_pr: bool | None = None,
    ) -> str:
        """Send what `save_pretrained` writes to the hub, and return the commit's address.

        Args:
            repo_id: "user/name"; made if there is none. Its model card is replaced.
            commit_message: Of the commit.
            private: Whether a new repository is.
            token: Of the hub, one that may write; None for that of `hf auth login`.
            branch: Where to; None for main.
            create_pr: Propose it instead.

        Raises:
            WeightsError: If these weights are not a .safetensors file of ours, or the hub refuses.
            ModuleNotFoundError: If huggingface_hub is not installed.
        """
        return self._repository().push(
            self.weights, repo_id, commit_message=commit_message, private=private, token=token, branch=branch,
            create_pr=create_pr,
        )  # fmt: skip

    @classmethod
    def _repository(cls) -> ModuleType:
        try:
            from temporal_colorize.hub import repository  # takes 0.7 s, most of it the hub's HTTP client
        except ModuleNotFoundError as error:
            if (error.name or "").partition(".")[0] != "huggingface_hub":
                raise
            raise ModuleNotFoundError(cls._needed, name=error.name) from None
        return repository
