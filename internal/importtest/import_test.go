// Package importtest holds the project's own rules about packages.
package importtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"
)

type pkg struct {
	ImportPath string
	Name       string
	Imports    []string
}

// below says what of the project each package may import: what lies before it
// on a record's way, never what lies after it. A package that is not named here
// is at the end of the way and may import anything.
var below = map[string][]string{
	"ingest/action":      {},
	"checkpoint":         {"ingest/action"},
	"ingest":             {"checkpoint", "ingest/action"},
	"ingest/asapi":       {"checkpoint", "ingest", "ingest/action"},
	"sink":               {"checkpoint", "ingest", "ingest/action", "sink/broker", "sink/broker/…", "api"},
	"sink/…":             {"checkpoint", "ingest", "ingest/action", "sink/…", "api"},
	"api":                {"ingest/action"},
	"history":            {"checkpoint", "ingest/action", "migrations"},
	"migrations":         {"deploy"},
	"deploy":             {},
	"internal/simulator": {},
	"internal/embedded":  {},
	"internal/testenv":   {"deploy", "migrations", "internal/embedded"},
}

// strangers says what ingest, the heart, must not know.
var strangers = []string{"net/http", "database/sql", "github.com/jackc/pgx", "github.com/segmentio/kafka-go", "github.com/twmb"}

// vague names say nothing about what is in the package, so that anything ends
// up there.
var vague = []string{"util", "utils", "common", "helper", "helpers", "types", "models", "misc", "shared"}

func TestImportsPointOneWay(t *testing.T) {
	t.Parallel()
	for _, p := range packages(t) {
		allowed, ruled := rule(p.ImportPath)
		for _, imported := range p.Imports {
			own, ours := strings.CutPrefix(imported, "aslogd/")
			if ruled && ours && !slices.ContainsFunc(allowed, func(pattern string) bool { return matches(pattern, own) }) {
				t.Errorf("%s imports %s, which lies after it", p.ImportPath, imported)
			}
			if ours && strings.HasPrefix(own, "internal/testenv") && !strings.HasPrefix(p.ImportPath, "aslogd/internal/testenv") {
				t.Errorf("%s imports %s outside its tests", p.ImportPath, imported)
			}
			if p.ImportPath == "aslogd/ingest" && slices.ContainsFunc(strangers, func(s string) bool { return imported == s || strings.HasPrefix(imported, s+"/") }) {
				t.Errorf("%s imports %s: it knows neither HTTP nor SQL nor Kafka", p.ImportPath, imported)
			}
		}
	}
}

func TestNamesSaySomething(t *testing.T) {
	t.Parallel()
	for _, p := range packages(t) {
		if slices.Contains(vague, p.Name) || slices.Contains(vague, path.Base(p.ImportPath)) {
			t.Errorf("%s: its name says nothing about it", p.ImportPath)
		}
	}
}

func rule(importPath string) (allowed []string, ruled bool) {
	own := strings.TrimPrefix(importPath, "aslogd/")
	if allowed, ruled := below[own]; ruled {
		return allowed, true
	}
	for pattern, allowed := range below {
		if matches(pattern, own) {
			return allowed, true
		}
	}
	return nil, false
}

// matches takes a trailing /… for everything below.
func matches(pattern, own string) bool {
	parent, wide := strings.CutSuffix(pattern, "/…")
	return own == pattern || wide && strings.HasPrefix(own, parent+"/")
}

func packages(t *testing.T) []pkg {
	t.Helper()
	command := exec.CommandContext(t.Context(), "go", "list", "-e", "-json=ImportPath,Name,Imports", "aslogd/...")
	out, err := command.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var found []pkg
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		err := decoder.Decode(&p)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("read what go list says: %v", err)
		}
		found = append(found, p)
	}
	if len(found) < 5 {
		t.Fatalf("only %d packages found", len(found))
	}
	return found
}
