#!/usr/bin/env python3
"""Makes an OCI layout of one large image, for measuring memory: make-big-image.py DIR gzip|zstd GIGABYTES [PROGRAM...]

Each layer is about 1 GB of noise that compresses about 20 times, in files of 1 KB to 200 MB, with the given programs in between.
Needs only the standard library, and the command zstd for zstd layers.
"""
import gzip
import hashlib
import json
import os
import random
import subprocess
import sys
import tarfile


class Noise:
    """Reads as many bytes as asked for: a random block, repeated with a random part."""

    def __init__(self, seed, size):
        self.random = random.Random(seed)
        self.left = size

    def read(self, count=-1):
        count = self.left if count < 0 else min(count, self.left)
        self.left -= count
        out = bytearray()
        while len(out) < count:
            out += self.random.randbytes(200) + bytes(4000)
        return bytes(out[:count])


class Tee:
    """Hashes the bytes written through it."""

    def __init__(self, sink):
        self.sink, self.hash, self.size = sink, hashlib.sha256(), 0

    def write(self, data):
        self.hash.update(data)
        self.size += len(data)
        return self.sink.write(data)

    def flush(self):
        self.sink.flush()


def layer(path, packing, number, programs):
    """Writes one layer; returns the digest of its tar."""
    if packing == "zstd":
        # Windows of 8 MiB, the most that every decoder has to take.
        packer = subprocess.Popen(["zstd", "-q", "-3", "--zstd=wlog=23", "-o", path], stdin=subprocess.PIPE)
        sink = packer.stdin
    else:
        packer = None
        sink = gzip.open(path, "wb", compresslevel=1)
    tee = Tee(sink)
    with tarfile.open(fileobj=tee, mode="w|") as tar:
        def add(name, size, reader):
            info = tarfile.TarInfo(name)
            info.size, info.mode = size, 0o755
            tar.addfile(info, reader)

        for i, size in enumerate([200_000_000] * 4 + [10_000_000] * 15 + [1_000] * 5000):
            add(f"data/{number}/{i}", size, Noise(number * 100_000 + i, size))
        for i, program in enumerate(programs):
            with open(program, "rb") as file:
                add(f"bin/{number}-{i}", os.path.getsize(program), file)
    sink.close()
    if packer and packer.wait() != 0:
        sys.exit("zstd failed")
    return "sha256:" + tee.hash.hexdigest()


def main():
    directory, packing, layers, programs = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4:]
    blobs = os.path.join(directory, "blobs/sha256")
    os.makedirs(blobs, exist_ok=True)

    def descriptor(path, kind):
        digest = hashlib.sha256()
        with open(path, "rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
        size = os.path.getsize(path)
        os.rename(path, os.path.join(blobs, digest.hexdigest()))
        return {"mediaType": kind, "digest": "sha256:" + digest.hexdigest(), "size": size}

    def document(value, kind):
        path = os.path.join(directory, "new")
        with open(path, "w") as file:
            json.dump(value, file)
        return descriptor(path, kind)

    oci = "application/vnd.oci.image."
    ids, stored = [], []
    for number in range(layers):
        path = os.path.join(directory, "layer")
        ids.append(layer(path, packing, number, programs))
        stored.append(descriptor(path, f"{oci}layer.v1.tar+{packing}"))
    config = document({"os": "linux", "architecture": "amd64", "rootfs": {"type": "layers", "diff_ids": ids}}, f"{oci}config.v1+json")
    manifest = document({"schemaVersion": 2, "config": config, "layers": stored}, f"{oci}manifest.v1+json")
    with open(os.path.join(directory, "index.json"), "w") as file:
        json.dump({"schemaVersion": 2, "manifests": [manifest]}, file)
    with open(os.path.join(directory, "oci-layout"), "w") as file:
        file.write('{"imageLayoutVersion": "1.0.0"}')


main()
