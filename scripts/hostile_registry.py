#!/usr/bin/env python3
"""Starts misbehaving registries on the loopback, pulls from each with gospect, and reports failures.

usage: scripts/hostile_registry.py GOSPECT [NAME...]      SHOW=1 prints what gospect output; names that begin with `slow` run only when asked for

Each case has its allowed exit codes and a word that the output must contain. Every pull runs with --memory 64M; its peak may be
twice that, its processor time ten seconds, and its number of requests is limited. A host that only a redirect names must never get
credentials.
"""
import base64, gzip, hashlib, http.server, io, json, os, resource, subprocess, sys, tarfile, tempfile, threading, time

SECONDS, MEMORY, REQUESTS, WAIT = 10, 64, 10_100, 240
USER = base64.b64encode(b"me:hunter2hunter2").decode()
CASES = {}
MANIFEST, INDEX = "application/vnd.oci.image.manifest.v1+json", "application/vnd.oci.image.index.v1+json"


def case(exits, word="", **more):
    """Registers a function that makes an answerer: from a request (path, headers) and its number it returns status, headers and body."""
    def note(make):
        CASES[make.__name__] = (exits if isinstance(exits, tuple) else (exits,), word, more, make)
        return make
    return note


def digest(body):
    return "sha256:" + hashlib.sha256(body).hexdigest()


def layer(name="etc/motd", body=b"hello"):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        info = tarfile.TarInfo(name)
        info.size = len(body)
        tar.addfile(info, io.BytesIO(body))
    return out.getvalue()


class Image:
    """A valid image: its blobs by digest, and the digest that its tag names."""

    def __init__(self, size=None, count=1, tar=None):
        tar = tar or layer()
        config = json.dumps({"os": "linux", "architecture": "amd64", "config": {}, "rootfs": {"type": "layers", "diff_ids": [digest(tar)] * count}}).encode()
        row = {"mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": digest(tar), "size": len(tar) if size is None else size}
        self.tar, self.config = tar, config
        self.manifest = json.dumps({"schemaVersion": 2, "mediaType": MANIFEST, "layers": [row] * count,
                                    "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": digest(config), "size": len(config)}}).encode()
        self.blobs = {digest(b): b for b in (tar, config, self.manifest)}

    def answer(self, path, _headers=None):
        last = path.rsplit("/", 1)[-1]
        if "/manifests/" in path:
            return (200, {"Content-Type": MANIFEST}, self.blobs.get(last, self.manifest))
        return (200, {}, self.blobs[last]) if last in self.blobs else (404, {}, b"{}")


