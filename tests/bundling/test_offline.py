"""The archives as they are made, and one installed and served with the network off (make bundle-test)."""

import json
import os
import platform
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from django.conf import settings

from config import bootstrap
from config.bundling import __main__ as bundling
from config.bundling.wheels import ARCHES, Target, locked, wrong

pytestmark = pytest.mark.bundle
INSIDE = Path(__file__).with_name("inside.py")
# Kept, as make bundle keeps them: what was fetched once is not fetched again.
OUT = Path(settings.BASE_DIR) / "var" / "bundle"
# Eleven minutes were measured on two cores that fourteen processes wanted.
SECONDS = 1500


def made(arch: str, capsys: pytest.CaptureFixture[str]) -> tuple[Path, str]:
    """The archive and its SHA-256, as the command says them."""
    status = bundling.main(["--arch", arch, "--python", "3.11"])
    told = capsys.readouterr()
    assert status == 0, told.err
    *_, where, digest = told.out.splitlines()
    return Path(where.split(" (")[0]), digest.removeprefix("SHA-256 ")


@pytest.mark.parametrize("arch", ARCHES)
def test_every_package_has_a_wheel_that_fits_and_the_archive_is_the_same_again(
    arch: str, capsys: pytest.CaptureFixture[str]
) -> None:
    archive, digest = made(arch, capsys)
    assert made(arch, capsys) == (archive, digest)
    target = Target(arch)
    texts = [(bootstrap.REQUIREMENTS / f"{name}.txt").read_text() for name in ("app", "uv", "pip")]
    packages = locked(texts, target)
    assert wrong(OUT / f"wheels-{arch}-3.11", packages, target) == []
    with tarfile.open(archive) as tar:
        wheels = [name for name in tar.getnames() if name.endswith(".whl")]
    assert len(wheels) == len(packages)


def alone() -> list[str]:
    """What runs a command where there is no network; empty where nobody may make such a place."""
    for command in (["unshare", "--net"], ["unshare", "--net", "--map-root-user"]):
        try:
            if subprocess.run([*command, "true"], capture_output=True).returncode == 0:
                return command
        except OSError:
            break
    return []


def test_it_installs_and_serves_without_a_network(
    tmp_path_factory: pytest.TempPathFactory, trained_model: None, capsys: pytest.CaptureFixture[str]
) -> None:
    machine = platform.machine()
    if machine not in ARCHES or sys.version_info[:2] != (3, 11):
        pytest.skip(f"the archive is for {' and '.join(ARCHES)} with Python 3.11")
    archive, _digest = made(machine, capsys)
    folder = tmp_path_factory.mktemp("offline")
    for path in (folder, *folder.parents[:2]):
        path.chmod(0o755)  # PostgreSQL, started by root, runs as nobody
    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter="data")
    (unpacked,) = folder.iterdir()
    network = alone()
    environment = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    # Training takes minutes and no network; the model that this folder has is enough.
    environment |= {"MODEL_DIR": str(settings.MODEL_DIR), "PYTHON": sys.base_prefix + "/bin/python3.11"}
    if not network:
        # Second best: whoever asks is sent to a door that is closed.
        environment |= dict.fromkeys(("http_proxy", "https_proxy", "all_proxy"), "http://127.0.0.1:9")
        with capsys.disabled():
            print("\nNo network namespace to be had here: only proxies and pip's index were taken away.")
    done = subprocess.run(
        [
            *network,
            sys.executable,
            "-I",
            str(INSIDE),
            str(unpacked),
            str(folder / "opt"),
            str(folder / "var"),
        ],
        env=environment,
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert done.returncode == 0, f"{done.stdout[-6000:]}\n{done.stderr[-3000:]}"
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["answers"] == dict.fromkeys(told["answers"], 200), done.stderr[-3000:]
    assert told["demo_key"] is False
    assert not network or told["interfaces"] == ["lo"]
