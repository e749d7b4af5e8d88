// Asks grype's own code which findings a VEX document takes back: its reader of targets (syft) and its VEX processor.
// scripts/check-vex.py builds it; it reads a question on standard input and writes the findings that are left.
package main

import (
	"encoding/json"
	"os"

	"github.com/anchore/grype/grype/match"
	"github.com/anchore/grype/grype/pkg"
	"github.com/anchore/grype/grype/vex"
	"github.com/anchore/grype/grype/vulnerability"
	"github.com/anchore/syft/syft"
	"github.com/anchore/syft/syft/cataloging"
)

type program struct {
	Target   string    `json:"target"`
	Findings []finding `json:"findings"`
}

type question struct {
	Vex      string    `json:"vex"`
	Target   string    `json:"target"`
	Programs []program `json:"programs"`
}

func main() {
	var q question
	must(json.NewDecoder(os.Stdin).Decode(&q))
	// Only programs matter here, and other catalogers need a driver for databases.
	only := cataloging.NewSelectionRequest().WithDefaults("go-module-binary-cataloger")
	options := syft.DefaultCreateSBOMConfig().WithCatalogerSelection(only)
	packages, context, _, err := pkg.Provide(q.Target, pkg.ProviderConfig{SyftProviderConfig: pkg.SyftProviderConfig{SBOMOptions: options}})
	must(err)
	var a answer
	matches := match.NewMatches()
	for _, p := range q.Programs {
		for _, f := range p.Findings {
			listed := false
			for _, candidate := range packages {
				same := candidate.Version == f.Version || candidate.Version == "v"+trimmed(f.Version, "go") || candidate.Version == f.Version
				if candidate.Name == f.Module && same {
					listed = true
					matches.Add(match.Match{
						Vulnerability: vulnerability.Vulnerability{Reference: vulnerability.Reference{ID: f.ID, Namespace: "github:language:go"}},
						Package:       candidate,
						Details:       match.Details{{Type: match.ExactDirectMatch}},
					})
				}
			}
			if !listed {
				a.Unlisted = append(a.Unlisted, [3]string{p.Target, f.ID, f.Module})
			}
		}
	}
	processor, err := vex.NewProcessor(vex.ProcessorOptions{Documents: []string{q.Vex}})
	must(err)
	left, ignored, err := processor.ApplyVEX(&context, &matches, nil)
	must(err)
	for m := range left.Enumerate() {
		a.Left = append(a.Left, [3]string{"", m.Vulnerability.ID, m.Package.Name})
	}
	for _, m := range ignored {
		a.Taken = append(a.Taken, [3]string{"", m.Vulnerability.ID, m.Package.Name})
	}
	must(json.NewEncoder(os.Stdout).Encode(a))
}

func trimmed(version, prefix string) string {
	if len(version) > len(prefix) && version[:len(prefix)] == prefix {
		return version[len(prefix):]
	}
	return version
}
