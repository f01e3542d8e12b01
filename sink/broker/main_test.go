package broker

import (
	"testing"

	"aslogd/internal/testenv"
)

func TestMain(m *testing.M) { testenv.Main(m) }
