"""The container image: one static program for each platform on nothing, as an OCI image layout, made without a container engine.

Layers hold the program, certificates and an empty /tmp. The same archives give the same digests.
"""
import datetime, gzip, hashlib, json, os

from table import Missing, save, tar

# Where this machine may have the certificates of public authorities; GOSPECT_CA_BUNDLE names another file.
BUNDLES = ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"]
INSIDE = "etc/ssl/certs/ca-certificates.crt"
MEDIA = "application/vnd.oci.image."


def certificates():
    for path in [os.environ.get("GOSPECT_CA_BUNDLE"), *BUNDLES]:
        if path and os.path.isfile(path):
            with open(path, "rb") as file:
                return file.read()
    raise Missing("no bundle of certificates for the image; GOSPECT_CA_BUNDLE names one")


def rootfs(program, bundle):
    folders = [("tmp", 0o1777), ("work", 0o755), ("etc", 0o755), ("etc/ssl", 0o755), ("etc/ssl/certs", 0o755)]
    return [(name, None, mode) for name, mode in folders] + [(INSIDE, bundle, 0o644), ("gospect", program, 0o755)]


def interpreter(program):
    """Whether an ELF file asks for a loader, which the image does not have (PT_INTERP, System V ABI). None: not an ELF file of 64 bits."""
    if program[:6] != b"\x7fELF\x02\x01":
        return None
    start, size, count = (int.from_bytes(program[a:b], "little") for a, b in ((32, 40), (54, 56), (56, 58)))
    return any(program[start + i * size:start + i * size + 4] == b"\x03\0\0\0" for i in range(count))


def make(release, out):
    blobs = os.path.join(out, "blobs", "sha256")

    def blob(kind, data, **more):
        if not isinstance(data, bytes):
            data = json.dumps(data, separators=(",", ":"), sort_keys=True).encode()
        digest = hashlib.sha256(data).hexdigest()
        save(os.path.join(blobs, digest), data)
        return {"mediaType": MEDIA + kind, "digest": f"sha256:{digest}", "size": len(data), **more}

    project, bundle = release.project, certificates()
    created = datetime.datetime.fromtimestamp(release.epoch, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    labels = {
        "org.opencontainers.image.title": project["name"], "org.opencontainers.image.description": project["short"],
        "org.opencontainers.image.source": project["homepage"], "org.opencontainers.image.licenses": project["licence"],
        "org.opencontainers.image.version": release.version,
    }
    manifests = []
    for target in release.targets:
        if not target.oci:
            continue
        program = release.program(target)
        if interpreter(program):
            raise Missing(f"{release.path(target)}: its program asks for a loader, which an empty image does not have; build it for musl")
        layer = tar(rootfs(program, bundle), release.epoch)
        system, arch = target.oci.split("/")
        config = blob("config.v1+json", {
            "created": created, "os": system, "architecture": arch,
            "config": {
                "Entrypoint": ["/gospect"], "Env": [f"SSL_CERT_FILE=/{INSIDE}"], "User": "65532:65532", "WorkingDir": "/work", "Labels": labels,
            },
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]},
            "history": [{"created": created, "created_by": f"packaging/channels oci, {target.archive}"}],
        })
        layers = [blob("layer.v1.tar+gzip", gzip.compress(layer, 6, mtime=0))]
        manifest = {"schemaVersion": 2, "mediaType": MEDIA + "manifest.v1+json", "config": config, "layers": layers, "annotations": labels}
        manifests.append(blob("manifest.v1+json", manifest, platform={"os": system, "architecture": arch}))
    index = {"schemaVersion": 2, "mediaType": MEDIA + "index.v1+json", "manifests": manifests, "annotations": labels}
    named = blob("index.v1+json", index, annotations={"org.opencontainers.image.ref.name": release.version})
    save(os.path.join(out, "index.json"), json.dumps({"schemaVersion": 2, "mediaType": MEDIA + "index.v1+json", "manifests": [named]}))
    return [save(os.path.join(out, "oci-layout"), json.dumps({"imageLayoutVersion": "1.0.0"}))]
