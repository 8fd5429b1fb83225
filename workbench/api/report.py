"""Make sections of report.html."""

from __future__ import annotations

from workbench.report.markup import environment, intent_label, megabytes, seconds
from workbench.report.section import Section

__all__ = ["Section", "environment", "intent_label", "megabytes", "seconds"]
