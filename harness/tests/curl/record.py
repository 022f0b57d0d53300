#!/usr/bin/env python3
"""Records what the real curl does with the command lines in cases.txt: `record.py > recorded.tsv`.

`record.py --options > ../../src/curl/options.tsv` writes the table of its options instead, from `curl --help all`.

Each case runs under bash in an empty folder with three files, against a server that records every request and answers
200. The table keeps the exit code, curl's first message, and what arrived. Needs bash and curl, nothing else. The test
curl_recorded.rs replays the table without either.
"""

import http.server
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import threading

VERSION = subprocess.run(["curl", "--version"], capture_output=True, text=True).stdout.split()[1]


def options():
    print(f"# curl's options, from `curl --help all` of {VERSION}: short letter, long name, and 1 where it takes an argument.")
    help_text = subprocess.run(["curl", "--help", "all"], capture_output=True, text=True).stdout
    for short, name, rest in re.findall(r"^ (?:-(.), |    )--([a-z0-9.-]+) (.*)$", help_text, re.MULTILINE):
        # The category behind --help is optional, which the parser does not count as an argument.
        takes = "1" if rest.startswith("<") and name != "help" else ""
        print(f"{short}\t{name.removeprefix('no-')}\t{takes}")


if sys.argv[1:] == ["--options"]:
    options()
    sys.exit()

HERE = pathlib.Path(__file__).parent
FILES = {
    "body.txt": b'method1=objects.get&\r\narg1={"id":1}\n',
    "plain.txt": "имя & a+b\n".encode(),
    "empty.txt": b"",
}
arrived = []


class Recorder(http.server.BaseHTTPRequestHandler):
    def record(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        seen = {"method": self.command, "target": self.path.encode("latin-1").decode("utf-8", "replace")}
        for name in ("Content-Type", "Authorization", "Accept", "X-Test", "Cookie", "User-Agent", "Referer"):
            value = self.headers.get(name)
            plain = {"Accept": "*/*"}.get(name)
            if value is not None and value != plain and not value.startswith("curl/"):
                seen[name.lower()] = re.sub(r"boundary=-*[0-9a-f]+", "boundary=BOUNDARY", value)
        if not seen.get("content-type", "").startswith("multipart/"):
            seen["body"] = body.decode("utf-8", "replace")
        arrived.append(seen)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def __getattr__(self, name):
        if name.startswith("do_"):
            return self.record
        raise AttributeError(name)

    def log_message(self, *_):
        pass


server = http.server.HTTPServer(("127.0.0.1", 0), Recorder)
threading.Thread(target=server.serve_forever, daemon=True).start()
host = f"127.0.0.1:{server.server_port}"

print(f"# Recorded by record.py from cases.txt with curl {VERSION}; HOST stands for the server's address.")
print("command\texit\tmessage\trequests")
for line in (HERE / "cases.txt").read_text().splitlines():
    if not line or line.startswith("#"):
        continue
    with tempfile.TemporaryDirectory() as folder:
        for name, content in FILES.items():
            (pathlib.Path(folder) / name).write_bytes(content)
        arrived.clear()
        command = line.replace("HOST", host)
        ran = subprocess.run(
            ["bash", "-c", command],
            cwd=folder,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            env={"PATH": os.environ["PATH"], "HOME": folder, "LC_ALL": "C.UTF-8"},
        )
        error = ran.stderr.decode("utf-8", "replace")
        said = [text for text in error.splitlines() if re.match(r"(curl: |Warning: |bash: )", text)]
        message = said[0] if said else ""
        # Progress meters and verbose traces are not messages; the address is this run's own.
        message = message.replace(host, "HOST").replace(str(server.server_port), "PORT").replace("\t", " ")
        requests = json.dumps(arrived, ensure_ascii=False).replace(host, "HOST")
        print(f"{line}\t{ran.returncode}\t{message}\t{requests}", flush=True)
