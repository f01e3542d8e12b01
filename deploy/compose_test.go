package deploy

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

type compose struct {
	Services map[string]struct {
		Image       string
		Build       struct{ Context, Dockerfile string }
		Command     []string
		Environment map[string]string
		Ports       []string
		Volumes     []string
		Healthcheck struct{ Test []string }
		DependsOn   map[string]struct{ Condition string } `yaml:"depends_on"`
	}
	Volumes map[string]any
}

// What `docker compose config` would find, and what it would not: that who is
// waited for can become what is waited for, that files are there, and that
// nothing but this machine reaches the page.
func TestCompose(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../docker-compose.yml")
	if err != nil {
		t.Fatal(err)
	}
	var file compose
	if err := yaml.Unmarshal(text, &file); err != nil {
		t.Fatalf("read docker-compose.yml: %v", err)
	}
	for _, name := range []string{"postgres", "kafka", "simulator", "migrate", "aslogd"} {
		if _, there := file.Services[name]; !there {
			t.Errorf("no service %s", name)
		}
	}
	for name, service := range file.Services {
		if service.Image == "" {
			t.Errorf("%s: no image", name)
		}
		if dockerfile := service.Build.Dockerfile; dockerfile != "" {
			exists(t, name, filepath.Join(service.Build.Context, dockerfile))
		}
		for other, want := range service.DependsOn {
			awaited, there := file.Services[other]
			if !there {
				t.Errorf("%s waits for %s, which is no service", name, other)
			}
			if want.Condition == "service_healthy" && len(awaited.Healthcheck.Test) == 0 {
				t.Errorf("%s waits for %s to be healthy, which has no healthcheck", name, other)
			}
		}
		for _, port := range service.Ports {
			if !strings.HasPrefix(port, "127.0.0.1:") {
				t.Errorf("%s: port %s is open to the network", name, port)
			}
		}
		for _, volume := range service.Volumes {
			source, _, _ := strings.Cut(volume, ":")
			if strings.HasPrefix(source, ".") {
				exists(t, name, source)
			} else if _, there := file.Volumes[source]; !there {
				t.Errorf("%s: volume %s is not declared", name, source)
			}
		}
	}
	daemon := file.Services["aslogd"]
	if len(daemon.Healthcheck.Test) == 0 {
		t.Error("aslogd has no healthcheck")
	}
	if daemon.Environment["ASLOGD_HTTP_TOKEN"] == "" || daemon.Environment["ASLOGD_KAFKA_BROKERS"] == "" {
		t.Errorf("aslogd's settings are not whole: %v", daemon.Environment)
	}
	if got, want := strings.Join(file.Services["simulator"].Command, " "), "--project="+daemon.Environment["ASLOGD_SOURCE_0_PROJECT_ID"]; !strings.Contains(got, want) {
		t.Errorf("the simulator is started with %q, without the daemon's project (%s)", got, want)
	}
}

func exists(t *testing.T, service, path string) {
	t.Helper()
	if _, err := os.Stat(filepath.Join("..", path)); err != nil {
		t.Errorf("%s: %v", service, err)
	}
}
