package testenv

import (
	"context"
	"errors"
)

// dockerAnswers tells whether there is a Docker daemon to run containers.
func dockerAnswers(context.Context) bool { return false }

func containerPostgres(context.Context) (string, func(), error) {
	return "", nil, errors.New("no Docker daemon")
}
