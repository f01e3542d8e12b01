package main

import (
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"
)

func (c *Config) checkSources() (faults Faults) {
	if len(c.Sources) == 0 {
		name := Prefix + "SOURCE_0_AS_URL"
		return Faults{{name, "required: scheme and host of the AS service, https://as.REGION.example.com", "sources"},
			{Prefix + "SOURCE_0_PROJECT_ID", "required: the project's id", "sources"}}
	}
	named := map[string]string{}
	for i := range c.Sources {
		s := &c.Sources[i]
		fault := func(name, format string, args ...any) {
			faults = append(faults, Fault{s.prefix + name, fmt.Sprintf(format, args...), "sources"})
		}
		if other, taken := named[s.Name]; taken {
			fault("NAME", "%q is the name of %s too: names are unique", s.Name, strings.TrimSuffix(strings.TrimPrefix(other, Prefix), "_"))
		}
		named[s.Name] = s.prefix
		s.check(fault, c.warn)
	}
	return faults
}

func (s *Source) check(fault func(name, format string, args ...any), warn func(format string, args ...any)) {
	checkURL := func(name, text string) {
		if problem := badHostURL(text); problem != "" {
			fault(name, "%s", problem)
		}
	}
	if s.ASURL == "" {
		fault("AS_URL", "required: scheme and host of the AS service, https://as.REGION.example.com")
	} else {
		checkURL("AS_URL", s.ASURL)
	}
	if s.IAMURL != "" {
		checkURL("IAM_URL", s.IAMURL)
	}
	if s.ProjectID == "" {
		fault("PROJECT_ID", "required: the project's id")
	}
	require := func(name string, set bool) {
		if !set {
			fault(name, "required for %sAUTH=%s", s.prefix, s.Auth)
		}
	}
	switch s.Auth {
	case "password":
		require("DOMAIN", s.Domain != "")
		require("USERNAME", s.Username != "")
		require("PASSWORD", s.Password.Set())
		if s.ASURL != "" && badHostURL(s.ASURL) == "" && s.iamURL() == "" {
			fault("IAM_URL", "required: the host of %sAS_URL does not begin with as. for iam. to stand in its place", s.prefix)
		}
		if strings.HasPrefix(s.iamURL(), "http://") && !loopbackURL(s.iamURL()) {
			warn("%sIAM_URL is http: the password crosses the network in the clear", strings.TrimPrefix(s.prefix, Prefix))
		}
	case "aksk":
		require("ACCESS_KEY", s.AccessKey.Set())
		require("SECRET_KEY", s.SecretKey.Set())
	case "none":
	default:
		fault("AUTH", "%q is none of password, aksk, none", s.Auth)
	}
	if s.RequestsPerMinute < 0 {
		fault("REQUESTS_PER_MINUTE", "%d is below 0 (0 pauses the source)", s.RequestsPerMinute)
	}
	for _, id := range s.Groups {
		if strings.TrimSpace(id) == "" || strings.ContainsAny(id, "/?# ") {
			fault("GROUPS", "%q is no group id", id)
		}
	}
	if from := s.BackfillFrom.Time(time.Now()); from.After(time.Now()) {
		fault("BACKFILL_FROM", "%s lies ahead", from.Format(time.RFC3339))
	}
}

// badHostURL says what is wrong with an address that must be scheme and host
// alone; nothing when it is right.
func badHostURL(text string) string {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return "want scheme and host, such as https://as.REGION.example.com"
	case u.User != nil:
		return "holds credentials: give them in their own variables"
	case u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.Fragment != "":
		return "want scheme and host alone, without a path"
	}
	return ""
}

func loopbackURL(text string) bool {
	u, err := url.Parse(text)
	return err == nil && loopback(u.Hostname())
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func (c *Config) checkHTTP(fault faultFunc) {
	host, port, err := net.SplitHostPort(c.HTTPAddr)
	switch {
	case err != nil || port == "":
		fault("http", "HTTP_ADDR", "%q is no address such as 127.0.0.1:8080 or :8080", c.HTTPAddr)
	case badPort(port):
		fault("http", "HTTP_ADDR", "%q is no port: a number up to 65535", port)
	case !loopback(host) && !c.HTTPToken.Set():
		fault("http", "HTTP_TOKEN", "required, because %sHTTP_ADDR=%s can be reached from elsewhere", Prefix, c.HTTPAddr)
	}
}

func badPort(port string) bool {
	_, err := strconv.ParseUint(port, 10, 16)
	return err != nil
}

func (c *Config) checkArchive(fault faultFunc) {
	if c.ArchiveURL != "" {
		u, err := url.Parse(c.ArchiveURL)
		switch {
		case err != nil || u.Scheme != "file" && u.Scheme != "s3",
			u.Scheme == "file" && (u.Host != "" || u.Path == ""), u.Scheme == "s3" && u.Host == "":
			fault("archive", "ARCHIVE_URL", "want file:///directory or s3://bucket/prefix?endpoint=…")
		case u.User != nil:
			fault("archive", "ARCHIVE_URL", "holds credentials: leave them to the environment of S3 (AWS_…)")
		}
		if !c.ArchiveSigningKey.Set() {
			fault("archive", "ARCHIVE_SIGNING_KEY", "required beside %sARCHIVE_URL: an archive that nobody signed proves nothing", Prefix)
		}
	}
	if c.JournalRetention < 0 {
		fault("archive", "JOURNAL_RETENTION", "%d is below 0 (0 keeps all months)", c.JournalRetention)
	}
}
