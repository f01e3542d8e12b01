package asapi_test

import (
	"testing"
	"testing/synctest"
	"time"

	"aslogd/ingest"
	"aslogd/ingest/asapi"
	"aslogd/internal/simulator"
)

// Breaks: tokens that die after 20 requests, 500s, garbage, broken connections,
// odd payloads. Holds: whoever the caller proves to be, in each way there is,
// every row of the group comes through, taken or quarantined.
func TestAgainstTheStandIn(t *testing.T) {
	t.Parallel()
	text := func(s string) asapi.Secret { return func() (string, error) { return s, nil } }
	for _, kind := range []string{simulator.AuthNone, simulator.AuthPassword, simulator.AuthAKSK} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				sim, err := simulator.New(simulator.Config{
					Seed: 1, Groups: 1, ActionsPerGroup: 5000, Project: "p1",
					Auth: simulator.Auth{Kind: kind, Domain: "d", Username: "u", Password: "pw", AccessKey: "AK", SecretKey: "SK"},
					Faults: simulator.Faults{
						ServerError: .05, Garbage: .05, Drop: .05, Odd: .2, ExpireEvery: 20,
					},
				})
				if err != nil {
					t.Fatal(err)
				}
				var auth asapi.Authenticator = asapi.None{}
				switch kind {
				case simulator.AuthPassword:
					auth, err = asapi.NewPassword(asapi.PasswordConfig{Source: "s", IAMURL: "https://iam.example", Domain: "d",
						Username: "u", Password: text("pw"), Project: "p1", Transport: sim.Transport()})
				case simulator.AuthAKSK:
					auth = asapi.NewAKSK(asapi.AKSKConfig{Project: "p1", AccessKey: text("AK"), SecretKey: text("SK")})
				}
				if err != nil {
					t.Fatal(err)
				}
				c, err := asapi.New(asapi.Config{Source: "s", URL: "https://as.example", Project: "p1", Auth: auth, Transport: sim.Transport()})
				if err != nil {
					t.Fatal(err)
				}
				if err := c.Check(t.Context()); err != nil {
					t.Fatal(err)
				}
				groups, err := c.Groups(t.Context(), ingest.Watch, 0, 100)
				if err != nil || len(groups.Groups) != 1 {
					t.Fatalf("groups: %v", err)
				}
				seen := map[string]bool{}
				total, rejects := 1, 0
				for start := 0; start < total; {
					page, err := c.Actions(t.Context(), ingest.Backfill, groups.Groups[0].ID, ingest.Query{Start: start, Limit: 100})
					if err != nil {
						t.Fatalf("from %d on: %v", start, err)
					}
					for _, a := range page.Actions {
						seen[a.ID] = true
					}
					total, rejects, start = page.Total, rejects+len(page.Rejects), start+page.Rows()
					time.Sleep(time.Second)
				}
				if len(seen)+rejects != total || total < 5000 {
					t.Errorf("%d actions and %d rejects of %d", len(seen), rejects, total)
				}
				t.Logf("%d actions, %d rejects", len(seen), rejects)
			})
		})
	}
}
