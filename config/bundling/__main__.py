"""`make bundle`: the archive for one kind of machine, into var/bundle.

python -m config.bundling --arch aarch64 [--python 3.11] [--extra observe] [--out FOLDER]
"""

import argparse
import platform
import sys
import tempfile
from pathlib import Path

from config import bootstrap
from config.bundling import archive, wheels


def main(told: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="make bundle", description="One archive that installs offline.")
    parser.add_argument("--arch", default=platform.machine(), help=", ".join(wheels.ARCHES))
    parser.add_argument("--python", default="3.11", help="the Python of the machine that it is for")
    parser.add_argument("--extra", action="append", default=[], help="requirements/NAME.txt besides: observe")
    parser.add_argument("--out", type=Path, default=archive.ROOT / "var" / "bundle")
    options = parser.parse_args(told)
    try:
        target = wheels.Target(options.arch, options.python)
        texts = [_lock(name) for name in ("app", "uv", "pip", *options.extra)]
        packages = wheels.locked(texts, target)
        source = archive.read_source()
        if not bootstrap.frontend_is_built():
            raise archive.NotReady("static/dist is not built from this source: make bundle builds it first")
        kept = options.out / f"wheels-{target.arch}-{target.python}"
        print(f"{len(packages)} packages for {target.arch}, Python {target.python}", flush=True)
        wheels.fetch(kept, packages, target, bootstrap.pip_of_machine())
        name = f"{source.name}-{target.arch}-py{target.python.replace('.', '')}"
        out = options.out / f"{name}.tar"
        with tempfile.TemporaryDirectory(dir=options.out) as folder:
            archive.stage(Path(folder), source, target, packages, kept, bootstrap.DIST)
            digest = archive.pack(Path(folder), out, name=name, at=source.at)
    except (ValueError, wheels.BadWheels, archive.NotReady) as error:
        print(f"No archive: {error}", file=sys.stderr)
        return 1
    if source.changed:
        print("Files under version control were changed since the commit: the name says so.")
    print(f"{out} ({out.stat().st_size / 1e6:.0f} MB)\nSHA-256 {digest}")
    return 0


def _lock(name: str) -> str:
    try:
        return (bootstrap.REQUIREMENTS / f"{name}.txt").read_text()
    except OSError:
        raise archive.NotReady(f"there is no requirements/{name}.txt") from None


if __name__ == "__main__":
    sys.exit(main())
