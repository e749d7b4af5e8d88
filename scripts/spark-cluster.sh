#!/usr/bin/env bash
# Starts a Spark cluster and a registry on this machine, sweeps the registry, and writes a page about what was found; with --test: the tests
# of the cluster. Needs Java 17 and docker-registry; the Python packages are installed into an environment of their own.
set -euo pipefail
cd "$(dirname "$0")/.."

for need in java docker-registry python3 cargo; do
	command -v "$need" >/dev/null || {
		echo "skipped: $need is not installed: there is no Spark cluster" >&2
		exit 0
	}
done
python="${GOSPECT_SPARK_VENV:-$HOME/.cache/gospect-ci/fleet}"
[[ -x "$python/bin/pip" ]] || python3 -m venv "$python"
install() { "$python/bin/pip" install -q 'maturin>=1.9,<2' pytest pyarrow 'pandas<3' duckdb 'pyspark>=4.0'; }
if ! "$python/bin/python" -c 'import pyspark, pyarrow, duckdb, pytest' 2>/dev/null || [[ ! -x "$python/bin/maturin" ]]; then
	install || install || {
		echo "skipped: pyspark cannot be installed: there is no Spark cluster" >&2
		exit 0
	}
fi
# Small, and only for the test of files behind http://; without them it is skipped, and says so.
"$python/bin/python" -c 'import fsspec, aiohttp' 2>/dev/null || "$python/bin/pip" install -q fsspec aiohttp || true
VIRTUAL_ENV="$python" "$python/bin/maturin" develop --quiet --locked --manifest-path python/Cargo.toml

if [[ "${1:-}" == --test ]]; then
	exec "$python/bin/python" -m pytest -q -rs python/tests/test_spark.py python/tests/test_spark_plan.py python/tests/test_spark_join.py python/tests/test_spark_trouble.py python/tests/test_spark_remote.py python/tests/test_fleet.py python/tests/test_catalog.py
fi
exec "$python/bin/python" python/tests/example_cluster.py "${1:-target/fleet}"
