package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// What is committed and what is not yet are measured in turns, and nothing of it
// stays behind.
func TestTwoRevisionsTakeTurns(t *testing.T) {
	t.Parallel()
	root, order := t.TempDir(), filepath.Join(t.TempDir(), "order")
	write := func(name, text string) {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(root, name)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(root, name), []byte(text), 0o600))
	}
	git := func(arguments ...string) string {
		text, err := output(t.Context(), root, "git", append([]string{"-c", "user.name=a", "-c", "user.email=a@b"}, arguments...)...)
		require.NoError(t, err)
		return text
	}
	// Each says in a file that it ran: in the directory of its package, as its test data would be.
	benchmark := func(says string) string {
		return "package x\n\nimport (\n\"os\"\n\"testing\"\n)\n\nfunc BenchmarkX(b *testing.B) {\nfor b.Loop() {}\n" +
			"if _, err := os.Stat(\"data\"); err != nil {\nb.Fatal(err)\n}\n" +
			"f, _ := os.OpenFile(\"" + filepath.ToSlash(order) + "\", os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)\nf.WriteString(\"" + says + " \")\nf.Close()\n}\n"
	}
	write("go.mod", "module example\n\ngo 1.26\n")
	write("x/data", "")
	write("x/x_test.go", benchmark("base"))
	git("init", "--quiet")
	git("add", ".")
	git("commit", "--quiet", "-m", "base")
	write("x/x_test.go", benchmark("here"))
	write("fresh/data", "")
	write("fresh/fresh_test.go", benchmark("fresh"))

	o := options{base: "HEAD", rounds: 2, benchtime: "1x", named: "."}
	measured := map[string]int{}
	require.NoError(t, o.compare(t.Context(), root, func(_ context.Context, sides ...*side) error {
		for _, s := range sides {
			text, err := os.ReadFile(s.results)
			require.NoError(t, err)
			measured[s.name] = strings.Count(string(text), "BenchmarkX")
			require.Contains(t, string(text), "pkg: example/x")
		}
		return nil
	}))
	require.Equal(t, map[string]int{"HEAD": 2, "here": 4}, measured)
	ran, err := os.ReadFile(order)
	require.NoError(t, err)
	require.Equal(t, "fresh base here fresh here base ", string(ran))
	require.Len(t, strings.Split(git("worktree", "list"), "\n"), 1)
}

func TestARevisionThatIsNotThereIsNamed(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	_, err := output(t.Context(), root, "git", "init", "--quiet")
	require.NoError(t, err)
	o := options{base: "nowhere"}
	require.ErrorContains(t, o.compare(t.Context(), root, nil), "nowhere")
}
