package embedded

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// kafkaPOM asks Maven for what `java kafka.Kafka` and its StorageTool need. The
// user's own Maven settings (mirrors, proxies) hold.
const kafkaPOM = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>aslogd</groupId>
  <artifactId>kafka</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>%[1]s</version></dependency>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka-tools</artifactId><version>%[1]s</version></dependency>
  </dependencies>
</project>
`

// kafkaJars is a directory with the jars of a release. They are gathered beside
// it and moved there whole: two may fetch at once, and one may be cut off.
func kafkaJars(ctx context.Context, version string) (string, error) {
	cache, err := cacheDir()
	if err != nil {
		return "", err
	}
	home := filepath.Join(cache, "kafka-"+version)
	if _, err := os.Stat(home); err == nil {
		return home, nil
	}
	scratch, err := os.MkdirTemp(cache, "fetch-")
	if err != nil {
		return "", fmt.Errorf("make a directory for the download: %w", err)
	}
	defer os.RemoveAll(scratch)
	pom, fresh := filepath.Join(scratch, "pom.xml"), filepath.Join(scratch, "libs")
	if err := os.WriteFile(pom, fmt.Appendf(nil, kafkaPOM, version), 0o644); err != nil {
		return "", fmt.Errorf("write the POM: %w", err)
	}
	maven := exec.CommandContext(ctx, "mvn", "-q", "-B", "-f", pom,
		"org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies",
		"-DincludeScope=runtime", "-DoutputDirectory="+fresh)
	if out, err := maven.CombinedOutput(); err != nil {
		return "", fmt.Errorf("have Maven gather the jars: %w: %s", err, out[max(0, len(out)-2000):])
	}
	os.Rename(fresh, home) // fails when another one was first, and then that one serves
	if _, err := os.Stat(home); err != nil {
		return "", fmt.Errorf("keep the jars: %w", err)
	}
	return home, nil
}
