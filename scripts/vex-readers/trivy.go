// Asks trivy's own code which findings a VEX document takes back: its parser of Go programs, its decoder of bills and its VEX filter.
// scripts/check-vex.py builds it; it reads a question on standard input and writes the findings that are left.
package main

import (
	"context"
	"encoding/json"
	"os"

	"github.com/aquasecurity/trivy/pkg/dependency"
	"github.com/aquasecurity/trivy/pkg/dependency/parser/golang/binary"
	ftypes "github.com/aquasecurity/trivy/pkg/fanal/types"
	"github.com/aquasecurity/trivy/pkg/purl"
	"github.com/aquasecurity/trivy/pkg/sbom"
	"github.com/aquasecurity/trivy/pkg/types"
	"github.com/aquasecurity/trivy/pkg/vex"
)

type program struct {
	File     string    `json:"file"`
	Target   string    `json:"target"`
	Findings []finding `json:"findings"`
}

type question struct {
	Vex         string    `json:"vex"`
	Bill        string    `json:"bill"`
	RepoDigests []string  `json:"repo_digests"`
	Programs    []program `json:"programs"`
}

// The packages of a program as trivy's analyzer and applier make them.
func packages(file, target string, metadata types.Metadata) []ftypes.Package {
	f, err := os.Open(file)
	must(err)
	defer f.Close()
	pkgs, deps, err := binary.NewParser().Parse(context.Background(), f)
	must(err)
	on := map[string][]string{}
	for _, d := range deps {
		on[d.ID] = d.DependsOn
	}
	for i := range pkgs {
		pkgs[i].DependsOn = on[pkgs[i].ID]
		p, err := purl.New(ftypes.GoBinary, metadata, pkgs[i])
		must(err)
		pkgs[i].Identifier.PURL = p.Unwrap()
		pkgs[i].Identifier.UID = dependency.UID(target, pkgs[i])
	}
	return pkgs
}

func main() {
	ctx := context.Background()
	var q question
	must(json.NewDecoder(os.Stdin).Decode(&q))
	report := types.Report{ArtifactName: "subject", ArtifactType: ftypes.TypeFilesystem}
	if len(q.RepoDigests) > 0 {
		report.ArtifactType = ftypes.TypeContainerImage
		report.Metadata.RepoDigests = q.RepoDigests
	}
	var a answer
	add := func(target string, pkgs []ftypes.Package, findings []finding) {
		result := types.Result{Target: target, Class: types.ClassLangPkg, Type: ftypes.GoBinary, Packages: pkgs}
		for _, f := range findings {
			listed := false
			for _, p := range pkgs {
				// The bill says `1.22.1` of the standard library, the parser `v1.22.1`.
				same := p.Version == f.Version || "go"+p.Version == f.Version || "go"+trimmed(p.Version) == f.Version
				if p.Name != f.Module || !same {
					continue
				}
				listed = true
				result.Vulnerabilities = append(result.Vulnerabilities, types.DetectedVulnerability{
					VulnerabilityID: f.ID, PkgID: p.ID, PkgName: p.Name, PkgIdentifier: p.Identifier, InstalledVersion: p.Version,
				})
				break
			}
			if !listed {
				a.Unlisted = append(a.Unlisted, [3]string{target, f.ID, f.Module})
			}
		}
		report.Results = append(report.Results, result)
	}
	if q.Bill != "" {
		f, err := os.Open(q.Bill)
		must(err)
		decoded, err := sbom.Decode(ctx, f, sbom.FormatCycloneDXJSON)
		must(err)
		report.ArtifactType = ftypes.TypeCycloneDX
		report.BOM = decoded.BOM
		for _, app := range decoded.Applications {
			var all []finding
			seen := map[finding]bool{}
			for _, p := range q.Programs {
				for _, f := range p.Findings {
					if !seen[f] {
						seen[f] = true
						all = append(all, f)
					}
				}
			}
			for i := range app.Packages {
				app.Packages[i].Identifier.UID = dependency.UID(app.FilePath, app.Packages[i])
			}
			add(app.FilePath, app.Packages, all)
		}
	} else {
		for _, p := range q.Programs {
			add(p.Target, packages(p.File, p.Target, report.Metadata), p.Findings)
		}
	}
	must(vex.Filter(ctx, &report, vex.Options{Sources: []vex.Source{{Type: vex.TypeFile, FilePath: q.Vex}}}))
	for _, r := range report.Results {
		for _, v := range r.Vulnerabilities {
			a.Left = append(a.Left, [3]string{r.Target, v.VulnerabilityID, v.PkgName})
		}
		for _, m := range r.ModifiedFindings {
			v := m.Finding.(types.DetectedVulnerability)
			a.Taken = append(a.Taken, [3]string{r.Target, v.VulnerabilityID, v.PkgName})
		}
	}
	must(json.NewEncoder(os.Stdout).Encode(a))
}

func trimmed(version string) string {
	if len(version) > 0 && version[0] == 'v' {
		return version[1:]
	}
	return version
}
