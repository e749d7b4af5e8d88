// What the readers of VEX documents share. scripts/check-vex.py builds it together with one of them.
package main

import (
	"fmt"
	"os"
)

type finding struct {
	ID      string `json:"id"`
	Module  string `json:"module"`
	Version string `json:"version"`
}

// Each finding is a target, an ID and a module.
type answer struct {
	Left     [][3]string `json:"left"`
	Taken    [][3]string `json:"taken"`
	Unlisted [][3]string `json:"unlisted"`
}

func must(err error) {
	if err != nil {
		// A scanner may have turned the standard logger off.
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
