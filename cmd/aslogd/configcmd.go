package main

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"
)

type configCmd struct {
	Check bool `help:"Also reach IAM, AS, Postgres and Kafka, and name what is missing."`
}

func (configCmd) Help() string {
	return `Prints every setting as it takes effect and where it came from; secrets are
masked. With --check each service is reached once, with a call that changes
nothing, and a missing right is named.

Example:

  aslogd config --check`
}

func (c configCmd) Run(ctx context.Context, environ Env, out io.Writer) error {
	config, err := Load(environ, allParts...)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, s := range config.Settings {
		fmt.Fprintf(table, "%s\t%s\t%s\n", s.Name, s.Value, s.From)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	for _, warning := range config.Warnings {
		fmt.Fprintln(out, "warning:", warning)
	}
	if err != nil || !c.Check {
		return err
	}
	fmt.Fprintln(out)
	bad := 0
	for _, probe := range probes(config) {
		switch err := probe.ask(ctx); {
		case err == nil:
			fmt.Fprintf(out, "ok      %s\n", probe.what)
		default:
			bad++
			fmt.Fprintf(out, "FAILED  %s: %v\n", probe.what, err)
		}
	}
	if bad > 0 {
		return foundError(count(bad, "service is", "services are") + " not as needed")
	}
	return nil
}
