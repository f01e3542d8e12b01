// Package stages does what aslogd's backfill consists of, one thing at a time and
// with no guarantee: fetch and decode, COPY, produce. What they take is what a
// machine can do.
package stages

import (
	"context"
	"fmt"
	"github.com/go-json-experiment/json"
	"io"
	"net/http"

	"golang.org/x/sync/errgroup"

	"aslogd/bench/ground"
)

// A page is what a plain reader decodes.
type page struct {
	Total int `json:"total_number"`
	Log   []struct {
		ID          string     `json:"id"`
		Type        string     `json:"type"`
		Status      string     `json:"status"`
		Start       string     `json:"start_time"`
		End         string     `json:"end_time"`
		Before      int        `json:"instance_value"`
		Desired     int        `json:"desire_value"`
		Scaled      int        `json:"scaling_value"`
		Description string     `json:"description"`
		Added       []instance `json:"instance_added_list"`
		Removed     []instance `json:"instance_removed_list"`
		Deleted     []instance `json:"instance_deleted_list"`
	} `json:"scaling_activity_log"`
}

type instance struct {
	ID   string `json:"instance_id"`
	Name string `json:"instance_name"`
}

const readers = 8

// Fetch reads all pages of all groups and decodes them. It gives the number of
// actions that it saw.
func Fetch(ctx context.Context, cloud *ground.Cloud) (int, error) {
	groups, err := GroupIDs(ctx, cloud)
	if err != nil {
		return 0, err
	}
	counts := make([]int, len(groups))
	tasks, ctx := errgroup.WithContext(ctx)
	tasks.SetLimit(readers)
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: readers}}
	defer client.CloseIdleConnections()
	for i, group := range groups {
		tasks.Go(func() error {
			for {
				path := fmt.Sprintf("/autoscaling-api/v2/%s/scaling_activity_log/%s?limit=100&start_number=%d", cloud.Project, group, counts[i])
				var p page
				if err := get(ctx, client, cloud.URL+path, &p); err != nil {
					return err
				}
				if counts[i] += len(p.Log); counts[i] >= p.Total || len(p.Log) == 0 {
					return nil
				}
			}
		})
	}
	err = tasks.Wait()
	all := 0
	for _, n := range counts {
		all += n
	}
	return all, err
}

// GroupIDs are the groups that a cloud lists.
func GroupIDs(ctx context.Context, cloud *ground.Cloud) ([]string, error) {
	var ids []string
	for {
		var list struct {
			Total  int `json:"total_number"`
			Groups []struct {
				ID string `json:"scaling_group_id"`
			} `json:"scaling_groups"`
		}
		url := fmt.Sprintf("%s/autoscaling-api/v1/%s/scaling_group?limit=100&start_number=%d", cloud.URL, cloud.Project, len(ids))
		if err := get(ctx, http.DefaultClient, url, &list); err != nil {
			return nil, err
		}
		for _, g := range list.Groups {
			ids = append(ids, g.ID)
		}
		if len(ids) >= list.Total || len(list.Groups) == 0 {
			return ids, nil
		}
	}
}

func get(ctx context.Context, client *http.Client, url string, into any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	answer, err := client.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return fmt.Errorf("read %s: %w", url, err)
	}
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answered %s: %s", url, answer.Status, body)
	}
	if err := json.Unmarshal(body, into); err != nil {
		return fmt.Errorf("decode %s: %w", url, err)
	}
	return nil
}
