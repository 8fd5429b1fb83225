"""From a labelled dataset to a compressed, served intent model; every step is a plugin.

from workbench import open_bundle
open_bundle("run/").predict(["where is my parcel"])
"""

from __future__ import annotations

from workbench.errors import WorkbenchError
from workbench.hookspecs import hookimpl
from workbench.host import Host, build_host
from workbench.serving import open_bundle

__version__ = "0.1.0"
__all__ = ["Host", "WorkbenchError", "__version__", "build_host", "hookimpl", "open_bundle"]
