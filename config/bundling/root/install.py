"""Install Yiwang from this folder. Needs the Python that MANIFEST.json names, and no network.

./install --to /opt/yiwang     into /opt/yiwang/NAME; /opt/yiwang/current points at what is to run
./install --check              only look whether every file is as it was packed
"""

import argparse
import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).resolve().parent
SUMS = "SHA256SUMS"
DONE = ".installed"


class Refused(Exception):
    """It cannot be installed here; says why, in Chinese and in English."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="./install", description="离线安装 Yiwang / install Yiwang offline")
    parser.add_argument("--to", type=Path, help="安装目录 / the folder to install under, like /opt/yiwang")
    parser.add_argument("--check", action="store_true", help="只核对文件 / only check the files")
    options = parser.parse_args()
    if not options.check and options.to is None:
        parser.error("--to 或 --check / --to or --check")
    try:
        count = check_files(HERE)
        say(f"{count} 个文件与打包时一致", f"{count} files are as they were packed")
        if options.check:
            return
        target = options.to.resolve()
        if target == HERE or HERE in target.parents:
            raise Refused(
                f"{target} 在安装包里面：请选别处，如 /opt/yiwang",
                f"{target} lies inside the archive: choose another folder, like /opt/yiwang",
            )
        told = json.loads((HERE / "MANIFEST.json").read_text())
        check_machine(told)
        install(told, target)
    except Refused as refused:
        sys.exit("\n".join(map(str, refused.args)))
    except OSError as error:
        sys.exit(f"无法写入或读取 / cannot read or write: {error}")


def say(chinese: str, english: str) -> None:
    print(f"{chinese} / {english}", flush=True)


def check_files(folder: Path) -> int:
    """How many there are. Raises Refused where one is missing, another than it was, or not of the archive."""
    try:
        lines = (folder / SUMS).read_text().splitlines()
    except FileNotFoundError:
        raise Refused(f"缺少 {SUMS}", f"{SUMS} is missing") from None
    sums = {name: digest for digest, _, name in (line.partition("  ") for line in lines)}
    there = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if not path.is_dir()}
    there.pop(SUMS, None)
    wrong = [f"- {name}" for name in sorted(set(sums) - set(there))]
    wrong += [f"+ {name}" for name in sorted(set(there) - set(sums))]
    for name in sorted(set(sums) & set(there)):
        with there[name].open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != sums[name]:
                wrong.append(f"≠ {name}")
    if wrong:
        raise Refused(
            "文件与打包时不一致（- 缺少，+ 多出，≠ 被改动），请重新拷贝，不要安装：",
            "The files are not as they were packed (- missing, + more, ≠ another). Copy the archive again:",
            *wrong[:20],
        )
    return len(sums)


def check_machine(told: dict[str, str]) -> None:
    """Raises Refused where the wheels do not fit this machine."""
    here = f"{sys.version_info.major}.{sys.version_info.minor}"
    if here != told["python"]:
        raise Refused(
            f"需要 Python {told['python']}，当前是 {here}。请以 PYTHON=路径 指明。",
            f"This archive is for Python {told['python']}, not {here}. Name it: PYTHON=path ./install",
        )
    arch = platform.machine()
    if arch != told["arch"]:
        raise Refused(
            f"安装包适用于 {told['arch']}，本机是 {arch}。",
            f"This archive is for {told['arch']}, and this machine is {arch}.",
        )
    libc, version = platform.libc_ver()
    if libc != "glibc" or _numbers(version) < _numbers(told["glibc"]):
        raise Refused(
            f"需要 glibc {told['glibc']} 或更新，本机是 {libc or '?'} {version}。",
            f"It needs glibc {told['glibc']} or newer, and this machine has {libc or '?'} {version}.",
        )


def install(told: dict[str, str], to: Path) -> None:
    """A folder of its own for each version; `current` is made where there is none, and else left alone."""
    place = to / told["name"]
    if (place / DONE).exists():
        raise Refused(f"{place} 已经装好。", f"{place} is installed already.")
    if place.exists():
        say("上次安装中断，重新开始", "an installation broke off here: beginning again")
        shutil.rmtree(place)
    shutil.copytree(HERE / "source", place)
    shutil.copy(HERE / "MANIFEST.json", place / "MANIFEST.json")
    say("正在安装依赖包", "installing the packages")
    with tempfile.TemporaryDirectory() as scratch:
        # The archive's own pip: a machine's may be too old or absent. Nothing else that is set here counts.
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("PIP_", "UV_", "PYTHON"))}
        offline = {
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": str(HERE / "wheels"),
            "PYTHONPATH": str(next((HERE / "wheels").glob("pip-*.whl"))),
            "UV_CACHE_DIR": str(Path(scratch, "uv")),
            "UV_LINK_MODE": "copy",
            "UV_NO_CONFIG": "1",
            "UV_OFFLINE": "1",
            "UV_PYTHON_DOWNLOADS": "never",
        }
        bootstrap = [sys.executable, place / "config" / "bootstrap.py", "--no-frontend"]
        _run(bootstrap, kept | offline, "依赖包未能装好", "the packages could not be installed")
        python = place / ".venv" / "bin" / "python"
        say("正在检查", "checking")
        environment = kept | {"YIWANG_VAR": scratch}
        _run([python, "manage.py", "check"], environment, "检查未通过", "the check failed", folder=place)
    (place / DONE).touch()
    now = to / "current"
    if not now.is_symlink():
        now.symlink_to(told["name"])
    say(f"已安装到 {place}", f"installed in {place}")
    if now.resolve() == place.resolve():
        say("下一步见 README", "README says what comes next")
    else:
        command = f"ln -sfn {told['name']} {now}.new && mv -T {now}.new {now}"
        say(f"切换到此版本（见 README 的升级步骤）：{command}", "to switch to it, see Upgrading in README")


def _run(
    command: list[object], environment: dict[str, str], chinese: str, english: str, folder: Path | None = None
) -> None:
    done = subprocess.run([str(word) for word in command], env=environment, cwd=folder)
    if done.returncode:
        raise Refused(f"{chinese}。", f"Broken off: {english}. What is there can be installed over again.")


def _numbers(version: str) -> tuple[int, ...]:
    to_number: Callable[[str], int] = lambda part: int(part) if part.isdigit() else 0  # noqa: E731
    return tuple(map(to_number, version.split(".")))


if __name__ == "__main__":
    main()
