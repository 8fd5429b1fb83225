"""Open bundles, and the service behind the server's routes."""

from __future__ import annotations

from workbench.serving.open import find_bundle, open_any, open_bundle, open_verified
from workbench.serving.service import Answers, Job, Served, Service

__all__ = ["Answers", "Job", "Served", "Service", "find_bundle", "open_any", "open_bundle", "open_verified"]
