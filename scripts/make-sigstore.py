#!/usr/bin/env python3
"""Makes the Sigstore bundles of testdata/verify/file-signature, which sign the program testdata/verify/isatty.xz as a whole file.

usage: make-sigstore.py      needs the Python package `cryptography`

A small private instance of Sigstore is made here and thrown away: a certificate authority (Fulcio), a log of certificates (CT) and a transparency log
(Rekor) of three entries. `root.json` is its trusted root, `certificate.sigstore.json` what `cosign sign-blob --bundle` writes with an identity, and
`key.sigstore.json` what it writes with `--key`; `key.pub` is that key.
"""

import base64
import datetime
import hashlib
import json
import lzma
import os
import struct

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
FOLDER = os.path.join(ROOT, "testdata", "verify")
TARGET = os.path.join(FOLDER, "file-signature")
TIME = datetime.datetime(2024, 6, 1, 12, 0, 0, tzinfo=datetime.timezone.utc)
LOG = "rekor.example.com"
IDENTITY = "https://github.com/example/isatty/.github/workflows/release.yml@refs/tags/v1.0.0"
ISSUER = "https://token.actions.githubusercontent.com"
# https://github.com/sigstore/fulcio/blob/main/docs/oid-info.md
ISSUER_OID = x509.ObjectIdentifier("1.3.6.1.4.1.57264.1.1")
# RFC 6962, section 3.3
SCT_OID = x509.ObjectIdentifier("1.3.6.1.4.1.11129.2.4.2")


def b64(data):
    return base64.b64encode(data).decode()


def sign(key, data):
    return key.sign(data, ec.ECDSA(hashes.SHA256()))


def spki(key):
    return key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def pem(public):
    return public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def sha256(data):
    return hashlib.sha256(data).digest()


def authority():
    key = ec.generate_private_key(ec.SECP384R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, "example.com"), x509.NameAttribute(x509.NameOID.COMMON_NAME, "fulcio")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
    builder = builder.not_valid_before(TIME - datetime.timedelta(days=1)).not_valid_after(TIME + datetime.timedelta(days=9000))
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=1), critical=True)
    usage = dict.fromkeys(
        ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "encipher_only", "decipher_only"), False
    )
    builder = builder.add_extension(x509.KeyUsage(key_cert_sign=True, crl_sign=True, **usage), critical=True)
    builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    return key, builder.sign(key, hashes.SHA384())


def certificate(ca_key, ca, ct_key):
    """A certificate of ten minutes, with the promise of the log of certificates in it."""
    key = ec.generate_private_key(ec.SECP256R1())
    builder = x509.CertificateBuilder().subject_name(x509.Name([])).issuer_name(ca.subject).public_key(key.public_key()).serial_number(2)
    builder = builder.not_valid_before(TIME).not_valid_after(TIME + datetime.timedelta(minutes=10))
    usage = dict.fromkeys(
        ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
        False,
    )
    builder = builder.add_extension(x509.KeyUsage(digital_signature=True, **usage), critical=True)
    builder = builder.add_extension(x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.CODE_SIGNING]), critical=False)
    builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    builder = builder.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False)
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.UniformResourceIdentifier(IDENTITY)]), critical=True)
    builder = builder.add_extension(x509.UnrecognizedExtension(ISSUER_OID, ISSUER.encode()), critical=False)
    tbs = builder.sign(ca_key, hashes.SHA384()).tbs_certificate_bytes
    # RFC 6962, section 3.2: the entry without the promise, with the hash of the issuer's key.
    time = int(TIME.timestamp() * 1000)
    entry = struct.pack(">BBQH", 0, 0, time, 1) + sha256(spki(ca_key)) + struct.pack(">I", len(tbs))[1:] + tbs + struct.pack(">H", 0)
    signature = sign(ct_key, entry)
    sct = struct.pack(">B", 0) + sha256(spki(ct_key)) + struct.pack(">QH", time, 0)
    sct += struct.pack(">BBH", 4, 3, len(signature)) + signature
    scts = struct.pack(">H", len(sct) + 2) + struct.pack(">H", len(sct)) + sct
    length = bytes([len(scts)]) if len(scts) < 128 else bytes([0x81, len(scts)])
    builder = builder.add_extension(x509.UnrecognizedExtension(SCT_OID, b"\x04" + length + scts), critical=False)
    return key, builder.sign(ca_key, hashes.SHA384())


