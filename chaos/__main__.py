"""`python -m chaos --minutes 10 --seed 7`: run, judge, say, and exit 1 where anything was broken."""

import argparse
import os
import random
import sys
import tempfile
from pathlib import Path

from chaos.run import Run


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m chaos", description=__doc__)
    parser.add_argument("--minutes", type=float, default=float(os.environ.get("CHAOS_MINUTES") or 10))
    parser.add_argument("--seed", type=int, default=os.environ.get("CHAOS_SEED") or None)
    parser.add_argument("--every", type=float, default=5.0, help="seconds between two kills, on average")
    parser.add_argument("--rate", type=float, default=3600.0, help="seconds of the district a second")
    parser.add_argument("--keep", action="store_true", help="leave the folder even where all is well")
    options = parser.parse_args()
    seed = random.randrange(1_000_000) if options.seed is None else options.seed
    # Short, as sockets must be; open to enter, as PostgreSQL runs as nobody where we are root.
    folder = Path(tempfile.mkdtemp(prefix="yw-chaos-"))
    folder.chmod(0o711)
    run = Run(folder, seed=seed, rate=options.rate, say=lambda text: print(text, flush=True))
    try:
        result = run.live(seconds=options.minutes * 60, every=options.every)
    finally:
        run.close()
    print(result, flush=True)
    if result.good and not options.keep:
        run.stack.remove()
    else:
        print(f"database, logs and ledger are in {folder}; the same kills again: CHAOS_SEED={seed}")
    return 0 if result.good else 1


if __name__ == "__main__":
    sys.exit(main())
