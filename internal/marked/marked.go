// Package marked replaces parts of a page that commands write, between the
// markers <!-- name --> and <!-- /name -->.
package marked

import (
	"fmt"
	"os"
	"strings"
)

// Replace gives the page with fresh text between the markers of a name. A page
// without them is an error.
func Replace(page, name, fresh string) (string, error) {
	before, _, after, err := cut(page, name)
	if err != nil {
		return "", err
	}
	return before + "\n" + strings.TrimSpace(fresh) + "\n" + after, nil
}

// Find gives what stands between the markers of a name in a page.
func Find(page, name string) (string, error) {
	_, text, _, err := cut(page, name)
	return strings.TrimSpace(text), err
}

// cut leaves the markers with what is around them.
func cut(page, name string) (before, text, after string, err error) {
	begin, end := "<!-- "+name+" -->", "<!-- /"+name+" -->"
	before, rest, found := strings.Cut(page, begin)
	text, after, ended := strings.Cut(rest, end)
	if !found || !ended {
		return "", "", "", fmt.Errorf("the page has no %s … %s", begin, end)
	}
	return before + begin, text, end + after, nil
}

// Write replaces what stands between the markers of a name in a file.
func Write(path, name, fresh string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("write %s into a page: %w", name, err)
	}
	page, err := Replace(string(text), name, fresh)
	if err != nil {
		return fmt.Errorf("write into %s: %w", path, err)
	}
	if err := os.WriteFile(path, []byte(page), 0o644); err != nil {
		return fmt.Errorf("write %s into a page: %w", name, err)
	}
	return nil
}
