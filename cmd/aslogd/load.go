package main

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"
)

// allParts is what the daemon needs.
var allParts = []string{"database", "kafka", "shards", "sources", "daemon", "http", "archive", "names"}

var sourceName = regexp.MustCompile(`^SOURCE_(0|[1-9]\d{0,5})_(.+)$`)

// Load reads and checks the whole environment. Faults in the parts asked for
// come back together; the settings come back also beside faults, as far as
// they could be read, so that they can be shown.
func Load(environ Env, parts ...string) (*Config, error) {
	c := &Config{}
	var faults Faults
	faults = append(faults, c.read(c, Prefix, environ)...)
	c.amend(Prefix+"DATABASE_URL", c.DatabaseURL.shownURL(), "")
	for _, n := range sourceNumbers(environ) {
		source := Source{prefix: Prefix + "SOURCE_" + strconv.Itoa(n) + "_"}
		faults = append(faults, c.read(&source, source.prefix, environ)...)
		if source.Name == "" {
			source.Name = "source" + strconv.Itoa(n)
			c.amend(source.prefix+"NAME", source.Name, "default")
		}
		if source.Auth == "password" && source.IAMURL == "" {
			c.amend(source.prefix+"IAM_URL", withoutPassword(source.iamURL()), "derived from "+source.prefix+"AS_URL")
		}
		c.Sources = append(c.Sources, source)
	}
	if c.Instance == "" {
		c.Instance = newInstance()
		c.amend(Prefix+"INSTANCE", c.Instance, "default")
	}
	faults = append(faults, unknownNames(environ)...)
	for _, fault := range c.check() {
		// A value that could not be read is not judged besides.
		if !slices.ContainsFunc(faults, func(f Fault) bool { return f.Variable == fault.Variable }) {
			faults = append(faults, fault)
		}
	}
	if kept := faults.among(parts); len(kept) > 0 {
		return c, kept
	}
	return c, nil
}

// read fills one struct from the variables with a prefix, and notes each value
// with where it came from.
func (c *Config) read(into any, prefix string, environ Env) (faults Faults) {
	v := reflect.ValueOf(into).Elem()
	fields := map[string]reflect.StructField{} // by Go name
	secret := map[string]bool{}                // by variable
	for field := range v.Type().Fields() {
		if name, ok := field.Tag.Lookup("env"); ok && name != "-" {
			fields[field.Name] = field
			secret[prefix+name] = field.Type == reflect.TypeFor[Secret]()
		}
	}
	err := env.ParseWithOptions(into, env.Options{Environment: environ, Prefix: prefix,
		OnSet: func(name string, value any, isDefault bool) {
			text, from := fmt.Sprint(value), "environment"
			if isDefault || text == "" {
				from = "default"
			}
			if secret[name] && text != "" {
				text = masked
			}
			text = withoutPassword(text)
			c.Settings = append(c.Settings, Setting{name, text, from})
		}})
	var all env.AggregateError
	if err != nil && !errors.As(err, &all) {
		all.Errors = []error{err}
	}
	for _, err := range all.Errors {
		var parse env.ParseError
		if errors.As(err, &parse) {
			field := fields[parse.Name]
			faults = append(faults, Fault{prefix + field.Tag.Get("env"), problem(field.Type, parse.Err), field.Tag.Get("for")})
		} else {
			faults = append(faults, Fault{prefix, err.Error(), "names"})
		}
	}
	for _, field := range fields {
		if field.Type != reflect.TypeFor[Secret]() {
			continue
		}
		name := prefix + field.Tag.Get("env")
		s := v.FieldByIndex(field.Index).Addr().Interface().(*Secret)
		path := environ[name+"_FILE"]
		if path == "" {
			continue
		}
		part := field.Tag.Get("for")
		if s.value != "" {
			faults = append(faults, Fault{name + "_FILE", "set beside " + name + "; give one of the two", part})
			continue
		}
		s.file = path
		c.amend(name, masked, "file "+path)
		if _, err := s.Reveal(); err != nil {
			faults = append(faults, Fault{name + "_FILE", err.Error(), part})
		}
	}
	slices.SortFunc(faults, func(a, b Fault) int { return strings.Compare(a.Variable, b.Variable) })
	return faults
}

// problem says in words what kind of value was wanted.
func problem(want reflect.Type, err error) string {
	var number *strconv.NumError
	switch {
	case want == reflect.TypeFor[time.Duration]() || want == reflect.TypeFor[[]time.Duration]():
		return fmt.Sprintf("want a duration such as 15s or 24h (%v)", err)
	case errors.As(err, &number) && want.Kind() == reflect.Bool:
		return fmt.Sprintf("%q is neither true nor false", number.Num)
	case errors.As(err, &number):
		return fmt.Sprintf("%q is no whole number", number.Num)
	}
	return err.Error()
}

// amend notes another value or origin for a variable than what was read.
func (c *Config) amend(name, value, from string) {
	for i := range c.Settings {
		if c.Settings[i].Name == name {
			c.Settings[i].Value = value
			if from != "" {
				c.Settings[i].From = from
			}
		}
	}
}

// withoutPassword hides what does not belong into an address and is refused.
func withoutPassword(text string) string {
	if u, err := url.Parse(text); err == nil && u.User != nil {
		return u.Redacted()
	}
	return text
}

func sourceNumbers(environ Env) []int {
	var numbers []int
	for name := range environ {
		if m := sourceName.FindStringSubmatch(strings.TrimPrefix(name, Prefix)); m != nil && strings.HasPrefix(name, Prefix) {
			n, _ := strconv.Atoi(m[1]) // at most six digits
			if !slices.Contains(numbers, n) {
				numbers = append(numbers, n)
			}
		}
	}
	slices.Sort(numbers)
	return numbers
}

// newInstance is a name for this process that people can place and that no
// other process has.
func newInstance() string {
	host, err := os.Hostname()
	if err != nil || host == "" {
		host = "aslogd"
	}
	var b [3]byte
	_, _ = rand.Read(b[:]) // never fails
	return host + "-" + hex.EncodeToString(b[:])
}
