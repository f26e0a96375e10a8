"""Run where there is no network: install what was unpacked, start it, ask it, stop it; the last line is JSON.

python inside.py UNPACKED TO VAR
"""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path


def get(url: str) -> tuple[int, str]:
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(url, timeout=20) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, ""
    except OSError:
        return 0, ""


def main(unpacked: str, to: str, var: str) -> None:
    if [name for _number, name in socket.if_nameindex()] == ["lo"]:
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    subprocess.run([f"{unpacked}/install", "--to", to], check=True)
    here = Path(to, "current")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    started = subprocess.Popen(
        [here.resolve() / ".venv" / "bin" / "python", "manage.py", "up"],
        cwd=here.resolve(),
        env={**os.environ, "YIWANG_VAR": var, "PORT": str(port), "SEED": "0", "WEB_WORKERS": "1"},
        stdout=sys.stderr,
    )
    site = f"http://127.0.0.1:{port}"
    try:
        while started.poll() is None and get(f"{site}/readyz")[0] != 200:
            time.sleep(1)
        status, page = get(f"{site}/sign-in/")
        style = re.search(r'href="(/static/[^"]+\.css)"', page)
        answer = {
            "interfaces": [name for _number, name in socket.if_nameindex()],
            "answers": {
                "/healthz": get(f"{site}/healthz")[0],
                "/readyz": get(f"{site}/readyz")[0],
                "/sign-in/": status,
                "its style": get(site + style[1])[0] if style else 0,
            },
            "demo_key": "ZGVtb25z" in Path(var, "secrets.env").read_text(),
        }
    finally:
        started.send_signal(signal.SIGINT)
        started.wait(60)
    print(json.dumps(answer))


if __name__ == "__main__":
    main(*sys.argv[1:])
