package asapi

import (
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"aslogd/ingest"
	"aslogd/ingest/action"
)

// parseGroups reads a page of the group list. A group without an id, or that is
// no JSON, is left out with a warning: the list then holds fewer than its total
// and is not taken for complete. A field that cannot be read is nil.
func parseGroups(a answer, warn func(error)) (*ingest.GroupPage, error) {
	page := &ingest.GroupPage{Asked: a.asked, Date: a.date}
	var records []byte
	var start, limit int
	total, err := envelope(a.body, "scaling_groups", &records, &start, &limit)
	if err == nil {
		page.Total = total
		err = items(records, func(raw []byte) error {
			g, err := parseGroup(raw[:len(raw):len(raw)])
			if err != nil {
				warn(fmt.Errorf("a group in the list cannot be read: %w", err))
				return nil
			}
			page.Groups = append(page.Groups, g)
			return nil
		})
	}
	if err != nil {
		return nil, notPage(NotJSON, err.Error(), "", a.asked, a.body)
	}
	return page, nil
}

func parseGroup(raw []byte) (ingest.Group, error) {
	g := ingest.Group{Raw: raw}
	if !utf8.Valid(raw) || !jsontext.Value(raw).IsValid(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)) {
		return g, errors.New("no JSON")
	}
	texts := map[string]**string{
		"scaling_group_name":       &g.Name,
		"scaling_group_status":     &g.Status,
		"scaling_configuration_id": &g.ConfigurationID,
	}
	numbers := map[string]**int64{
		"current_instance_number": &g.Current,
		"desire_instance_number":  &g.Desire,
		"min_instance_number":     &g.Min,
		"max_instance_number":     &g.Max,
	}
	var id *string
	err := members(raw, func(name string, value []byte) error {
		if to := texts[name]; to != nil {
			*to = readable[string](action.Text, value)
		} else if to := numbers[name]; to != nil {
			*to = readable[int64](action.Integer, value)
		}
		switch name {
		case "scaling_group_id":
			id = readable[string](action.Text, value)
		case "is_scaling":
			g.IsScaling = readable[bool](action.Truth, value)
		case "create_time":
			g.Created = readable[time.Time](action.Time, value)
		}
		return nil
	})
	if err != nil {
		return g, err
	}
	if id == nil {
		return g, errors.New("it has no id")
	}
	g.ID = *id
	return g, nil
}

// readable is the value, nil where it cannot be read: the raw text is stored
// beside it.
func readable[T any](read func([]byte) (*T, error), value []byte) *T {
	v, err := read(value)
	if err != nil {
		return nil
	}
	return v
}
