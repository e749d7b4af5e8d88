#!/usr/bin/env python3
"""Works out what a sweep of very many images costs, from measured constants, and says what breaks first: docs/fleet.md.

usage: fleet-model.py [--images N] [--new N] [--cores N] ...

Every constant has its origin beside it. Prices are assumptions: change them to yours.
"""
import argparse

# Of one image, as published on Docker Hub and in the corpus of the tests: assumptions about the fleet, not about gospect.
LAYERS = 8
LAYER_BYTES = 12e6
PROGRAMS = 1.5
# Of 100 layer references, so many are to a layer that no other image has: base images and dependencies are shared.
OWN_LAYERS = 0.35

# Layers expand to so many times their size: an assumption about gzip.
EXPANSION = 2.5

# Measured on two shared cores of 2.5 GHz. Expanded bytes of layers that one core reads in a second, digests, entries and programs
# included: a layer of 370 MB with 8 programs in 1.69 s (docs/performance.md).
READ_RATE = 370e6 / 1.69
# Seconds of one core for an image whose layers are all cached: 4.6 ms for the scan (an unoptimised build, so an upper bound) and 0.27 ms for
# each row of the table (20 images of a local registry, scanned again with --cache; 450 rows of gospect.spark).
IMAGE_SECONDS = 0.0046
ROW_SECONDS = 0.00027
# Requests that the plan of the driver makes for an image (list of tags, manifest) and that its scan makes besides layers (manifest,
# configuration): counted at the same registry.
PLAN_REQUESTS = 2
SCAN_REQUESTS = 2
# Bytes of a program in Parquet with Zstandard, with its struct and its line: 90 different programs of the test fixtures in 133 kB.
PROGRAM_BYTES = 1.5e3
# Bytes of memory of the driver for a known digest in a set, and for a planned target (tracemalloc, 100,000 of each).
KNOWN_BYTES = 162
TARGET_BYTES = 431

# Seconds that a small request takes with a registry in the same region, and bytes of a cached layer listing: assumptions.
REQUEST_SECONDS = 0.02
CACHE_BYTES = 3e3
CORE_HOUR = 0.04  # of a currency unit; price of a virtual core
GIGABYTE_MONTH = 0.023  # of object storage


def hours(seconds):
    return seconds / 3600


def main():
    parser = argparse.ArgumentParser(description="what a sweep of very many images costs")
    parser.add_argument("--images", type=int, default=10_000_000)
    parser.add_argument("--new", type=float, default=0.01, help="part of the images that is new each night")
    parser.add_argument("--cores", type=int, default=400)
    parser.add_argument("--connections", type=int, default=4, help="of the driver, to the registry")
    parser.add_argument("--registry-rate", type=float, default=2000, help="requests a second that the registry takes")
    parser.add_argument("--registry-bytes", type=float, default=2.5e9, help="bytes a second that the registry and the network give")
    parser.add_argument("--driver-memory", type=float, default=16e9)
    args = parser.parse_args()

    def sweep(images, name):
        references = images * LAYERS
        layers = references * OWN_LAYERS
        read = layers * LAYER_BYTES
        rows = images * (PROGRAMS + 2)
        seconds = read * EXPANSION / READ_RATE + images * IMAGE_SECONDS + rows * ROW_SECONDS
        # Every night the plan asks for the digests of all images.
        requests = args.images * PLAN_REQUESTS + images * SCAN_REQUESTS + layers
        plan = args.images * PLAN_REQUESTS * REQUEST_SECONDS / args.connections
        walls = {
            "cores": seconds / args.cores,
            "bytes of the registry": read / args.registry_bytes,
            "requests of the registry": requests / args.registry_rate,
            "plan of the driver": plan,
        }
        slowest = max(walls, key=walls.get)
        print(f"{name}: {images:,.0f} images")
        print(f"  layers        {references:,.0f} references to {layers:,.0f} layers; without a cache each reference is read")
        print(f"  bytes read    {read / 1e12:,.1f} TB (without a cache {references * LAYER_BYTES / 1e12:,.1f} TB)")
        print(f"  core hours    {hours(seconds):,.0f}, at {CORE_HOUR} each {hours(seconds) * CORE_HOUR:,.0f}")
        print(f"  requests      {requests:,.0f}")
        print(f"  rows          {rows:,.0f}, {images * PROGRAMS * PROGRAM_BYTES / 1e9:,.1f} GB of Parquet")
        print("  hours         " + ", ".join(f"{what} {hours(wall):,.1f}" for what, wall in walls.items()))
        print(f"  slowest       {slowest}: {hours(walls[slowest]):,.1f} hours")
        return layers

    layers = sweep(args.images, "First sweep")
    sweep(args.images * args.new, "Each night")
    memory = args.images * (KNOWN_BYTES + TARGET_BYTES)
    storage = args.images * PROGRAMS * PROGRAM_BYTES + layers * CACHE_BYTES
    print(f"Cache           {layers:,.0f} files, {layers * CACHE_BYTES / 1e9:,.0f} GB (--cache-size must allow it)")
    print(f"Storage         {storage / 1e9:,.0f} GB, {storage / 1e9 * GIGABYTE_MONTH:,.0f} a month")
    print(f"Driver          {memory / 1e9:,.1f} GB for known digests and the plan, of {args.driver_memory / 1e9:,.0f} GB")
    most = args.driver_memory / (KNOWN_BYTES + TARGET_BYTES)
    night = 8 * 3600
    nightly = night * args.connections / (PLAN_REQUESTS * REQUEST_SECONDS)
    own_bytes = LAYERS * OWN_LAYERS * LAYER_BYTES
    image_seconds = own_bytes * EXPANSION / READ_RATE + IMAGE_SECONDS + (PROGRAMS + 2) * ROW_SECONDS
    limits = {
        "the plan, which asks for every tag's digest: more --connections, or a list of what changed": nightly,
        "the driver's memory: one sweep for each part of the registry": most,
        "the bytes of the registry, in the first night only": night * args.registry_bytes / own_bytes,
        "the cores, in the first night only": night * args.cores / image_seconds,
    }
    print("What a night of eight hours holds, the first to break first:")
    for what, images in sorted(limits.items(), key=lambda limit: limit[1]):
        print(f"  {images:>13,.0f} images  {what}")


if __name__ == "__main__":
    main()
