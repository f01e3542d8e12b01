package ingest

import "context"

// behind looks for rows that the total does not count, for it may lag: where
// the last page was full, another may follow. (Not where it would be too deep
// to ask for: there the total is all that is told.) The last page is committed
// before. Nor where an earlier proof stands for the last page: then what is new
// has been read to its end, whatever the total says.
func (p *pass) behind(ctx context.Context, last *Page) (reason string, err error) {
	if p.recalled() > 0 || p.short || p.total == 0 || p.total > p.w.depth() {
		return "", nil
	}
	if err := p.commit(ctx, last); err != nil {
		return "", err
	}
	page, err := p.rows(ctx, p.total, 1)
	switch {
	case err != nil:
		return "", err
	case page.Total != p.total:
		reason = "total"
	case page.Rows() > 0:
		reason = "count"
	}
	return reason, p.commit(ctx, page) // it was read, whatever it proves
}
