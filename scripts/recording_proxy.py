"""A module proxy on this machine that passes every request on to the first proxy of GOPROXY, and writes the answers into a folder."""

import contextlib
import http.server
import os
import subprocess
import threading
import urllib.error
import urllib.request


@contextlib.contextmanager
def recording_proxy(go, folder, keeps=lambda path: True):
    """Gives the address of the proxy. It records the answers to paths that `keeps` accepts."""
    listed = subprocess.run([go, "env", "GOPROXY"], check=True, stdout=subprocess.PIPE, text=True).stdout
    upstream = listed.split(",")[0].split("|")[0].strip()

    class Recorder(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            try:
                with urllib.request.urlopen(upstream + self.path) as answer:
                    status, body = answer.status, answer.read()
            except urllib.error.HTTPError as error:
                status, body = error.code, b""
            if status == 200 and keeps(self.path):
                path = os.path.join(folder, self.path[1:])
                os.makedirs(os.path.dirname(path), exist_ok=True)
                with open(path, "wb") as file:
                    file.write(body)
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Recorder)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
