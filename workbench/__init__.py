"""From a labelled dataset to a compressed, served intent model; every step is a plugin.

from workbench import open_bundle
open_bundle("run/").predict(["where is my parcel"])
"""

from __future__ import annotations

import os

from workbench.errors import WorkbenchError
from workbench.serving.open import open_bundle

__version__ = "0.1.0"
# onnxruntime reads the variable while it is imported; a later call is too late. Child processes inherit the variable.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
__all__ = ["WorkbenchError", "__version__", "open_bundle"]