class Server:
    def __init__(self, answer):
        self.seen, self.proofs, self.answer = 0, [], answer
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_GET(self):
                outer.seen += 1
                if "Authorization" in self.headers:
                    outer.proofs.append(self.headers["Authorization"])
                try:
                    status, headers, body = outer.answer(self.path, self.headers)
                    if status is None:
                        self.wfile.write(body)
                        self.close_connection = True
                        return
                    self.send_response(status)
                    headers = dict(headers)
                    endless = not isinstance(body, bytes)
                    if endless:
                        headers["Transfer-Encoding"] = "chunked"
                    else:
                        headers.setdefault("Content-Length", str(len(body)))
                    for name, value in headers.items():
                        for one in value if isinstance(value, list) else [value]:
                            self.send_header(name, one)
                    self.end_headers()
                    for piece in body if endless else ():
                        self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
                    if endless:
                        self.wfile.write(b"0\r\n\r\n")
                    else:
                        self.wfile.write(body)
                    if int(headers.get("Content-Length", -1)) != len(body if not endless else b""):
                        self.close_connection = True
                except (BrokenPipeError, ConnectionResetError, OSError):
                    self.close_connection = True

        class Quiet(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

            def handle_error(self, *_):
                pass  # who is pulled from is hung up on now and then

        self.http = Quiet(("127.0.0.1", 0), Handler)
        self.host = "127.0.0.1:%d" % self.http.server_address[1]
        threading.Thread(target=self.http.serve_forever, args=(0.05,), daemon=True).start()


def on(part, other):
    """Valid, except for paths that contain `part`."""
    image = Image()
    return lambda path, headers: other(path, headers, image) if part in path else image.answer(path)


def forever(piece):
    while True:
        yield piece


@case(0, '"reference"')
def honest(_):
    return Image().answer


@case(2, "asks for a login")
def a_redirect_to_a_host_that_asks_for_a_password(other):
    other.answer = lambda path, headers: (401, {"WWW-Authenticate": f'Bearer realm="http://{other.host}/token",service="x",scope="repository:t/app:pull"'}, b"{}") \
        if not path.startswith("/token") else (200, {}, b'{"token":"stolen"}')
    return on("/blobs/", lambda path, headers, image: (307, {"Location": f"http://{other.host}{path}"}, b""))


@case(2, "asks for a login")
def a_redirect_to_a_host_that_asks_for_basic(other):
    other.answer = lambda path, headers: (401, {"WWW-Authenticate": 'Basic realm="x"'}, b"{}")
    return on("/manifests/", lambda path, headers, image: (307, {"Location": f"http://{other.host}{path}"}, b""))


@case(0, '"reference"', scope="repository:t/app:pull")
def scopes_to_push_and_delete(_):
    image = Image()

    def answer(path, headers):
        if path.startswith("/token"):
            answer.asked.append(path)
            return (200, {}, b'{"token":"abc"}')
        if headers.get("Authorization") != "Bearer abc":
            realm = f'http://{headers["Host"]}/token'
            return (401, {"WWW-Authenticate": f'Bearer realm="{realm}",service="s",scope="repository:t/app:pull,push,delete repository:secret:* registry:catalog:*"'}, b"{}")
        return image.answer(path)
    answer.asked = []
    return answer


@case(2)
def a_realm_elsewhere_in_plain_http(_):
    return lambda path, headers: (401, {"WWW-Authenticate": 'Bearer realm="http://192.0.2.1/token",service="s"'}, b"{}")


@case(2, "401")
def never_content_with_a_token(_):
    return lambda path, headers: (200, {}, b'{"token":"abc"}') if path.startswith("/token") else \
        (401, {"WWW-Authenticate": f'Bearer realm="http://{headers["Host"]}/token",service="s"'}, b"{}")


@case(2)
def a_token_without_end(_):
    return lambda path, headers: (200, {}, forever(b"x" * 65536)) if path.startswith("/token") else \
        (401, {"WWW-Authenticate": f'Bearer realm="http://{headers["Host"]}/token"'}, b"{}")


@case(2)
def a_token_with_a_line_break(_):
    return lambda path, headers: (200, {}, b'{"token":"a\\r\\nX-Evil: 1"}') if path.startswith("/token") else \
        (401, {"WWW-Authenticate": f'Bearer realm="http://{headers["Host"]}/token"'}, b"{}")


@case(2)
def a_challenge_of_a_megabyte(_):
    return lambda path, headers: (401, {"WWW-Authenticate": "Bearer " + 'a="b",' * 200_000}, b"{}")


@case(2, "redirect")
def redirects_in_a_circle(_):
    return lambda path, headers: (307, {"Location": path}, b"")


@case(2)
def a_redirect_to_a_file(_):
    return lambda path, headers: (307, {"Location": "file:///etc/passwd"}, b"")


@case(2)
def a_redirect_to_a_service_of_the_machine(_):
    return lambda path, headers: (307, {"Location": "http://169.254.169.254/latest/meta-data"}, b"")


def index_of(*rows):
    return json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": [{"mediaType": INDEX, "digest": d, "size": s} for d, s in rows]}).encode()


@case(2, "digest")
def an_index_that_holds_itself(_):
    body = index_of((digest(b"1"), 1), (digest(b"2"), 1))
    return lambda path, headers: (200, {"Content-Type": INDEX}, body)


@case(2, "digest")
def an_index_for_every_question(_):
    def answer(path, headers):
        body = index_of((digest(os.urandom(8)), 1))
        return (200, {"Content-Type": INDEX}, body)
    return answer


@case((0, 2))
def indexes_five_thousand_deep(_):
    blobs, body = {}, Image().manifest
    for _ in range(5000):
        blobs[digest(body)] = body
        body = index_of((digest(body), len(body)))
    return lambda path, headers: (200, {"Content-Type": INDEX}, blobs.get(path.rsplit("/", 1)[-1], body)) if "/manifests/" in path else (404, {}, b"")


@case(2, "more than")
def an_index_of_twenty_thousand(_):
    body = index_of(*((digest(b"%d" % i), 1) for i in range(20_000)))
    return lambda path, headers: (200, {"Content-Type": INDEX}, body) if path.endswith("/1") else (404, {}, b"{}")


@case((0, 2), "layers")
def a_manifest_of_ten_thousand_layers(_):
    return Image(count=10_000).answer


@case(2)
def a_manifest_without_end(_):
    return lambda path, headers: (200, {"Content-Type": MANIFEST}, forever(b" " * 65536))


@case(2)
def a_layer_without_end(_):
    return on("/blobs/", lambda path, headers, image: (200, {}, forever(bytes(65536))) if path.endswith(digest(image.tar)) else image.answer(path))


@case(2)
def a_configuration_without_end(_):
    return on("/blobs/", lambda path, headers, image: (200, {}, forever(b" " * 65536)) if path.endswith(digest(image.config)) else image.answer(path))


def sized(size):
    return Image(size=size).answer


@case(2, "size")
def a_layer_said_to_be_smaller(_):
    return sized(10)


@case(2, "size")
def a_layer_said_to_be_empty(_):
    return sized(0)


@case(2, "size")
def a_layer_said_to_be_larger(_):
    return sized(1 << 40)


@case(2)
def a_layer_said_to_be_less_than_nothing(_):
    return sized(-1)


@case(2)
def a_layer_said_to_be_as_large_as_can_be(_):
    return sized((1 << 63) - 1)


@case(2, "digest")
def another_layer(_):
    other = layer(body=b"other")
    return on("/blobs/", lambda path, headers, image: (200, {}, other) if path.endswith(digest(image.tar)) else image.answer(path))


@case(2, "digest")
def another_configuration(_):
    return on("/blobs/", lambda path, headers, image: (200, {}, image.config + b" ") if path.endswith(digest(image.config)) else image.answer(path))


@case(2, "digest", tail="@sha256:" + "0" * 64)
def another_manifest_than_the_digest_asked_for(_):
    return Image().answer


@case(2)
def a_body_that_breaks_off(_):
    return on("/blobs/", lambda path, headers, image: (200, {"Content-Length": "100000"}, b"x" * 100))


@case(2)
def a_range_of_something_else(_):
    def blob(path, headers, image):
        if "Range" in headers:
            return (206, {"Content-Range": "bytes 0-9/10"}, b"y" * 10)
        return (200, {"Content-Length": "100000"}, b"x" * 100)
    return on("/blobs/", blob)


@case((0, 2))
def headers_of_a_megabyte(_):
    return lambda path, headers: (200, {"Content-Type": MANIFEST, "X": "y" * (1 << 20)}, Image().manifest)


@case((0, 2))
def a_hundred_thousand_headers(_):
    return lambda path, headers: (200, {"Content-Type": MANIFEST, "X": ["y"] * 100_000}, Image().manifest)


@case((0, 2))
def a_manifest_as_gzip(_):
    image = Image()
    return lambda path, headers: (200, {"Content-Type": MANIFEST, "Content-Encoding": "gzip"}, gzip.compress(image.manifest)) if "/manifests/" in path else image.answer(path)


@case(2)
def a_manifest_as_a_gzip_bomb(_):
    bomb = gzip.compress(bytes(512 << 20), 9)
    return lambda path, headers: (200, {"Content-Type": MANIFEST, "Content-Encoding": "gzip"}, bomb)


@case(2)
def a_page_for_people(_):
    return lambda path, headers: (200, {"Content-Type": "text/html"}, b"<html>log in here</html>")


@case((0, 2))
def a_manifest_as_html(_):
    image = Image()
    return lambda path, headers: (200, {"Content-Type": "text/html"}, image.manifest) if "/manifests/" in path else image.answer(path)


@case(2, "first form")
def a_manifest_of_the_first_schema(_):
    body = json.dumps({"schemaVersion": 1, "name": "t/app", "tag": "1", "fsLayers": [], "history": []}).encode()
    return lambda path, headers: (200, {"Content-Type": "application/vnd.docker.distribution.manifest.v1+prettyjws"}, body)


@case(2)
def brackets_a_million_deep(_):
    return lambda path, headers: (200, {"Content-Type": MANIFEST}, b"[" * 1_000_000)


@case(2, "429")
def too_many_requests(_):
    return lambda path, headers: (429, {"Retry-After": "0"}, b"{}")


@case(2, "503")
def come_back_never(_):
    return lambda path, headers: (503, {"Retry-After": "0"}, b"\x1b[2J")


@case(2)
def no_http(_):
    return lambda path, headers: (None, {}, b"SSH-2.0-OpenSSH_9.6\r\n")


@case(2)
def nothing_at_all(_):
    return lambda path, headers: (None, {}, b"")


@case(2)
def a_status_that_is_none(_):
    return lambda path, headers: (None, {}, b"HTTP/1.1 99999999999999999999 OK\r\nContent-Length: 0\r\n\r\n")


@case(2)
def continue_and_continue(_):
    return lambda path, headers: (None, {}, b"HTTP/1.1 100 Continue\r\n\r\n" * 100_000)


@case(2, "slow")
def slow_bytes_of_a_layer(_):
    def drip(body):
        for byte in body:
            time.sleep(0.5)
            yield bytes([byte])
    return on("/blobs/", lambda path, headers, image: (200, {}, drip(image.tar)) if path.endswith(digest(image.tar)) else image.answer(path))


@case(2)
def slow_come_back_in_a_century(_):
    return lambda path, headers: (429, {"Retry-After": "3153600000"}, b"{}")


def pull(program, scratch, name):
    exits, word, more, make = CASES[name]
    other = Server(lambda path, headers: (404, {}, b""))
    answer = make(other)
    server = Server(answer)
    # The password is only for the registry that is named.
    with open(scratch + "/config.json", "w") as f:
        json.dump({"auths": {server.host: {"auth": USER}}}, f)
    out, err = open(scratch + "/out", "w+b"), open(scratch + "/err", "w+b")
    args = [program, "scan", "--format", "json", "--memory", "64M", "--insecure-http", f"registry:{server.host}/t/app" + more.get("tail", ":1")]
    start = time.time()
    child = subprocess.Popen(args, stdin=subprocess.DEVNULL, stdout=out, stderr=err, env={**os.environ, "DOCKER_CONFIG": scratch, "NO_PROXY": "*"})
    watch = threading.Timer(WAIT, child.kill)
    watch.start()
    _, status, usage = os.wait4(child.pid, 0)
    watch.cancel()
    child.returncode = os.waitstatus_to_exitcode(status)
    out.seek(0), err.seek(0)
    output = (err.read() + out.read()).decode("utf-8", "replace")
    wrong = []
    if child.returncode not in exits:
        wrong.append(f"exit {child.returncode}, not {' or '.join(map(str, exits))}")
    if word and word not in output:
        wrong.append(f"does not say {word!r}")
    if child.returncode == 2 and "gospect:" not in output and '"detail"' not in output:
        wrong.append("says nothing")
    cpu = usage.ru_utime + usage.ru_stime
    if cpu > SECONDS:
        wrong.append(f"{cpu:.1f} s of processor time")
    if usage.ru_maxrss / 1024 > 2 * MEMORY:
        wrong.append(f"{usage.ru_maxrss / 1024:.0f} MB")
    if server.seen + other.seen > REQUESTS:
        wrong.append(f"{server.seen + other.seen} requests")
    if other.proofs:
        wrong.append(f"a host that a redirect named was given {other.proofs[0][:6]}...")
    if "hunter2" in output or USER in output or "\x1b" in output or "\x07" in output:
        wrong.append("a credential or a control character is shown")
    for path in getattr(answer, "asked", []):
        from urllib.parse import parse_qs, urlparse
        scopes = parse_qs(urlparse(path).query).get("scope", [])
        if scopes != [more["scope"]]:
            wrong.append(f"asked for {scopes}")
    print(f"{'ok   ' if not wrong else 'WRONG'} {name}: exit {child.returncode}, {cpu:.2f} s, {usage.ru_maxrss / 1024:.0f} MB, "
          f"{server.seen} requests, {time.time() - start:.1f} s in all {'; '.join(wrong)}", flush=True)
    if wrong or os.environ.get("SHOW"):
        print("      " + output[:600].replace("\n", "\n      "))
    server.http.shutdown(), other.http.shutdown()
    return bool(wrong)


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    names = sys.argv[2:] or [name for name in CASES if not name.startswith("slow")]
    with tempfile.TemporaryDirectory() as scratch:
        failed = sum(pull(sys.argv[1], scratch, name) for name in names)
    print(f"{len(names)} tricks, {failed} not as expected")
    sys.exit(1 if failed else 0)


main()
