package asapi

import (
	"fmt"
	"strings"
	"testing"

	"aslogd/ingest"
)

// BenchmarkPage reads a page of 100 records of a common size.
func BenchmarkPage(b *testing.B) {
	var records []string
	for i := range 100 {
		records = append(records, fmt.Sprintf(`{"id":"action-%012d","status":"SUCCESS","type":"NORMAL","start_time":"2026-11-01T10:00:00Z",`+
			`"end_time":"2026-11-01T10:03:00Z","instance_value":%d,"desire_value":3,"scaling_value":1,"instance_removed_list":[],`+
			`"instance_added_list":[{"instance_id":"i-%012d","instance_name":"as-config-web-%06d"}],`+
			`"description":"{\"reason\":[{\"change_reason\":\"ALARM\",\"old_value\":2,\"change_time\":\"2026-11-01T10:00:00Z\",\"new_value\":3}]}"}`,
			i, i, i, i))
	}
	body := `{"limit":100,"scaling_activity_log":[` + strings.Join(records, ",") + `],"total_number":100,"start_number":0}`
	b.ReportAllocs()
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		page, err := parsePage(answer{body: []byte(body)}, "g", ingest.Query{Limit: 100})
		if err != nil || len(page.Actions) != 100 {
			b.Fatal(len(page.Actions), err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/100, "ns/record")
}
