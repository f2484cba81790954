"""What `conf/notebook.yaml` says of the panel."""

from dataclasses import dataclass
from typing import Self

from temporal_colorize.config.given import composed
from temporal_colorize.options import require_integer, require_number


@dataclass(frozen=True, kw_only=True)
class PanelOptions:
    """See `conf/notebook.yaml`.

    Raises:
        ValueError: If a value is out of its range.
    """

    upload_mib: int
    inline_mib: int
    longest: int
    per_second: float
    patience: float

    def __post_init__(self) -> None:
        require_integer("upload_mib", self.upload_mib, least=1)
        require_integer("inline_mib", self.inline_mib, least=0)
        require_integer("longest", self.longest, least=16)
        require_number("per_second", self.per_second, least=0.1, most=30)
        require_number("patience", self.patience, least=0, most=60)

    @classmethod
    def usual(cls) -> Self:
        """Read them."""
        return cls(**composed("notebook", {}))
