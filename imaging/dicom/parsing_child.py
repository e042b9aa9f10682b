"""The process in which untrusted files are parsed and decoded: ``python -m imaging.dicom.parsing_child``.

One JSON object a line comes in (``{"path", "header_path"}``), one goes out (``{"parsed": …}`` or
``{"refused": {"code", "message"}}``). Memory, processor time and the size of written files are limited; decoders are
C code that may print or die, so the answers have a pipe of their own and everything else is thrown away.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import sys
from pathlib import Path
from typing import Any, Final

MEMORY_LIMIT: Final = 1536 * 1024 * 1024
CPU_SECONDS: Final = 10
WRITTEN_LIMIT: Final = 64 * 1024 * 1024


def _limit(kind: int, soft: int) -> None:
    """Lower a soft limit; systems that do not know the limit go without."""
    with contextlib.suppress(ValueError, OSError):
        _, hard = resource.getrlimit(kind)
        resource.setrlimit(kind, (soft, hard))


def _limit_cpu() -> None:
    """Give the next file its own processor time: the limit counts from the process's start."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    _limit(resource.RLIMIT_CPU, int(used.ru_utime + used.ru_stime) + 1 + CPU_SECONDS)


def _answer(request: dict[str, str]) -> dict[str, Any]:
    from imaging.dicom.reading import read_instance
    from imaging.dicom.refusals import Refused

    try:
        parsed = read_instance(Path(request["path"]), Path(request["header_path"]))
    except Refused as refused:
        return {"refused": {"code": refused.code, "message": refused.message}}
    except MemoryError:
        return {"refused": {"code": "parse_memory"}}
    except Exception:  # whatever a broken file does to a library, the verdict is a code
        return {"refused": {"code": "unreadable"}}
    return {"parsed": parsed.as_json()}


def main() -> None:
    """Serve until standard input closes."""
    answers = os.fdopen(os.dup(1), "w")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    import warnings

    warnings.simplefilter("ignore")
    from pydicom import config

    config.settings.reading_validation_mode = config.IGNORE
    config.settings.writing_validation_mode = config.IGNORE
    import imaging.dicom.reading  # noqa: F401  (loaded before the limits and before the first file)

    _limit(resource.RLIMIT_AS, MEMORY_LIMIT)
    _limit(resource.RLIMIT_FSIZE, WRITTEN_LIMIT)
    _limit(resource.RLIMIT_CORE, 0)
    answers.write('{"ready": true}\n')
    answers.flush()
    for line in sys.stdin:
        _limit_cpu()
        answers.write(json.dumps(_answer(json.loads(line))) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
