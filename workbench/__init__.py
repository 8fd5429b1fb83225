"""Turn a labelled dataset into a compressed, served intent model; plugins carry out every step.

from workbench import open_bundle
open_bundle("run/").predict(["where is my parcel"])
"""

from __future__ import annotations

import os

from workbench.errors import WorkbenchError
from workbench.serving.open import open_bundle

__version__ = "0.1.0"
# onnxruntime reads this variable only during its import. Child processes inherit the variable.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
__all__ = ["WorkbenchError", "__version__", "open_bundle"]
