"""What is shipped: the wheel, the image, the two commands; and nothing of the place where it was written."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

from tests.support.project import ROOT, files, pyproject

PACKAGES = ("connector", "idp_fixtures")


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile as (instruction, arguments), continued lines joined."""
    text = re.sub(r"\\\n\s*", "", (ROOT / "Dockerfile").read_text())
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(line.split(" ", 1)[0], line.split(" ", 1)[1]) for line in lines]


def arguments(instruction: str) -> list[str]:
    """The arguments of every use of one instruction, in order."""
    return [given for name, given in instructions() if name == instruction]


def test_both_stages_start_from_the_same_slim_python_that_has_wheels() -> None:
    """The virtual environment is copied between them; Python 3.15 has no xmlsec wheel yet."""
    images = {given.split(" ")[0] for given in arguments("FROM")}
    assert images == {"python:3.13-slim"}
    assert pyproject()["project"]["requires-python"] == ">=3.11,<3.15"


def test_the_image_installs_checked_wheels_and_no_compiler() -> None:
    """Libraries by hash, the program itself without looking anywhere."""
    installs = [given for given in arguments("RUN") if "pip install" in given]
    assert len(installs) == 2
    assert "--require-hashes --only-binary :all: -r requirements.lock" in installs[0]
    assert "--no-deps --no-build-isolation --no-index" in installs[1]
    assert not re.search(r"apt|gcc|build-essential", " ".join(arguments("RUN")))


def test_the_image_runs_as_an_ordinary_user_who_owns_the_data() -> None:
    """The data directory is a volume, made for that user before it becomes one."""
    user = arguments("USER")[-1]
    made = arguments("RUN")[-1]
    assert user not in ("root", "0")
    assert f"--owner {user}" in made
    assert made.endswith(" /data")
    assert arguments("VOLUME") == ["/data"]
    assert "CONNECTOR_DATA_DIR=/data" in arguments("ENV")[0]
    order = [name for name, _ in instructions()]
    assert order.index("USER") < order.index("CMD")


def test_the_image_serves_and_says_whether_it_is_healthy() -> None:
    """The check is Python, for a slim image has no curl; it asks the path that answers health."""
    assert json.loads(arguments("CMD")[0]) == ["connector", "serve", "--host", "0.0.0.0"]
    [check] = arguments("HEALTHCHECK")
    command, flag, code = json.loads(check.partition("CMD ")[2])
    assert (command, flag) == ("python", "-c")
    compile(code, "HEALTHCHECK", "exec")
    assert "http://127.0.0.1:8000/healthz" in code


def test_everything_the_image_copies_is_there_and_let_through() -> None:
    """`.dockerignore` names what may go to the builder; all else stays behind."""
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = {name for given in arguments("COPY") if not given.startswith("--from") for name in given.split(" ")[:-1]}
    assert {Path(name).name for name in copied} == allowed
    assert [name for name in allowed if not (ROOT / name).exists()] == []


def test_the_wheel_holds_every_file_of_the_program(tmp_path: Path) -> None:
    """Migrations and recorded conversations too: what is not in the wheel is missing in the image only."""
    source = tmp_path / "source"
    for package in PACKAGES:
        shutil.copytree(ROOT / package, source / package, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(ROOT / name, source)
    build = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "--no-index",
        "-w",
        str(tmp_path),
    ]
    subprocess.run([*build, source], check=True, capture_output=True)
    [wheel] = tmp_path.glob("*.whl")
    needed = [path for package in PACKAGES for path in files(ROOT / package) if path.suffix != ".md"]
    written = {str(path.relative_to(ROOT)) for path in needed}
    assert written - set(zipfile.ZipFile(wheel).namelist()) == set()


def test_make_help_tells_every_command() -> None:
    """Each target with a sentence."""
    done = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True, env=_plain_environment())
    told = dict(re.findall(r"^  make (\w+) +(\S.*)$", done.stdout, re.MULTILINE))
    assert {"run", "test", "setup", "lint", "types", "serve", "clean", "help"} <= set(told)


def test_the_readme_starts_with_the_two_commands() -> None:
    """A newcomer needs `make run` and `make test`, and nothing else."""
    readme = (ROOT / "README.md").read_text()
    assert re.search(r"^\s*make run\b", readme, re.MULTILINE)
    assert re.search(r"^\s*make test\b", readme, re.MULTILINE)


def test_continuous_integration_runs_what_developers_run() -> None:
    """`.ci/run` is the three targets, in the order of their cost."""
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert "make lint types test" in script.read_text()


def test_no_file_names_the_place_where_it_was_written() -> None:
    """A path of somebody's machine means nothing on another."""
    named = {path: re.findall(r"(?<![\w.}])/(?:home|root|work|tmp)/\S*", path.read_text(errors="replace")) for path in files()}
    assert len(named) > 50
    assert {path: places for path, places in named.items() if places} == {}


def _plain_environment() -> dict[str, str]:
    """Without what an outer `make` tells an inner one."""
    return {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")}
