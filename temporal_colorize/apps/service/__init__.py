"""Colours what visitors bring, one job after the other; the page and the REST endpoint stand on it."""

from temporal_colorize.apps.service.errors import Busy, NoSuchJob, TooLarge
from temporal_colorize.apps.service.job import Job, State
from temporal_colorize.apps.service.options import ServiceOptions
from temporal_colorize.apps.service.service import Service
from temporal_colorize.apps.service.timeline import Point

__all__ = ["Busy", "Job", "NoSuchJob", "Point", "Service", "ServiceOptions", "State", "TooLarge"]
