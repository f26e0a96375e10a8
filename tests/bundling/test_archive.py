"""The archive: the same bytes from the same input, and an installer that looks before it touches anything."""

import hashlib
import os
import platform
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from config.bundling import archive
from config.bundling.root import install
from config.bundling.wheels import Locked, Target

NAMES = (
    "install",
    "wheels/six-1.17.0-py3-none-any.whl",
    "source/docs/中文.md",
    "source/" + "long/" * 30 + "x",
)


def laid(folder: Path, names: tuple[str, ...] = NAMES) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"content of {name}")
    sums = [f"{hashlib.sha256((folder / name).read_bytes()).hexdigest()}  {name}\n" for name in sorted(names)]
    (folder / archive.SUMS).write_text("".join(sums))
    return folder


def test_the_same_files_give_the_same_bytes_whenever_and_by_whomever(tmp_path: Path) -> None:
    one, two = laid(tmp_path / "one"), laid(tmp_path / "two", NAMES[::-1])
    for path in two.rglob("*"):
        os.utime(path, (1_000_000, 1_000_000))
        path.chmod(0o700 if path.is_dir() else 0o600)
    first = archive.pack(one, tmp_path / "1.tar", name="yiwang", at=1_700_000_000)
    assert first == archive.pack(two, tmp_path / "2.tar", name="yiwang", at=1_700_000_000)
    assert (tmp_path / "1.tar").read_bytes() == (tmp_path / "2.tar").read_bytes()
    assert (tmp_path / "1.tar.sha256").read_text() == f"{first}  1.tar\n"

    with tarfile.open(tmp_path / "1.tar") as tar:
        told = {one.name: one for one in tar}
    assert {f"yiwang/{name}" for name in (*NAMES, archive.SUMS)} == set(told)
    assert told["yiwang/install"].mode == 0o755
    assert {(one.mtime, one.uid, one.gid, one.uname) for one in told.values()} == {(1_700_000_000, 0, 0, "")}

    (two / NAMES[1]).write_text("another")
    assert archive.pack(two, tmp_path / "3.tar", name="yiwang", at=1_700_000_000) != first


def test_what_is_packed_is_the_product_and_not_its_proof(tmp_path: Path) -> None:
    source = archive.read_source()
    assert {"manage.py", "requirements/app.txt", "docs/offline.md", "config/bundling/wheels.py"} <= set(
        source.files
    )
    assert not [name for name in source.files if name.startswith(("tests/", "chaos/", "var/", ".env"))]
    assert source.name.startswith(f"yiwang-{source.version}-{source.commit[:12]}")

    for name in ("wheels", "dist", "out"):
        (tmp_path / name).mkdir()
    (tmp_path / "wheels" / "six-1.17.0-py3-none-any.whl").write_text("w")
    (tmp_path / "dist" / "app.css").write_text("a{}")
    packages = {"six": Locked("six", "1.17.0", frozenset())}
    archive.stage(
        tmp_path / "out", source, Target("aarch64"), packages, tmp_path / "wheels", tmp_path / "dist"
    )
    assert (tmp_path / "out/source/static/dist/app.css").read_text() == "a{}"
    assert install.check_files(tmp_path / "out") == len(source.files) + 6


def test_without_version_control_it_says_so(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[project]\nversion = "1"\n')
    with pytest.raises(archive.NotReady, match="git says"):
        archive.read_source(tmp_path)


def test_a_file_that_was_changed_lost_or_added_is_named_before_anything_is_installed(tmp_path: Path) -> None:
    folder = laid(tmp_path)
    assert install.check_files(folder) == len(NAMES)
    (folder / NAMES[1]).write_text("another")
    (folder / NAMES[2]).unlink()
    (folder / "wheels" / "more.whl").write_text("m")
    with pytest.raises(install.Refused) as refused:
        install.check_files(folder)
    assert refused.value.args[2:] == ("- source/docs/中文.md", "+ wheels/more.whl", f"≠ {NAMES[1]}")
    (folder / archive.SUMS).unlink()
    with pytest.raises(install.Refused, match="SHA256SUMS"):
        install.check_files(folder)


HERE = {
    "python": f"{sys.version_info.major}.{sys.version_info.minor}",
    "arch": platform.machine(),
    "glibc": "2.17",
}


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"python": "3.99"}, "for Python 3.99"),
        ({"arch": "loongarch64"}, "for loongarch64"),
        ({"glibc": "2.999"}, "needs glibc 2.999"),
    ],
)
def test_another_machine_is_told_what_it_lacks(changed: dict[str, str], said: str) -> None:
    install.check_machine(HERE)
    with pytest.raises(install.Refused) as refused:
        install.check_machine(HERE | changed)
    assert said in refused.value.args[1]


def test_a_version_that_is_there_already_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "yiwang-1").mkdir()
    (tmp_path / "yiwang-1" / install.DONE).touch()
    with pytest.raises(install.Refused, match="已经装好") as refused:
        install.install({"name": "yiwang-1"}, tmp_path)
    assert "installed already" in refused.value.args[1]


def test_without_its_python_the_script_says_which_it_needs(tmp_path: Path) -> None:
    (tmp_path / "install").write_bytes((archive.TOP / "install").read_bytes())
    (tmp_path / "MANIFEST.json").write_text('{\n "python": "3.11"\n}\n')
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("dirname", "sed"):
        (tools / name).symlink_to(f"/usr/bin/{name}")
    done = subprocess.run(
        ["/bin/sh", str(tmp_path / "install"), "--check"],
        env={"PATH": str(tools)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert "没有 Python 3.11" in done.stderr
    assert "There is no Python 3.11 here" in done.stderr
