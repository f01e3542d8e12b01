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
	begin, end := "<!-- "+name+" -->", "<!-- /"+name+" -->"
	before, rest, found := strings.Cut(page, begin)
	_, after, ended := strings.Cut(rest, end)
	if !found || !ended {
		return "", fmt.Errorf("the page has no %s … %s", begin, end)
	}
	return before + begin + "\n" + strings.TrimSpace(fresh) + "\n" + end + after, nil
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
