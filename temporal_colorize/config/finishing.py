"""Builds what infer.py does with outputs that are complete, given its configuration."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from temporal_colorize.config.guiding import guiding_files

if TYPE_CHECKING:
    from omegaconf import DictConfig

    from temporal_colorize.provenance.finishing import Provenance
    from temporal_colorize.provenance.signing import Signing

_NAMED = ("report", "record", "confidence", "sheet")  # outputs, beside the colourings


def finishing_of(
    config: "DictConfig", codec: str, encoding: Mapping[str, object], videos: Sequence[Path]
) -> "Provenance":
    """Say whether outputs are signed, and what stands in their records; hash the files that colours come from.

    Args:
        config: That of infer.py.
        codec: FFmpeg's name of the video encoder, and
        encoding: its options.
        videos: All that are to be coloured.

    Raises:
        ValueError: If a certificate or a key is missing or cannot be used, or what is named as an output is an input.
    """
    from omegaconf import OmegaConf

    from temporal_colorize.inference.apart import require_apart
    from temporal_colorize.inference.weights import find_weights, weights_files
    from temporal_colorize.provenance.finishing import Provenance

    weights, given = weights_files(find_weights(config.weights)), guiding_files(config)
    keys = {f"sign.{name}": [Path(config.sign[name])] for name in ("certificate", "key") if config.sign[name]}
    named = {name: Path(config[name]) for name in _NAMED if config[name] not in (None, True, False)}
    require_apart(named, {"video": videos, "weights": weights, **given, **keys})  # outputs' own names come later
    return Provenance(
        OmegaConf.to_container(config, resolve=True),
        weights,
        {"codec": codec, "options": dict(encoding), "lossless": bool(config.encoder.lossless)},
        record=named.get("record", config.record is not False),
        given=given,
        signing=_signing_of(config.sign),
        reads=keys,
        writes={name: path for name, path in named.items() if name == "report"},
    )


def _signing_of(sign: "DictConfig") -> "Signing | None":
    from temporal_colorize.provenance.signing import Signing

    given = {name: value for name, value in sign.items() if value is not None}
    if not given:
        return None
    for name in ("certificate", "key"):
        if name not in given:
            raise ValueError(f"sign.{name} is missing: sign.certificate=chain.pem sign.key=key.pem go together")
    return Signing(Path(sign.certificate), Path(sign.key), tsa=sign.tsa)
