-- Questions to the views. The same text runs in DuckDB and in Spark SQL.

-- query: Go releases in use
SELECT go_version, count(*) AS programs, count(DISTINCT place) AS places FROM programs GROUP BY go_version ORDER BY programs DESC, go_version NULLS LAST

-- query: Modules built with more than one Go release
SELECT main_module, releases, programs, one, another FROM mixed_toolchains ORDER BY releases DESC, main_module

-- query: Modules built from more than one commit
SELECT main_module, revisions, programs FROM mixed_revisions ORDER BY revisions DESC, main_module

-- query: Dependencies that differ between programs of one module
SELECT main_module, module, versions, one, another FROM mixed_dependencies ORDER BY versions DESC, main_module, module

-- query: Most used dependencies
SELECT module, count(DISTINCT place) AS places, count(DISTINCT version) AS versions FROM dependencies GROUP BY module ORDER BY places DESC, module LIMIT 25

-- query: Vulnerabilities by the number of places
SELECT id, places, programs FROM vulnerable_fleet ORDER BY places DESC, id

-- query: Findings by rule
SELECT rule, level, count(*) AS findings, count(DISTINCT reference) AS targets FROM all_findings GROUP BY rule, level ORDER BY findings DESC, rule

-- query: Programs without a record of their build
SELECT reference, path, go_version FROM programs WHERE record.build_info IS NULL ORDER BY reference, path NULLS LAST

-- query: Capabilities gained since the sweep before
SELECT since, target, path, module, capability FROM capability_gained ORDER BY since DESC, target, path, module, capability

-- query: What could not be examined
SELECT reference, path, coalesce(error, unexamined.reason || ': ' || unexamined.detail) AS why FROM latest WHERE type IN ('error', 'unexamined') ORDER BY reference, path NULLS LAST
