"""The suite's environment; loaded by pytest (``-p tests.environment``) before Django reads its settings."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile

if "OVERREAD_DATA_DIR" not in os.environ:
    _folder = tempfile.mkdtemp(prefix="overread-test-")
    os.environ["OVERREAD_DATA_DIR"] = _folder
    atexit.register(shutil.rmtree, _folder, ignore_errors=True)
os.environ.setdefault("OVERREAD_JOBS_WAKE", "none")
os.environ.setdefault("OVERREAD_LOG_LEVEL", "error")
os.environ.setdefault("OVERREAD_ARRIVAL_QUIET_SECONDS", "0")
os.environ.setdefault("OMP_NUM_THREADS", "1")

from hypothesis import HealthCheck, settings

# A loaded machine is slow at drawing examples, which says nothing about the code.
settings.register_profile("overread", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("overread")
