package cli

import "harness/model/spec"

// engineKind is the engine that a trial's spec names for the value of --engine.
func engineKind(engine string) (string, error) {
	kind, err := spec.EngineKind(engine)
	if err != nil {
		return "", usageError("%w", err)
	}
	return kind, nil
}

// engineFor is the engine to run a trial on, with the plugin's path that the user gives.
func engineFor(t spec.Trial, given string) (string, error) {
	engine, err := t.EngineFor(given)
	if err != nil {
		return "", usageError("%w", err)
	}
	return engine, nil
}
