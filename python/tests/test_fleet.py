"""The SQL views find what ``gospect audit records:`` finds on one machine."""

import json
import re
import shutil

import gospect
import pytest
from conftest import ROOT

pytest.importorskip("pyarrow")
pytest.importorskip("pyspark", reason="the table is written by gospect.spark, which needs pyspark")
duckdb = pytest.importorskip("duckdb")
from gospect import fleet  # noqa: E402
from gospect.fleet import dashboard  # noqa: E402
from gospect.spark import _plan, _rows  # noqa: E402
from gospect.spark._options import Options  # noqa: E402

DAYS = ("2026-11-29", "2026-11-30")


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """The programs of two days: on the second one program can do more."""
    import tarfile

    base = tmp_path_factory.mktemp("fleet")
    kept = {}
    for group in ("amd64", "rules", "versions", "capabilities", "gopath"):
        with tarfile.open(ROOT / f"testdata/fixtures/{group}.tar.xz") as archive:
            for member in archive.getmembers():
                kept[member.name] = archive.extractfile(member).read()
    folder = base / "bin"
    folder.mkdir()
    for name, content in kept.items():
        if "capable" not in name:
            (folder / name).write_bytes(content)
    # The same program from another commit.
    clean, commit = kept["1.27-linux-amd64-vcs-clean"], b"ae02cb5cf4c9dcad00952800804bc631d95e75fc"
    assert commit in clean
    (folder / "another-commit").write_bytes(clean.replace(commit, commit[::-1]))
    return folder, kept["1.27-linux-amd64-capable-old"], kept["1.27-linux-amd64-capable-new"]


@pytest.fixture(scope="module")
def database(vulndb, tmp_path_factory):
    """A database with an entry about a function that many programs have, and one about a whole package."""
    folder = tmp_path_factory.mktemp("vulndb")
    for path in vulndb.glob("GO-*.json"):
        shutil.copy(path, folder)
    for name, alias, imports in (("GO-2099-0001", "CVE-2099-1", {"path": "os", "symbols": ["Getenv"]}), ("GO-2099-0002", "CVE-2099-2", {"path": "strconv"})):
        entry = {
            "schema_version": "1.3.1",
            "id": name,
            "modified": "2026-01-01T00:00:00Z",
            "published": "2026-01-01T00:00:00Z",
            "aliases": [alias],
            "affected": [
                {
                    "package": {"name": "stdlib", "ecosystem": "Go"},
                    "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}]}],
                    "ecosystem_specific": {"imports": [imports]},
                }
            ],
            "database_specific": {"review_status": "REVIEWED"},
        }
        (folder / f"{name}.json").write_text(json.dumps(entry))
    return folder


@pytest.fixture(scope="module")
def sweeps(folders, database, tmp_path_factory):
    """The table of two sweeps, and the records of each day."""
    import pyarrow
    import pyarrow.parquet

    folder, old, new = folders
    out = tmp_path_factory.mktemp("table")
    records = []
    for day, program in zip(DAYS, (old, new)):
        (folder / "capable").write_bytes(program)
        options = Options.of(
            {
                "targets": str(folder),
                "sweep": day,
                "capabilities": "true",
                "symbols": "true",
                "audit.vulns": "true",
                "audit.db": str(database),
                "audit.profile": "release",
                "audit.today": DAYS[1],
            }
        )
        batches = [batch for target in _plan.plan(options) for batch in _rows.rows_of(target, options)]
        pyarrow.parquet.write_table(pyarrow.Table.from_batches(batches, _rows.columns()), out / f"{day}.parquet")
        records.append(list(gospect.scan(folder, capabilities=True, symbols=True)))
    return out, records


@pytest.fixture(scope="module")
def sql(sweeps):
    connection = duckdb.connect()
    connection.execute(f"CREATE VIEW results AS FROM '{sweeps[0]}/*.parquet'")
    fleet.create_views(connection.execute)
    return lambda text: connection.execute(text).fetchall()


