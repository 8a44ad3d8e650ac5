// Package xlatest opens the engine on which tests run what XLA compiles.
package xlatest

import (
	"os"
	"testing"

	"harness/model/engine"
	"harness/model/engine/xla"
)

// Variable names the environment variable that holds the path of a PJRT plugin.
const Variable = "HARNESS_XLA_PLUGIN"

// Name is the engine on the plugin that $HARNESS_XLA_PLUGIN names, else on GoMLX's Go backend.
func Name() string {
	if path := os.Getenv(Variable); path != "" {
		return "xla:" + path
	}
	return "go"
}

// Open opens that engine.
func Open(t testing.TB) engine.Engine {
	t.Helper()
	e, err := xla.Open(Name())
	if err != nil {
		t.Fatal(err)
	}
	return e
}
