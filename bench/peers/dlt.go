package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"aslogd/bench/ground"
)

type dlt struct {
	python, version string
	dir             string
}

// newDLT installs it into an environment of its own.
func newDLT(ctx context.Context, g *ground.Ground) (*dlt, error) {
	dir := filepath.Join(g.Dir, "dlt")
	d := &dlt{python: filepath.Join(dir, "bin", "python"), dir: dir}
	for _, words := range [][]string{
		{"python3", "-m", "venv", dir},
		{d.python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", "bench/peers/dlt/requirements.txt"},
		{d.python, "-c", "import dlt, platform; print('dlt', dlt.__version__, 'on Python', platform.python_version())"},
	} {
		fmt.Printf("dlt: %s …\n", strings.Join(words[1:min(4, len(words))], " "))
		text, err := output(exec.CommandContext(ctx, words[0], words[1:]...))
		if err != nil {
			return nil, err
		}
		d.version = strings.TrimSpace(text)
	}
	return d, nil
}

// start runs the pipeline once, or again and again.
func (d *dlt) start(how string) start {
	return func(ctx context.Context, place *ground.Place, cloud *ground.Cloud) (*ground.Process, error) {
		cmd := exec.CommandContext(ctx, d.python, "bench/peers/dlt/pipeline.py", how)
		cmd.Env = append(os.Environ(), "AS_URL="+cloud.URL, "PROJECT="+cloud.Project, "PIPELINES="+filepath.Join(d.dir, place.Prefix),
			"DESTINATION__POSTGRES__CREDENTIALS="+place.DatabaseURL,
			"RUNTIME__DLTHUB_TELEMETRY=false", "RUNTIME__LOG_LEVEL=ERROR")
		cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
		return ground.Launch(cmd)
	}
}
