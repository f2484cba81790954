"""What a service refuses, by what can be done about it."""


class Busy(ValueError):
    """Too much is waiting or kept already: try again later."""


class TooLarge(ValueError):
    """A file is larger or longer than the service takes."""


class NoSuchJob(LookupError):
    """The job is another visitor's, or gone, or never was: which of them is not said."""

    def __init__(self) -> None:
        super().__init__("there is no such job: it may have been removed after a while")
