package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/jackc/pgx/v5"
)

// masked is what stands for a secret wherever something is printed.
const masked = "******"

// A Secret is a value that must not be seen: every way of printing it prints a
// mask. It comes from the variable itself, or from the file that NAME_FILE
// names; a file is read at each use, so that a secret that was changed there
// works without a restart.
type Secret struct {
	value string
	file  string
}

// UnmarshalText takes the value from the environment.
func (s *Secret) UnmarshalText(text []byte) error {
	s.value = string(text)
	return nil
}

// Set reports whether there is one.
func (s Secret) Set() bool { return s.value != "" || s.file != "" }

// Reveal returns the secret itself.
func (s Secret) Reveal() (string, error) {
	if s.file == "" {
		return s.value, nil
	}
	b, err := os.ReadFile(s.file)
	if err != nil {
		return "", err
	}
	text := strings.TrimRight(string(b), "\r\n")
	if text == "" {
		return "", fmt.Errorf("%s: %w", s.file, errEmptySecret)
	}
	return text, nil
}

var errEmptySecret = errors.New("file is empty")

// Format prints the mask for every verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(s.String())) }

// String is a mask; empty where there is no secret.
func (s Secret) String() string {
	if !s.Set() {
		return ""
	}
	return masked
}

// MarshalText is the mask too, so that no encoder can print one.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// shownURL is a database's address with all but the password.
func (s Secret) shownURL() string {
	text, err := s.Reveal()
	if err != nil || text == "" {
		return s.String()
	}
	c, err := pgx.ParseConfig(text)
	if err != nil {
		return s.String()
	}
	return fmt.Sprintf("postgres://%s:%s@%s:%d/%s", c.User, masked, c.Host, c.Port, c.Database)
}