@pytest.fixture(scope="module")
def report(sweeps, database, tmp_path_factory):
    """What one machine says of the records of the second day, with the first as the baseline."""
    baseline = tmp_path_factory.mktemp("baseline") / "baseline.json"
    gospect.audit(records=sweeps[1][0], capabilities=True, write_baseline=baseline)
    options = {"profile": "release", "today": DAYS[1], "vulns": True, "db": database, "deny": "mixed-*", "baseline": baseline}
    return gospect.audit(records=sweeps[1][1], **options)["findings"]


def of_rule(report, rule):
    answers = [finding for finding in report if finding["rule"] == rule]
    assert answers, rule
    return answers


def groups(report, rule):
    """The main modules that findings of a fleet rule name."""
    pattern = re.compile(r"programs of (\S+) (?:have|has|do)")
    return {match[1] for finding in of_rule(report, rule) if (match := pattern.search(finding["message"])) and "no list" not in finding["message"]}


@pytest.mark.parametrize("rule", ["mixed-toolchains", "mixed-revisions", "mixed-dependencies"])
def test_programs_that_differ(sql, report, rule):
    answers = {row[0] for row in sql(f"SELECT DISTINCT main_module FROM {rule.replace('-', '_')}")}
    assert answers == groups(report, rule)


def test_dependencies_that_differ_by_name_and_version(sql, report):
    expected = {
        (group, evidence["source"])
        for finding in of_rule(report, "mixed-dependencies")
        if "no list" not in finding["message"]
        for group in [re.search(r"programs of (\S+) have", finding["message"])[1]]
        for evidence in finding["evidence"]
        if evidence["source"] not in ("and",)
    }
    assert set(sql("SELECT main_module, module FROM mixed_dependencies")) == expected


def test_vulnerabilities_in_several_programs(sql, report):
    expected = set()
    for finding in of_rule(report, "vulnerable-fleet"):
        counted = re.search(r" is in (\d+) program", finding["message"])
        expected |= {(evidence["value"], int(counted[1])) for evidence in finding["evidence"] if evidence["source"] == "vulnerability"}
    assert set(sql("SELECT id, places FROM vulnerable_fleet")) == expected


def test_capabilities_that_were_gained(sql, report):
    expected = {
        (finding["path"], *re.match(r"(\S+)(?: \S+)? (?:can|may) now .*\((\S+)\)$", finding["message"]).groups())
        for finding in of_rule(report, "capability-gained")
    }
    assert set(sql("SELECT path, module, capability FROM capability_gained")) == expected


def test_every_finding_about_a_program_is_in_the_table(sql, report):
    single = {"mixed-", "capability-", "vulnerable-fleet"}
    expected = {finding["fingerprint"] for finding in report if finding["path"].endswith("fresh") and not any(finding["rule"].startswith(s) for s in single)}
    answers = {row[0] for row in sql("SELECT f.finding.fingerprint FROM latest, LATERAL unnest(findings) AS f(finding)")}
    assert expected and expected <= answers


def test_ten_queries_run_and_the_page_shows_them(sql, sweeps, tmp_path):
    assert len(fleet.queries()) == 10
    answers = {title: sql(text) for title, text in fleet.queries().items()}
    assert answers["Go releases in use"] and answers["Most used dependencies"] and answers["Findings by rule"]
    page = tmp_path / "page.html"
    assert dashboard.main(["--table", str(sweeps[0]), "--out", str(page)]) == 0
    text = page.read_text()
    for title in fleet.queries():
        assert f"<h2>{title}</h2>" in text
    assert "go1.27.3" in text and "<script" not in text and "http" not in re.sub(r'xmlns="[^"]*"', "", text)


def test_spark_gives_the_same_answers(sql, sweeps):
    import cluster as clusters

    if clusters.missing():
        pytest.skip(clusters.missing())
    from pyspark.sql import SparkSession

    spark = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false").config("spark.sql.shuffle.partitions", "1").getOrCreate()
    try:
        spark.read.parquet(str(sweeps[0])).createOrReplaceTempView("results")
        fleet.create_views(spark.sql, "spark")
        for title, text in fleet.queries("spark").items():
            expected = sql(fleet.queries()[title])
            assert [tuple(row) for row in spark.sql(text).collect()] == expected, title
    finally:
        spark.stop()
