"""Every request meets every fault, every model family every exporter: the products of which the suite takes pairs.

    python -m tests.benchmarks.products

A real Label Studio server is started. Each case and its seconds are in the JSON result. About 5 minutes.
"""

from __future__ import annotations

import os
import sys
from typing import Any

import pytest

from tests import products
from tests.benchmarks.records import Records
from tests.label_studio import REQUIRED, VERSION

CASES = {
    "tests/labelstudio/test_server_faults_pull.py": "costs_one_more_run_at_most",
    "tests/labelstudio/test_server_faults_write.py": "whatever_request_fails",
    "tests/plugins/test_onnx_fuse.py": "every_family_answers_as_before",
}


class Outcomes:
    """Notes how each case ended: a pytest plugin."""

    def __init__(self) -> None:
        self.cases: dict[str, dict[str, Any]] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" or report.failed:
            name = report.nodeid.partition("::")[2]
            self.cases[name] = {"outcome": report.outcome, "seconds": round(report.duration, 2)}


def main() -> None:
    found = Records("products").measure(f"label-studio {VERSION}", ask)
    if found["failed"]:
        sys.exit(f"{found['failed']} of {found['cases']} cases failed")


def ask() -> dict[str, Any]:
    os.environ[REQUIRED] = "1"
    products.FULL = True  # before the tests are imported
    outcomes = Outcomes()
    pytest.main(["-q", "-p", "no:cacheprovider", "-k", " or ".join(CASES.values()), *CASES], plugins=[outcomes])
    failed = sum(case["outcome"] != "passed" for case in outcomes.cases.values())
    return {"cases": len(outcomes.cases), "failed": failed, "outcomes": outcomes.cases}


if __name__ == "__main__":
    main()
