"""Routes of plugins that a server has only when `--with` asks for them."""

from __future__ import annotations

import pytest

from tests.serving.live import live
from workbench.api import Mount, UsageProblem, WorkbenchError, build_host, hookimpl
from workbench_serve.api import create_app
from workbench_serve.service import BundleService


class Optional:
    """A third-party plugin with routes for those servers that ask for them."""

    @hookimpl
    def mounts(self):
        def add(app, service):
            @app.get("/optional")
            def optional():
                return service.bundle_id

        def fail(app, service):
            raise KeyError("port")

        return {"optional": Mount(run=add, summary="a route"), "failing": Mount(run=fail, summary="fails")}


@pytest.fixture
def optional():
    host = build_host()
    host.register(Optional(), "optional_plugin")
    return host


def test_a_mount_is_there_once_it_is_asked_for(optional, bundle):
    with live(optional, bundle) as client:
        assert client.get("/optional").status_code == 404
    with live(optional, bundle, mounts=["optional", "optional"]) as client:
        assert client.get("/optional").json() == bundle.id
        assert list(client.get("/openapi.json").json()["paths"]).count("/optional") == 1


def test_a_mount_that_is_not_there_or_fails_is_named(optional, bundle):
    service = BundleService(optional, bundle.path)
    with pytest.raises(UsageProblem, match=r"--with: unknown mount 'optionl'.*'optional'"):
        create_app(optional, service, ["optionl"])
    with pytest.raises(WorkbenchError, match="plugin optional_plugin failed to add its routes: KeyError: 'port'"):
        create_app(optional, service, ["failing"])
