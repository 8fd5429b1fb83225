"""From a labelled dataset to a compressed, served intent model; every step is a plugin.

from workbench import open_bundle
open_bundle("run/").predict(["where is my parcel"])
"""

from __future__ import annotations

from workbench.errors import WorkbenchError
from workbench.serving.open import open_bundle

__version__ = "0.1.0"
__all__ = ["WorkbenchError", "__version__", "open_bundle"]
