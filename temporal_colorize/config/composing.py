"""Composes the configuration from `conf/` and a command line, and builds what it describes."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from temporal_colorize.config.messages import one_line
from temporal_colorize.config.unknown import known_options, say_unknown, unknown_in

if TYPE_CHECKING:
    from omegaconf import DictConfig

    Config = DictConfig

# Their values are taken literally, whatever characters they hold; Hydra's grammar would refuse many paths.
LITERAL_KEYS = frozenset(
    {"video", "output", "weights", "resume", "cache", "sheet", "live.health", "data.root", "data.urls", "loss.prior"}
    | {"record", "report", "confidence", "hints", "reference", "source", "sign.certificate", "sign.key", "sign.tsa"}
    | {"picture", "at", "box", "password", "cameras", "temporary"}
    | {f"model.{option}" for option in ("prototxt", "caffemodel", "extractor_weights", "encoder_weights")}
)
_SWITCHES = dict.fromkeys(("record", "sheet"), ("true", "false"))  # what is not meant as a path
LIST_KEYS = frozenset({"weights", "data.urls", "reference", "cameras"})  # and these may be several, in brackets


def conf_folder() -> Path:
    """Return the folder of the configuration, in a checkout or in an installed package."""
    inside = Path(__file__).parents[1] / "conf"
    return inside if inside.is_dir() else Path(__file__).parents[2] / "conf"


def quote_literals(arguments: Sequence[str]) -> list[str]:
    """Quote the values of path options for Hydra's grammar, so that any path a shell can pass arrives unchanged."""
    quoted = []
    for argument in arguments:
        key, equals, value = argument.partition("=")
        is_path = value not in ("", "null") and value.lower() not in _SWITCHES.get(key, ())
        literal = equals and key.lstrip("+") in LITERAL_KEYS and is_path
        quoted.append(f"{key}={_quoted(key, value)}" if literal else argument)
    return quoted


def _quoted(key: str, value: str) -> str:
    if key in LIST_KEYS and value.startswith("[") and value.endswith("]"):
        return "[" + ",".join(quote(part.strip()) for part in value[1:-1].split(",")) + "]"
    return quote(value)


def quote(value: str) -> str:
    # Backslashes count only before an interpolation (OmegaConf), a quote and the end (Hydra).
    value = re.sub(r"(\\*)(\$\{)", r"\1\1\\\2", value)
    value = re.sub(r"(\\*)('|$)", lambda match: match[1] * 2 + ("\\'" if match[2] else ""), value)
    return f"'{value}'"


def several(value: object) -> list[str]:
    """Read one value, or several in brackets; paths and addresses arrive from the command line as plain text."""
    if isinstance(value, str) and value.startswith("[") and value.endswith("]"):
        return [part.strip() for part in value[1:-1].split(",")]
    if value is None:
        return []
    return [str(value)] if isinstance(value, str | int) else [str(part) for part in value]


def compose(name: str, arguments: Sequence[str]) -> "DictConfig":
    """Compose `conf/<name>.yaml` with options as a command line gives them.

    Raises:
        ValueError: In one line, if an option, a group's choice or a value is unknown.
    """
    require_options(name, arguments)
    return compose_quoted(name, quote_literals(arguments))


def require_options(name: str, arguments: Sequence[str]) -> None:
    """Refuse arguments that are no options by their look, and say how they are written.

    Raises:
        ValueError: That names the first.
    """
    for argument in arguments:
        if "=" not in argument:
            hint = f"video={argument.lstrip('-')}" if name in ("ask", "infer") else "name=value"
            raise ValueError(f"{argument!r} is no option: write {hint}")
        if argument.startswith("-"):
            raise ValueError(f"{argument!r} is no option: write {argument.lstrip('-')}")


def compose_quoted(name: str, overrides: Sequence[str]) -> "DictConfig":
    """Compose `conf/<name>.yaml` with overrides in Hydra's grammar; see `compose`."""
    from hydra.errors import HydraException
    from omegaconf.errors import OmegaConfBaseException

    try:
        return _composed(name, overrides)
    except (HydraException, OmegaConfBaseException) as error:
        raise refusal(error, name, overrides) from error


def refusal(error: Exception, name: str, overrides: Sequence[str]) -> ValueError:
    """Return what is to be said, in one line, of overrides that Hydra refuses; they may be those of a sweep."""
    from omegaconf import OmegaConf

    if (option := unknown_in(error)) is None:
        return ValueError(one_line(error))
    single = [one for one in overrides if "," not in one]
    chosen = [one for one in single if (conf_folder() / one.lstrip("+").partition("=")[0]).is_dir()]
    known = known_options(OmegaConf.to_container(_composed(name, chosen)), conf_folder())
    return ValueError(say_unknown(option, known, program=name))


def _composed(name: str, overrides: Sequence[str]) -> "DictConfig":
    from hydra import compose as hydra_compose
    from hydra import initialize_config_dir

    with initialize_config_dir(str(conf_folder()), version_base="1.3"):
        return hydra_compose(name, overrides=list(overrides))


def build(node: "DictConfig", **objects: Any) -> Any:
    """Build what a configuration node describes, `objects` passed along; its lists and mappings become plain ones.

    Raises:
        ValueError: If an object refuses its options.
    """
    from hydra.errors import InstantiationException
    from hydra.utils import instantiate

    try:
        return instantiate(node, _convert_="all", **objects)
    except InstantiationException as error:
        if isinstance(error.__cause__, ValueError | ModuleNotFoundError):
            raise error.__cause__ from None
        raise
