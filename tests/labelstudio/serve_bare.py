"""`workbench serve` where nothing of the extras can be imported, as in an installation without them."""

from __future__ import annotations

import sys

EXTRAS = ("torch", "transformers", "sklearn", "onnx", "label_studio_sdk", "httpx", "ijson", "krippendorff", "lxml")


class Absent:
    """A finder that finds none of them."""

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in EXTRAS:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


if __name__ == "__main__":
    sys.meta_path.insert(0, Absent())
    from workbench.cli.root import main

    sys.argv.insert(1, "serve")
    main()
