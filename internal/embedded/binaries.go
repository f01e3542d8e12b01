package embedded

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	embeddedpostgres "github.com/fergusstrange/embedded-postgres"
)

// oldestPostgres is the oldest major version that aslogd works with.
const oldestPostgres = 15

// postgresBinaries is a directory with initdb and postgres, and what the latter
// says about its version. What the machine has comes first: it needs no
// network, and it is what people there use.
func postgresBinaries(ctx context.Context) (dir, version string, err error) {
	var candidates []string
	if path, err := exec.LookPath("postgres"); err == nil {
		candidates = append(candidates, filepath.Dir(path))
	}
	for _, pattern := range []string{
		"/usr/lib/postgresql/*/bin",                                             // Debian
		"/usr/pgsql-*/bin",                                                      // Red Hat
		"/opt/homebrew/opt/postgresql@*/bin", "/usr/local/opt/postgresql@*/bin", // Homebrew
	} {
		found, _ := filepath.Glob(pattern)
		candidates = append(candidates, found...)
	}
	best := oldestPostgres - 1
	for _, candidate := range candidates {
		text, major, err := postgresVersion(ctx, candidate)
		if err == nil && major > best {
			dir, version, best = candidate, text, major
		}
	}
	if dir != "" {
		return dir, version, nil
	}
	if dir, err = fetchPostgres(ctx); err != nil {
		return "", "", err
	}
	version, _, err = postgresVersion(ctx, dir)
	return dir, version, err
}

var majorVersion = regexp.MustCompile(`\) (\d+)`)

func postgresVersion(ctx context.Context, dir string) (text string, major int, err error) {
	if _, err := os.Stat(filepath.Join(dir, "initdb")); err != nil {
		return "", 0, err
	}
	out, err := exec.CommandContext(ctx, filepath.Join(dir, "postgres"), "--version").Output()
	if err != nil {
		return "", 0, fmt.Errorf("ask %s/postgres for its version: %w", dir, err)
	}
	text = strings.TrimSpace(string(out))
	match := majorVersion.FindStringSubmatch(text)
	if match == nil {
		return "", 0, fmt.Errorf("ask %s/postgres for its version: got %q", dir, text)
	}
	major, err = strconv.Atoi(match[1])
	return text, major, err
}

// fetchPostgres has the library fetch and unpack its binaries into the cache.
// The library does so only on the way to a running server, and that server does
// not start for root; so it is not the outcome of Start that counts here, but
// whether the binaries are there then.
func fetchPostgres(ctx context.Context) (string, error) {
	cache, err := cacheDir()
	if err != nil {
		return "", err
	}
	const release = embeddedpostgres.V17
	home := filepath.Join(cache, "postgres-"+string(release))
	bin := filepath.Join(home, "bin")
	if _, _, err := postgresVersion(ctx, bin); err == nil {
		return bin, nil
	}
	scratch, err := os.MkdirTemp(cache, "fetch-")
	if err != nil {
		return "", fmt.Errorf("make a directory for the download: %w", err)
	}
	defer os.RemoveAll(scratch)
	port, err := freePort()
	if err != nil {
		return "", err
	}
	// Unpacked beside its place and moved there whole: two may fetch at once.
	fresh := filepath.Join(scratch, "postgres")
	config := embeddedpostgres.DefaultConfig().Version(release).Port(uint32(port)).
		CachePath(scratch).BinariesPath(fresh).RuntimePath(filepath.Join(scratch, "run")).
		Logger(nil)
	server := embeddedpostgres.NewDatabase(config)
	startErr := server.Start()
	if startErr == nil {
		server.Stop()
	}
	if _, _, err := postgresVersion(ctx, filepath.Join(fresh, "bin")); err != nil {
		return "", fmt.Errorf("fetch Postgres %s: %w", release, errors.Join(startErr, err))
	}
	os.Rename(fresh, home) // fails when another one was first, and then that one serves
	if _, _, err := postgresVersion(ctx, bin); err != nil {
		return "", fmt.Errorf("keep Postgres %s in %s: %w", release, home, err)
	}
	return bin, nil
}

// cacheDir is where downloads stay. Root's own cache lies where the user that
// Postgres runs as may not look.
func cacheDir() (string, error) {
	base, err := os.UserCacheDir()
	if os.Geteuid() == 0 {
		base, err = "/var/cache", nil
	}
	if err != nil {
		return "", fmt.Errorf("find the cache directory: %w", err)
	}
	dir := filepath.Join(base, "aslogd")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("make the cache directory: %w", err)
	}
	return dir, nil
}
