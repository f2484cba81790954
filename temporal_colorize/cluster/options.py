"""How work is spread over a cluster."""

from dataclasses import dataclass

from temporal_colorize.options import require_integer, require_number, require_one_of

LOCAL = "local"


@dataclass(frozen=True, kw_only=True)
class ClusterOptions:
    """How work is spread over a cluster.

    Attributes:
        address: Of a cluster that is there, as `ray.init` takes it; "local" for one of this machine that ends with the
            program.
        connect_seconds: In which a cluster at HOST:PORT has to answer.
        workers: How many work at once; None for as many as the cluster has cores for.
        cores: Of each.
        gpus: Of each; a part is a share of one.
        pin: Whether a worker keeps all its threads on its own cores.
        tries: How often a task is tried that fails for a reason of the machine's, or whose worker dies.
        wait_seconds: Before it is tried again.
        look_seconds: Between two looks at how far the workers are.
        long: Frames of a video above which two or more workers that have no file of their own colour segments of it.
        stop_seconds: That workers have to come to an orderly end.
        object_store_mb: Of a local cluster; results are small and need hardly any.

    Raises:
        ValueError: If a value is out of its range.
    """

    address: str = LOCAL
    connect_seconds: float = 5.0
    workers: int | None = None
    cores: int = 1
    gpus: float = 0
    pin: bool = True
    tries: int = 3
    wait_seconds: float = 5.0
    look_seconds: float = 1.0
    long: int = 3000
    stop_seconds: float = 3.0
    object_store_mb: int = 80

    def __post_init__(self) -> None:
        if not isinstance(self.address, str) or not self.address:
            raise ValueError(f"ray.address={self.address} must be the address of a cluster, or {LOCAL}")
        require_number("ray.connect_seconds", self.connect_seconds, least=0.1)
        if self.workers is not None:
            require_integer("ray.workers", self.workers, least=1)
        require_integer("ray.cores", self.cores, least=1)
        require_number("ray.gpus", self.gpus, least=0)
        require_one_of("ray.pin", self.pin, (True, False))
        require_integer("ray.tries", self.tries, least=1)
        require_number("ray.wait_seconds", self.wait_seconds, least=0)
        require_number("ray.look_seconds", self.look_seconds, least=0.05)
        require_integer("ray.long", self.long, least=1)
        require_number("ray.stop_seconds", self.stop_seconds, least=0)
        require_integer("ray.object_store_mb", self.object_store_mb, least=80)
