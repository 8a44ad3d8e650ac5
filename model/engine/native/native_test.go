package native_test

import (
	"testing"

	"harness/model/engine/enginetest"
	"harness/model/engine/native"
)

func TestEngine(t *testing.T) { enginetest.Run(t, native.New(0)) }
