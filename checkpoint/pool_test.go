package checkpoint_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"aslogd/checkpoint"
	"aslogd/internal/testenv"
)

func TestApplicationNamesStayApart(t *testing.T) {
	t.Parallel()
	require.Equal(t, "aslogd/host-1", checkpoint.ApplicationName("host-1"))
	long := "a-host-name-that-is-far-too-long-for-a-name-in-postgres-0123456789"
	require.LessOrEqual(t, len(checkpoint.ApplicationName(long)), 63)
	require.NotEqual(t, checkpoint.ApplicationName(long+"a"), checkpoint.ApplicationName(long+"b"))
	require.NotEqual(t, checkpoint.ApplicationName("hôst"), checkpoint.ApplicationName("hést"))
}

func TestSessionsOutliveNoLease(t *testing.T) {
	t.Parallel()
	pool, _ := connect(t, testenv.PostgresURL(t), "a", 15*time.Second)
	for name, want := range map[string]string{
		"synchronous_commit": "on", "timezone": "UTC", "application_name": "aslogd/a",
		"lock_timeout": "5s", "idle_in_transaction_session_timeout": "10s",
	} {
		var got string
		require.NoError(t, pool.QueryRow(context.Background(), "SELECT current_setting($1)", name).Scan(&got))
		require.Equal(t, want, got, name)
	}
	_, err := checkpoint.PoolConfig("postgres://u:sesame@h:notaport/d", "a", time.Second)
	require.Error(t, err)
	require.NotContains(t, err.Error(), "sesame")
}
