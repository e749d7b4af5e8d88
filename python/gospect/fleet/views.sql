-- Views over the table `results`, which `gospect.spark` writes. DuckDB reads them as they are; for Spark SQL, `unnest(` is `explode(`.

-- view: latest
-- The rows of the last sweep that looked at each target. A tag is one target, whatever digest it has.
SELECT r.*, n.reference
FROM results r
JOIN (
  SELECT target, CASE WHEN target LIKE 'registry:%' THEN split_part(target, '@', 1) ELSE target END AS reference
  FROM results GROUP BY target
) n ON n.target = r.target
JOIN (
  SELECT CASE WHEN target LIKE 'registry:%' THEN split_part(target, '@', 1) ELSE target END AS reference, max(sweep) AS sweep
  FROM results GROUP BY 1
) l ON l.reference = n.reference AND l.sweep = r.sweep

-- view: programs
-- One row a program that no later layer hides.
SELECT sweep, reference, target, path, record, findings,
       record.go_version AS go_version,
       record.main_package AS main_package,
       main_module,
       coalesce(record.location.image.digest, path) AS place,
       coalesce(record.executable.os, '?') || '/' || coalesce(record.executable.arch, '?') AS port
FROM latest
WHERE type = 'binary' AND coalesce(record.location.visible, true)

-- view: settings
-- One row a build setting of a program.
SELECT p.reference, p.path, p.place, p.main_module, s.setting.Key AS name, s.setting.Value AS value
FROM programs p, LATERAL unnest(p.record.build_info.Settings) AS s(setting)

-- view: dependencies
-- One row a module that is linked into a program, after replacement.
SELECT p.reference, p.path, p.place, p.main_module,
       d.dep.Path AS required,
       CASE WHEN d.dep.Replace IS NULL THEN d.dep.Path ELSE d.dep.Replace.Path END AS module,
       CASE WHEN d.dep.Replace IS NULL THEN d.dep.Version ELSE d.dep.Replace.Version END AS version
FROM programs p, LATERAL unnest(p.record.build_info.Deps) AS d(dep)

-- view: all_findings
-- One row a finding that is neither waived nor accepted.
SELECT l.sweep, l.reference, l.path AS row_path, l.type,
       coalesce(l.record.location.image.digest, l.path) AS place,
       l.record.location.visible AS visible,
       f.finding.rule AS rule, f.finding.code AS code, f.finding.level AS level, f.finding.message AS message,
       f.finding.path AS path, f.finding.evidence AS evidence
FROM latest l, LATERAL unnest(l.findings) AS f(finding)
WHERE NOT f.finding.waived

-- view: vulnerabilities
-- One row a known vulnerability whose code is linked into a program.
SELECT v.reference, v.path, v.place, v.rule, v.message, e.item.value AS id
FROM all_findings v, LATERAL unnest(v.evidence) AS e(item)
WHERE v.rule IN ('vulnerable-symbol', 'vulnerable-package', 'vulnerable-module')
  AND e.item.source = 'vulnerability' AND coalesce(v.visible, true)

-- view: capabilities
-- One row a capability of a module in a program, for each sweep. Needs sweeps with `capabilities`.
SELECT DISTINCT c.sweep, c.target, c.path, c.main_package, c.port, c.module, k.can.capability AS capability
FROM (
  SELECT r.sweep, CASE WHEN r.target LIKE 'registry:%' THEN split_part(r.target, '@', 1) ELSE r.target END AS target, r.path,
         r.record.main_package AS main_package,
         coalesce(r.record.executable.os, '?') || '/' || coalesce(r.record.executable.arch, '?') AS port,
         coalesce(p.package.module, p.package.path) AS module, p.package.capabilities AS found
  FROM results r, LATERAL unnest(r.record.packages) AS p(package)
  WHERE r.type = 'binary'
) c, LATERAL unnest(c.found) AS k(can)
WHERE c.module <> 'std'

-- view: mixed_toolchains
-- The rule mixed-toolchains (GS280): programs of one main module that were built with different Go releases.
SELECT main_module, count(DISTINCT go_version) AS releases, count(*) AS programs, min(go_version) AS one, max(go_version) AS another
FROM programs WHERE main_module IS NOT NULL
GROUP BY main_module HAVING count(DISTINCT go_version) > 1

-- view: mixed_revisions
-- The rule mixed-revisions (GS283): programs of one main module from different commits.
SELECT main_module, count(DISTINCT value) AS revisions, count(*) AS programs
FROM settings WHERE name = 'vcs.revision' AND main_module IS NOT NULL
GROUP BY main_module HAVING count(DISTINCT value) > 1

-- view: mixed_dependencies
-- The rule mixed-dependencies (GS284): programs of one main module with different versions of a module.
SELECT main_module, module, count(DISTINCT version) AS versions, min(version) AS one, max(version) AS another
FROM dependencies WHERE main_module IS NOT NULL
GROUP BY main_module, module HAVING count(DISTINCT version) > 1

-- view: vulnerable_fleet
-- The rule vulnerable-fleet (GS706): a vulnerable function that is linked in at least two images, or programs outside of images.
SELECT id, count(DISTINCT place) AS places, count(*) AS programs
FROM vulnerabilities WHERE rule = 'vulnerable-symbol'
GROUP BY id HAVING count(DISTINCT place) > 1

-- view: capability_gained
-- The rule capability-gained (GS751): what a module of a program can do since the last sweep, and could not before.
SELECT now.target, now.path, now.module, now.capability, now.sweep AS since
FROM capabilities now
JOIN (
  SELECT a.target, a.path, a.sweep, max(b.sweep) AS before
  FROM (SELECT DISTINCT target, path, sweep FROM capabilities) a
  JOIN (SELECT DISTINCT target, path, sweep FROM capabilities) b ON a.target = b.target AND a.path = b.path AND b.sweep < a.sweep
  GROUP BY a.target, a.path, a.sweep
) step ON step.target = now.target AND step.path = now.path AND step.sweep = now.sweep
LEFT JOIN capabilities old
  ON old.target = now.target AND old.path = now.path AND old.sweep = step.before AND old.module = now.module AND old.capability = now.capability
WHERE old.capability IS NULL
