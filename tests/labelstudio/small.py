"""The command line with small pages and chunks, so that few tasks are many requests:

python -m tests.labelstudio.small labelstudio pull 3
"""

from __future__ import annotations

from workbench.__main__ import main
from workbench_labelstudio.http import listing
from workbench_labelstudio.pull import changes, snapshot
from workbench_labelstudio.push import prediction_store, upload

SMALL = 25


def shrink() -> None:
    """Pages, chunks and batches of `SMALL`."""
    listing.list_tasks.__kwdefaults__["page"] = SMALL
    changes.LIGHT_PAGE = changes.PAGE = SMALL
    upload.PAGE = upload.CHUNK_TASKS = SMALL
    prediction_store.CHUNK = snapshot.BATCH = SMALL


if __name__ == "__main__":
    shrink()
    main()
