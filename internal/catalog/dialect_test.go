package catalog

import "testing"

func TestSQLiteText(t *testing.T) {
	for _, tc := range []struct{ in, want string }{
		{"SELECT 1", "SELECT 1"},
		{"SELECT $1, $2, $1, $10", "SELECT ?1, ?2, ?1, ?10"},
		{"SELECT id FROM s LIMIT $2\n    FOR UPDATE SKIP LOCKED\n)", "SELECT id FROM s LIMIT ?2\n    \n)"},
		{"SELECT id FROM m WHERE id = $1 FOR UPDATE", "SELECT id FROM m WHERE id = ?1 "},
	} {
		if got := sqliteText(tc.in); got != tc.want {
			t.Errorf("sqliteText(%q) = %q, want %q", tc.in, got, tc.want)
		}
	}
}
