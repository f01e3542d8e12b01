package action

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write what Parse returns to the golden files")

// Each payload shows one behaviour; its golden is the whole normal form, hash
// included, so that a change of either is seen and must be meant.
func TestGoldens(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/parse/*.json")
	if err != nil || len(files) < 15 {
		t.Fatalf("found %d payloads: %v", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			raw, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			raw = bytes.TrimSpace(raw)
			a, err := Parse(raw)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(a.Raw, raw) {
				t.Error("raw is not what was sent")
			}
			a.Raw = nil
			got := &bytes.Buffer{}
			enc := json.NewEncoder(got)
			enc.SetEscapeHTML(false)
			enc.SetIndent("", "  ")
			if err := enc.Encode(a); err != nil {
				t.Fatal(err)
			}
			golden := strings.TrimSuffix(file, ".json") + ".golden"
			if *update {
				if err := os.WriteFile(golden, got.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got.Bytes(), want) {
				t.Errorf("normal form differs from %s:\n%s", golden, got)
			}
		})
	}
}

// The seed's own example, field by field, independent of the goldens.
func TestSeedExample(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("testdata/parse/02_seed_normal.json")
	if err != nil {
		t.Fatal(err)
	}
	a, err := Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	if *a.Status != "SUCCESS" || *a.Type != "NORMAL" || *a.ScalingValue != 1 || *a.InstanceValue != 0 || *a.DesireValue != 1 {
		t.Errorf("read %s %s %d %d %d", *a.Status, *a.Type, *a.ScalingValue, *a.InstanceValue, *a.DesireValue)
	}
	if !a.StartTime.Equal(time.Date(2018, 11, 22, 13, 44, 22, 0, time.UTC)) {
		t.Errorf("start is %v", a.StartTime)
	}
	if len(a.Instances) != 1 || a.Instances[0].Outcome != "added" || *a.Instances[0].InstanceName != "as-config-t66a_9W8L9SSK" {
		t.Errorf("instances are %+v", a.Instances)
	}
	if len(a.Reasons) != 1 || *a.Reasons[0].ChangeReason != "MANNUAL" || *a.Reasons[0].NewValue != 1 {
		t.Errorf("reasons are %+v", a.Reasons)
	}
	if len(a.Faults) != 0 || a.Open() {
		t.Errorf("faults %v, open %v", a.Faults, a.Open())
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	deep := strings.Repeat("[", 200) + strings.Repeat("]", 200)
	deepest := strings.Repeat("[", 11000) + strings.Repeat("]", 11000)
	for _, c := range []struct{ name, raw, reason, id string }{
		{"no id", `{"status":"DOING"}`, NoID, ""},
		{"null id", `{"id":null}`, NoID, ""},
		{"blank id", `{"id":"  "}`, NoID, ""},
		{"id is an object", `{"id":{}}`, NoID, ""},
		{"not UTF-8", "{\"id\":\"a\",\"description\":\"\xff\"}", NotUTF8, "a"},
		{"too deep", `{"x":` + deep + `,"id":"a"}`, TooDeep, "a"},
		{"far too deep", `{"id":"a","x":` + deepest + `}`, TooDeep, ""},
		{"a list", `[]`, NotObject, ""},
		{"null", `null`, NotObject, ""},
		{"half", `{"id":"a"`, NotJSON, ""},
		{"two", `{"id":"a"}{"id":"b"}`, NotJSON, ""},
		{"a literal that is none", `{"id":"a","x":NaN}`, NotJSON, ""},
		{"nothing", ``, NotJSON, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := Parse([]byte(c.raw))
			var refused *Refused
			if !errors.As(err, &refused) {
				t.Fatalf("got %v", err)
			}
			if refused.Reason != c.reason || refused.ID != c.id || refused.Detail == "" {
				t.Errorf("got %+v", refused)
			}
		})
	}
	just := strings.Repeat("[", 199) + strings.Repeat("]", 199)
	if _, err := Parse([]byte(`{"id":"a","x":` + just + `}`)); err != nil {
		t.Errorf("200 deep: %v", err)
	}
}

// A mad record must not become a flood of quarantine rows.
func TestFaultsAreBounded(t *testing.T) {
	t.Parallel()
	a, err := Parse([]byte(`{"id":"a","instance_added_list":[` + strings.Repeat("1,", 5000) + `1]}`))
	if err != nil {
		t.Fatal(err)
	}
	if len(a.Faults) != maxFaults+1 {
		t.Errorf("%d faults", len(a.Faults))
	}
}
