package asapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"aslogd/ingest"
)

// Check signs in and asks for the least that can be asked: one group and, where
// there is one, one action of it. Its error says in words which setting or
// right is missing. It costs at most two requests of the budget.
func (c *Client) Check(ctx context.Context) error {
	page, err := c.Groups(ctx, ingest.Follow, 0, 1)
	if err != nil {
		return explain(err, "as:groups:list")
	}
	if len(page.Groups) == 0 {
		return nil
	}
	_, err = c.Actions(ctx, ingest.Follow, page.Groups[0].ID, ingest.Query{Limit: 1})
	if err != nil && !errors.Is(err, ingest.ErrNoGroup) {
		return explain(err, "as:activityLogs:list")
	}
	return nil
}

func explain(err error, right string) error {
	var e *Error
	if !errors.As(err, &e) {
		return err
	}
	hint := ""
	switch {
	case e.login && e.Status == http.StatusUnauthorized:
		hint = "IAM did not take domain, user, password and project id together"
	case e.login && e.Status == http.StatusForbidden, e.login && e.Status == http.StatusNotFound:
		hint = "the user may not enter this project, or the project id is wrong"
	case e.Code == "AS.0008":
		hint = "the project id is not the one that the credentials are for"
	case e.Status == http.StatusForbidden, e.Code == "AS.0031", e.Code == "AS.0011":
		hint = "the right " + right + " is missing (AutoScaling ReadOnlyAccess has it)"
	case e.Status == http.StatusUnauthorized:
		hint = "the credentials were not taken"
	case e.Code == "APIG.0101", e.Status == http.StatusNotFound:
		hint = "there is no AS API at this URL"
	default:
		return err
	}
	return fmt.Errorf("%s: %w", hint, err)
}
