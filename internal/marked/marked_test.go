package marked_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"aslogd/internal/marked"
)

func TestReplaceKeepsWhatStandsAround(t *testing.T) {
	t.Parallel()
	const page = "before\n<!-- a -->\nold\n<!-- /a -->\nbetween\n<!-- b -->\n<!-- /b -->\nafter\n"
	once, err := marked.Replace(page, "a", "new\n")
	require.NoError(t, err)
	require.Equal(t, "before\n<!-- a -->\nnew\n<!-- /a -->\nbetween\n<!-- b -->\n<!-- /b -->\nafter\n", once)
	found, err := marked.Find(once, "a")
	require.NoError(t, err)
	require.Equal(t, "new", found)
	twice, err := marked.Replace(once, "a", "new")
	require.NoError(t, err)
	require.Equal(t, once, twice)
}

func TestReplaceWantsItsMarkers(t *testing.T) {
	t.Parallel()
	for _, page := range []string{"", "<!-- a -->", "<!-- /a --> <!-- a -->"} {
		_, err := marked.Replace(page, "a", "new")
		require.ErrorContains(t, err, "the page has no <!-- a -->")
		_, err = marked.Find(page, "a")
		require.ErrorContains(t, err, "the page has no <!-- a -->")
	}
}
