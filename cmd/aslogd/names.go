package main

import (
	"reflect"
	"regexp"
	"slices"
	"strings"
)

// serviceLink matches what Kubernetes puts into every pod beside a Service
// that is called aslogd. It is none of ours and no misspelling either.
var serviceLink = regexp.MustCompile(`^ASLOGD_(SERVICE_HOST|SERVICE_PORT(_.+)?|PORT|PORT_\d+_(TCP|UDP)(_.+)?)$`)

// unknownNames finds variables that look like ours and are none: a misspelt
// setting that silently stays at its default is worse than a refusal.
func unknownNames(environ Env) (faults Faults) {
	names := variableNames(reflect.TypeFor[Config]())
	perSource := variableNames(reflect.TypeFor[Source]())
	for name := range environ {
		short, ours := strings.CutPrefix(name, Prefix)
		if !ours || strings.HasPrefix(short, "TEST_") || serviceLink.MatchString(name) {
			continue
		}
		known, stem := names, Prefix
		if m := sourceName.FindStringSubmatch(short); m != nil {
			known, stem, short = perSource, Prefix+"SOURCE_"+m[1]+"_", m[2]
		}
		if slices.Contains(known, short) {
			continue
		}
		problem := "no such setting"
		if near := suggest(short, known); near != "" {
			problem += "; did you mean " + stem + near + "?"
		}
		faults = append(faults, Fault{name, problem, "names"})
	}
	slices.SortFunc(faults, func(a, b Fault) int { return strings.Compare(a.Variable, b.Variable) })
	return faults
}

// variableNames lists the names of a struct's variables without their prefix.
func variableNames(of reflect.Type) (names []string) {
	for field := range of.Fields() {
		name, ok := field.Tag.Lookup("env")
		if !ok || name == "-" {
			continue
		}
		names = append(names, name)
		if field.Type == reflect.TypeFor[Secret]() {
			names = append(names, name+"_FILE")
		}
	}
	return names
}
