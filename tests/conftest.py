"""Fixtures of the whole suite: a host, a context, a tiny real encoder, small datasets, the shared data."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fixtures import augment as augment
from tests.fixtures import bundle as bundle
from tests.fixtures import serving as serving
from tests.fixtures import workbench as workbench
from tests.label_studio import label_studio as label_studio
from tests.lanes import common as common
from tests.lanes import pytest_collection_modifyitems as pytest_collection_modifyitems
from tests.lanes import pytest_configure as pytest_configure
from tests.lanes import pytest_xdist_auto_num_workers as pytest_xdist_auto_num_workers
from tests.lanes import pytest_xdist_make_scheduler as pytest_xdist_make_scheduler
from tests.untraced import _untraced as _untraced
from workbench.context import Context
from workbench.host import Host, build_host
from workbench.nouns.dataset import Dataset
from workbench.testing.data import tiny_dataset
from workbench.testing.models import write_encoder

SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(autouse=True)
def _offline(monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("TOKENIZERS_PARALLELISM", "false")
    monkeypatch.delenv("WORKBENCH_ENCODERS", raising=False)


@pytest.fixture(scope="session")
def shared():
    """The folder of development data beside the checkout."""
    if not (SHARED / "data").is_dir():
        pytest.skip(f"the development data is not at {SHARED}")
    return SHARED / "data"


@pytest.fixture(scope="session")
def host() -> Host:
    return build_host()


@pytest.fixture
def context(host, tmp_path) -> Context:
    work = tmp_path / "work"
    work.mkdir()
    return Context(host=host, seed=13, work=work)


@pytest.fixture(scope="session")
def small_dataset() -> Dataset:
    return tiny_dataset()


@pytest.fixture(scope="session")
def tiny_encoder(tmp_path_factory) -> Path:
    return write_encoder(tmp_path_factory.mktemp("encoder") / "tiny")
