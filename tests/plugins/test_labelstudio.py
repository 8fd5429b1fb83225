"""Label Studio exports: what is kept, under which policy, and how each task is accounted for."""

from __future__ import annotations

import gzip
import hashlib
import json
import subprocess
import sys

import pytest

from tests.plugins.labelstudio_tasks import annotation, answer, reading, task
from workbench.nouns.dataset import Dataset
