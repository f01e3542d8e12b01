package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// A side is one of the two revisions, in a directory of its own.
type side struct {
	name, root  string
	directories []string          // that have benchmarks
	binaries    map[string]string // by directory
	results     string            // file that benchstat reads
}

// sides checks the base out and builds both. A base comes back with an error as
// well, once there is something to remove.
func (o *options) sides(ctx context.Context, root, temporary string) (base, tree *side, err error) {
	base = &side{name: o.base, root: filepath.Join(temporary, "base")}
	if _, err := output(ctx, root, "git", "worktree", "add", "--quiet", "--detach", base.root, o.base); err != nil {
		return nil, nil, err
	}
	tree = &side{name: "here", root: root}
	for _, s := range []*side{base, tree} {
		if err := s.build(ctx, o.only, temporary); err != nil {
			return base, nil, fmt.Errorf("build the benchmarks of %s: %w", s.name, err)
		}
	}
	return base, tree, nil
}

// leave removes what was checked out.
func (s *side) leave(ctx context.Context, root string) error {
	_, err := output(ctx, root, "git", "worktree", "remove", "--force", s.root)
	return err
}

// build builds each package's tests.
func (s *side) build(ctx context.Context, only, temporary string) error {
	files, err := output(ctx, s.root, "git", "grep", "--untracked", "-lE", "^func Benchmark", "--", "*_test.go")
	if err != nil {
		return err
	}
	for file := range strings.FieldsSeq(files) {
		s.directories = append(s.directories, filepath.Dir(file))
	}
	slices.Sort(s.directories)
	s.directories = slices.Compact(s.directories)
	if only != "" {
		s.directories = slices.DeleteFunc(s.directories, func(d string) bool { return d != filepath.Clean(only) })
	}
	s.binaries, s.results = map[string]string{}, filepath.Join(temporary, filepath.Base(s.root)+".txt")
	for i, directory := range s.directories {
		binary := filepath.Join(temporary, fmt.Sprintf("%s%d.test", filepath.Base(s.root), i))
		if _, err := output(ctx, s.root, "go", "test", "-c", "-o", binary, "./"+directory); err != nil {
			return err
		}
		s.binaries[directory] = binary
	}
	return nil
}

// bench measures one package once, where a side has it, and keeps what it says.
func (s *side) bench(ctx context.Context, o *options, directory string) error {
	binary := s.binaries[directory]
	if binary == "" {
		return nil
	}
	text, err := output(ctx, filepath.Join(s.root, directory), binary,
		"-test.run=^$", "-test.bench="+o.named, "-test.benchtime="+o.benchtime, "-test.benchmem", "-test.timeout=10m")
	if err != nil {
		return err
	}
	f, err := os.OpenFile(s.results, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("keep the results: %w", err)
	}
	_, err = fmt.Fprintln(f, text)
	return errors.Join(err, f.Close())
}

// output is what a command says; all that it said, as to errors too, is in its
// error.
func output(ctx context.Context, directory, name string, arguments ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, arguments...)
	cmd.Dir = directory
	var said, complained bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &complained
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("%s %s: %w\n%s%s", name, strings.Join(arguments, " "), err, &said, &complained)
	}
	return strings.TrimSpace(said.String()), nil
}