def log_entry(log_key, digest, signature, verifier):
    """An entry of a log of three, with its promise, its proof and the signed head (Rekor, hashedrekord 0.0.1)."""
    body = {
        "apiVersion": "0.0.1",
        "kind": "hashedrekord",
        "spec": {
            "data": {"hash": {"algorithm": "sha256", "value": digest.hex()}},
            "signature": {"content": b64(signature), "publicKey": {"content": b64(verifier)}},
        },
    }
    body = json.dumps(body, separators=(",", ":"), sort_keys=True).encode()
    leaf = sha256(b"\0" + body)
    before, after = sha256(b"\0before"), sha256(b"\0after")
    root = sha256(b"\1" + sha256(b"\1" + before + leaf) + after)
    log_id, time = sha256(spki(log_key)), int(TIME.timestamp()) + 60
    head = f"{LOG} - 1\n3\n{b64(root)}\n"
    note = f"{head}\n— {LOG} {b64(log_id[:4] + sign(log_key, head.encode()))}\n"
    promised = {"body": b64(body), "integratedTime": time, "logID": log_id.hex(), "logIndex": 1}
    promise = sign(log_key, json.dumps(promised, separators=(",", ":"), sort_keys=True).encode())
    return {
        "logIndex": "1",
        "logId": {"keyId": b64(log_id)},
        "kindVersion": {"kind": "hashedrekord", "version": "0.0.1"},
        "integratedTime": str(time),
        "inclusionPromise": {"signedEntryTimestamp": b64(promise)},
        "inclusionProof": {
            "logIndex": "1",
            "rootHash": b64(root),
            "treeSize": "3",
            "hashes": [b64(before), b64(after)],
            "checkpoint": {"envelope": note},
        },
        "canonicalizedBody": b64(body),
    }


def bundle(material, entry, digest, signature):
    return {
        "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
        "verificationMaterial": {**material, "tlogEntries": [entry]},
        "messageSignature": {"messageDigest": {"algorithm": "SHA2_256", "digest": b64(digest)}, "signature": b64(signature)},
    }


def trusted_root(ca, ct_key, log_key):
    def log(url, key):
        public = {"rawBytes": b64(spki(key)), "keyDetails": "PKIX_ECDSA_P256_SHA_256", "validFor": {"start": "2024-01-01T00:00:00Z"}}
        return {"baseUrl": url, "hashAlgorithm": "SHA2_256", "publicKey": public, "logId": {"keyId": b64(sha256(spki(key)))}}

    return {
        "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
        "tlogs": [log(f"https://{LOG}", log_key)],
        "certificateAuthorities": [
            {
                "subject": {"organization": "example.com", "commonName": "fulcio"},
                "uri": "https://fulcio.example.com",
                "certChain": {"certificates": [{"rawBytes": b64(ca.public_bytes(serialization.Encoding.DER))}]},
                "validFor": {"start": "2024-01-01T00:00:00Z"},
            }
        ],
        "ctlogs": [log("https://ct.example.com", ct_key)],
        "timestampAuthorities": [],
    }


def main():
    with lzma.open(os.path.join(FOLDER, "isatty.xz")) as file:
        program = file.read()
    digest = sha256(program)
    ct_key, log_key, own_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(3))
    ca_key, ca = authority()
    key, leaf = certificate(ca_key, ca, ct_key)
    signature = sign(key, program)
    der, text = (leaf.public_bytes(encoding) for encoding in (serialization.Encoding.DER, serialization.Encoding.PEM))
    by_certificate = bundle({"certificate": {"rawBytes": b64(der)}}, log_entry(log_key, digest, signature, text), digest, signature)
    signature = sign(own_key, program)
    entry = log_entry(log_key, digest, signature, pem(own_key.public_key()))
    by_key = bundle({"publicKey": {"hint": b64(sha256(spki(own_key)))}}, entry, digest, signature)
    os.makedirs(TARGET, exist_ok=True)
    files = {"certificate.sigstore.json": by_certificate, "key.sigstore.json": by_key, "root.json": trusted_root(ca, ct_key, log_key)}
    for name, value in files.items():
        with open(os.path.join(TARGET, name), "w", encoding="utf-8") as file:
            json.dump(value, file, indent=1)
            file.write("\n")
    with open(os.path.join(TARGET, "key.pub"), "wb") as file:
        file.write(pem(own_key.public_key()))


if __name__ == "__main__":
    main()
