package simulator

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"time"
)

// ExampleGroup is the id of the group whose two records are those of the
// vendor's page on the interface.
const ExampleGroup = "e5d27f5c-dd76-4a61-b4bc-a67c5686719a"

// ExamplePage is the example answer of the vendor's page, byte for byte.
//
//go:embed example.json
var ExamplePage []byte

// exampleGroup cuts the records out of the example with the white space that
// they have there, so that a page of this group is the example again.
func exampleGroup() *group {
	g := &group{
		id: ExampleGroup, name: "as-group-example", seed: 1,
		created: time.Date(2018, 11, 22, 13, 40, 0, 0, time.UTC),
		removed: 0, added: 1,
	}
	var page struct {
		Records []json.RawMessage `json:"scaling_activity_log"`
	}
	if err := json.Unmarshal(ExamplePage, &page); err != nil {
		panic(fmt.Sprintf("the embedded example is broken: %v", err))
	}
	for i, raw := range page.Records {
		g.fixed = append(g.fixed, bytes.Clone(raw))
		var r struct {
			ID     string    `json:"id"`
			Start  time.Time `json:"start_time"`
			End    time.Time `json:"end_time"`
			Type   string    `json:"type"`
			Before int32     `json:"instance_value"`
			Desire int32     `json:"desire_value"`
		}
		if err := json.Unmarshal(raw, &r); err != nil {
			panic(fmt.Sprintf("the embedded example is broken: %v", err))
		}
		e := event{
			fixedID: r.ID, inst: int32(i), before: r.Before, desire: r.Desire,
			shown: r.Start.UnixNano(), start: r.Start.Unix(), end: r.End.Unix(),
		}
		if r.Type == kindNames[modifyELB] {
			e.kind = modifyELB
		}
		g.insert(e)
	}
	g.open = nil
	return g
}
