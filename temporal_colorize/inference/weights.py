"""Weights files: safetensors that say which network they belong to. Public ones, which do not, are `public`'s."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from temporal_colorize.inference.certainty import UNCALIBRATED, Certainty
from temporal_colorize.models.cnn_lstm import CnnLstm
from temporal_colorize.models.contract import VideoColorizer
from temporal_colorize.models.convlstm import ConvLSTMUNet
from temporal_colorize.models.fusion import FusionNet
from temporal_colorize.models.plain_cnn import PlainCNN
from temporal_colorize.models.siggraph17 import Siggraph17Net
from temporal_colorize.models.surveillance import SurveillanceNet
from temporal_colorize.models.unet import UNet
from temporal_colorize.models.zhang import ZhangNet

ARCHITECTURES: dict[str, type[nn.Module]] = {
    network.architecture: network
    for network in (
        ConvLSTMUNet,
        PlainCNN,
        UNet,
        SurveillanceNet,
        ZhangNet,
        Siggraph17Net,
        FusionNet,
        CnnLstm,
    )
}
BINS = "zhang2016-313"
USUAL_SIZE = 192  # of ours
PUBLIC_SUFFIXES = (".caffemodel", ".pth")
_PICKLE_SUFFIXES = (".pt", ".ckpt", ".pkl", ".pickle", ".bin")
_LOG_WEIGHTS = "decoding.log_weights"


class WeightsError(ValueError):
    """Weights that cannot be used; the message names the file and says what to do."""


@dataclass(frozen=True, kw_only=True)
class Decoding:
    """How these weights' logits are best decoded; see `color.bins.decode_annealed_mean`.

    Attributes:
        vividness: Between 0 (honest) and 1 (vivid).
        temperature: Of the annealed mean: 1 the mean, towards 0 the mode; 0.38 is that of Zhang et al. 2016.
        calibration: Temperature of the honest posterior where probabilities are asked for, not colours.
    """

    vividness: float = 0.5
    temperature: float = 0.38
    calibration: float = 1.0

    def __str__(self) -> str:
        return f"vividness {self.vividness:g}, temperature {self.temperature:g}, calibration {self.calibration:g}"


@dataclass(frozen=True)
class Weights:
    """A network and what decoding it needs.

    Attributes:
        net: In eval mode, float32.
        log_weights: (313,) logarithms of the rebalancing weights that it was trained with.
        decoding: Defaults that suit these weights.
        name: Where they come from, for the record.
        size: Shorter side, in pixels, of what the network sees unless asked otherwise.
        certainty: How confidence is found; only for networks with bins.
    """

    net: VideoColorizer
    log_weights: Tensor
    decoding: Decoding
    name: str
    size: int = USUAL_SIZE
    certainty: Certainty = UNCALIBRATED


def shipped_folder() -> Path:
    """Return the folder of the shipped weights, in a checkout or in an installed package."""
    inside = Path(__file__).parents[1] / "weights"
    return inside if inside.is_dir() else Path(__file__).parents[2] / "weights"


def find_weights(name: str) -> Path:
    """Return the file of weights given by path or by the name of shipped ones.

    Raises:
        WeightsError: If there is neither; the message lists the shipped names.
    """
    shipped = shipped_folder() / f"{name}.safetensors"
    path = Path(name)
    if path.is_file():
        return path
    if shipped.is_file():
        return shipped
    names = ", ".join(sorted(file.stem for file in shipped_folder().glob("*.safetensors"))) or "none"
    raise WeightsError(f"weights={name}: no such file, and no shipped weights of that name (shipped: {names})")


def weights_digest(name: str) -> str:
    """Return the SHA-256 of a file of weights, with what lies beside it where a graph is of two files."""
    digest = hashlib.sha256()
    for part in weights_files(find_weights(name)):
        with part.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


def weights_files(path: Path) -> list[Path]:
    """Return a file of weights, with what lies beside it where a graph is of two files."""
    beside = path.with_suffix(".bin")
    return [path, beside] if path.suffix == ".xml" and beside.is_file() else [path]


def save_weights(
    path: str | Path,
    net: VideoColorizer,
    log_weights: Tensor,
    *,
    decoding: Decoding | None = None,
    size: int = USUAL_SIZE,
    certainty: Certainty | None = None,
    half: bool = True,
    notes: Mapping[str, str] | None = None,
) -> None:
    """Write a network as safetensors.

    Args:
        path: The file to write.
        net: A network of `ARCHITECTURES`.
        log_weights: (313,), see `Weights`.
        decoding: See `Weights`.
        size: See `Weights`.
        certainty: See `Weights`.
        half: Store kernels as float16, which halves the file and moves no colour visibly. Vectors stay float32: a batch
            variance can be above 65504, float16's largest number.
        notes: Kept in the file's metadata: what it was trained on, its scores.

    Raises:
        WeightsError: If a number is infinite or NaN, or a kernel's does not fit float16.
    """
    tensors = {f"net.{name}": value for name, value in net.state_dict().items()}
    tensors[_LOG_WEIGHTS] = log_weights
    if half:
        kernels = {name for name, value in tensors.items() if value.ndim > 1 and value.is_floating_point()}
        tensors = {name: value.half() if name in kernels else value for name, value in tensors.items()}
    for name, value in tensors.items():
        if value.is_floating_point() and not bool(value.isfinite().all()):
            raise WeightsError(f"{name} is not finite, so {path} is not written: the training went wrong")
    metadata = {
        "architecture": net.architecture,
        "config": json.dumps(net.config),
        "bins": BINS,
        "decoding": json.dumps(asdict(decoding or Decoding())),
        "size": str(size),
        "certainty": json.dumps(asdict(certainty or UNCALIBRATED)),
        **(notes or {}),
    }
    save_file({name: value.contiguous().cpu() for name, value in tensors.items()}, path, metadata=metadata)


def load_weights(name: str, *, architecture: str | None = None, options: Mapping[str, object] | None = None) -> Weights:
    """Read weights.

    Args:
        name: A path, or the name of shipped weights; .caffemodel and .pth are public files, see `public.load_public`.
        architecture: If given, weights of another architecture are refused.
        options: Of the network, where a public file does not say them; ours do.

    Raises:
        WeightsError: If the file is missing, neither ours nor a public one, damaged, or of another architecture.
    """
    path = find_weights(name)
    if path.suffix in PUBLIC_SUFFIXES:
        from temporal_colorize.inference.public import load_public

        return load_public(path, architecture=architecture, options=options or {})
    if _is_pickle(path):
        raise WeightsError(f"weights={path} is a pickle, which may carry code: give a .safetensors file")
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 (safe_open is no mapping)
    except (SafetensorError, OSError) as error:
        raise WeightsError(f"weights={path} is not a safetensors file that can be read ({error})") from error
    found = metadata.get("architecture")
    if found not in ARCHITECTURES:
        known = ", ".join(sorted(ARCHITECTURES))
        raise WeightsError(f"weights={path} does not name a network known here ({found!r}; known: {known})")
    if architecture not in (None, found):
        raise WeightsError(f"weights={path} is of the network {found}, not of {architecture}")
    try:
        net = ARCHITECTURES[found](**json.loads(metadata["config"]))
        states = {key.removeprefix("net."): value.float() for key, value in tensors.items() if key != _LOG_WEIGHTS}
        net.load_state_dict(states)
        if broken := [key for key, value in tensors.items() if not bool(value.isfinite().all())]:
            raise ValueError(f"{broken[0]} is not finite")
        decoding = Decoding(**json.loads(metadata["decoding"]))
        log_weights = tensors[_LOG_WEIGHTS].float()
        size = int(metadata.get("size", USUAL_SIZE))  # files from before it was kept do without, and this
        certainty = Certainty.of(json.loads(metadata.get("certainty", "{}")))
    except (KeyError, RuntimeError, TypeError, ValueError) as error:
        first = str(error).splitlines()[0]
        raise WeightsError(f"weights={path} does not fit model={found}: {first}") from error
    return Weights(net.eval().requires_grad_(False), log_weights, decoding, name_of(path), size, certainty)


def _is_pickle(path: Path) -> bool:
    """Tell files of `torch.save` and of `pickle`, by what they begin with, whatever they are called."""
    with path.open("rb") as file:
        start = file.read(4)
    return (
        start == b"PK\3\4"
        or (start[:1] == b"\x80" and start[1:2] in (b"\2", b"\3", b"\4", b"\5"))
        or (path.suffix in _PICKLE_SUFFIXES)
    )


def name_of(path: Path) -> str:
    """Name weights by their file, or by its folder where it is called "weights", as a training leaves them."""
    return path.stem if path.stem != "weights" else path.absolute().parent.name


def copy_into(net: nn.Module, weights: Weights) -> None:
    """Start a network from weights of the same architecture and size.

    Raises:
        WeightsError: If a tensor is missing or has another shape.
    """
    try:
        net.load_state_dict(weights.net.state_dict())
    except RuntimeError as error:
        raise WeightsError(
            f"weights={weights.name} does not fit this model: {str(error).splitlines()[1].strip()}"
        ) from error
