"""Open bundles, and build servers: the service behind the routes, sockets, requests, background runs."""

from __future__ import annotations

from workbench.serving.background_run import BackgroundRun, run_command
from workbench.serving.http_request import read_request_json, unless_gone
from workbench.serving.jobs import Job, Jobs
from workbench.serving.listener import listen, url_of
from workbench.serving.open import find_bundle, open_any, open_bundle, open_verified
from workbench.serving.service import PredictionBatch, ServedBundle, Service
from workbench.serving.signals import exit_on_signals

__all__ = [
    "BackgroundRun",
    "Job",
    "Jobs",
    "PredictionBatch",
    "ServedBundle",
    "Service",
    "exit_on_signals",
    "find_bundle",
    "listen",
    "open_any",
    "open_bundle",
    "open_verified",
    "read_request_json",
    "run_command",
    "unless_gone",
    "url_of",
]
