"""Builds what infer.py does with outputs that are complete, given its configuration."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from temporal_colorize.cli.composing import several

if TYPE_CHECKING:
    from omegaconf import DictConfig

    from temporal_colorize.provenance.finishing import Provenance
    from temporal_colorize.provenance.signing import Signing

_GIVEN = ("hints", "reference")  # files that colours come from


def finishing_of(config: "DictConfig", codec: str, encoding: Mapping[str, object]) -> "Provenance":
    """Say whether outputs are signed, and what stands in their records.

    Raises:
        ValueError: If a certificate or a key is missing or cannot be used.
    """
    from omegaconf import OmegaConf

    from temporal_colorize.inference.weights import find_weights, weights_files
    from temporal_colorize.provenance.finishing import Provenance

    return Provenance(
        OmegaConf.to_container(config, resolve=True),
        weights_files(find_weights(config.weights)),
        {"codec": codec, "options": dict(encoding), "lossless": bool(config.encoder.lossless)},
        record=config.record if isinstance(config.record, bool) else Path(str(config.record)),
        given={name: files for name in _GIVEN if (files := _files(config[name]))},
        signing=_signing_of(config.sign),
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


def _files(value: object) -> list[Path]:
    return [path.absolute() for path in map(Path, several(value)) if path.is_file()]
