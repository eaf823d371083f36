package catalog

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"

	"magpie/internal/catalog/queries"
)

// PostgresOptions say how to use a PostgreSQL server.
type PostgresOptions struct {
	// Connections is how many this process opens at most, at least 2; 0 for 20.
	Connections int
	// Timeout is the longest that one statement may take, 0 for 30 s. A server
	// that says nothing for that long and some seconds more is taken for dead.
	Timeout time.Duration

	// Name is what the connections are called on the server, "" for magpie. The
	// name of one that is no server is not counted by Others.
	Name string

	Now    func() time.Time
	Random io.Reader    // spreads tries that are made again
	Log    *slog.Logger // hears when the server goes away and comes back
}

const (
	postgresConnections = 20
	postgresTimeout     = 30 * time.Second

	// connectTimeout is how long one try to connect may take, and idleInTx how
	// long the server keeps a transaction whose process has forgotten it.
	connectTimeout = 5 * time.Second
	idleInTx       = time.Minute
	// Beyond the server's own limit, for its answer to arrive.
	silence = 5 * time.Second

	// migrationLock is the advisory lock that one process at a time migrates
	// under: "magpie" in ASCII.
	migrationLock = 0x6d6167706965
)

// OpenPostgres opens the catalogue in the database that rawURL names, as
// postgres://user:password@host:port/database?sslmode=verify-full, with the
// parameters of PostgreSQL's own libraries, and brings its schema up to date.
// Several processes may do so at once: one of them migrates. Several hosts may be
// named, with commas between them; the one that takes writes is used. The
// database must keep text in UTF-8. No error shows the password. A schema that a
// newer magpie wrote is refused unless it says that this one may run on it. The
// caller closes it.
//
// https://www.postgresql.org/docs/15/libpq-connect.html#LIBPQ-CONNSTRING
func OpenPostgres(ctx context.Context, rawURL string, o PostgresOptions) (*Catalog, error) {
	c, err := openPostgres(ctx, rawURL, o)
	return c, during(err, "open the catalogue at %s", RedactURL(rawURL))
}

func openPostgres(ctx context.Context, rawURL string, o PostgresOptions) (*Catalog, error) {
	config, err := postgresConfig(rawURL, o)
	if err != nil {
		return nil, err
	}
	migrated, err := migratePostgres(ctx, config)
	if err != nil {
		return nil, err
	}
	c := newPostgres(config, o)
	c.writer, c.migrated = c.reader, migrated
	if err := c.countOnce(ctx); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

// OpenPostgresReadOnly is OpenPostgres for reading, beside others that write.
// The schema must be the one that this magpie knows, or a newer one that is for it
// too. Methods that write fail.
func OpenPostgresReadOnly(ctx context.Context, rawURL string, o PostgresOptions) (*Catalog, error) {
	c, err := openPostgresReadOnly(ctx, rawURL, o)
	return c, during(err, "open the catalogue at %s for reading", RedactURL(rawURL))
}

func openPostgresReadOnly(ctx context.Context, rawURL string, o PostgresOptions) (*Catalog, error) {
	config, err := postgresConfig(rawURL, o)
	if err != nil {
		return nil, err
	}
	config.RuntimeParams["default_transaction_read_only"] = "on"
	c := newPostgres(config, o)
	if err := checkServer(ctx, c.reader); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	if err := checkSchema(ctx, c.reader, goose.DialectPostgres); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

func newPostgres(config *pgx.ConnConfig, o PostgresOptions) *Catalog {
	l := newLink(o)
	config = config.Copy()
	config.DialFunc = l.dial(o.timeout() + silence)
	db := stdlib.OpenDB(*config)
	setPool(db, o.connections())
	// A server that took another's place gets its share in time.
	db.SetConnMaxLifetime(30 * time.Minute)
	db.SetConnMaxIdleTime(5 * time.Minute)
	l.forget = func() {
		db.SetMaxIdleConns(-1)
		setPool(db, o.connections())
	}
	return &Catalog{reader: db, link: l}
}

func (o PostgresOptions) connections() int {
	if o.Connections <= 0 {
		return postgresConnections
	}
	return max(o.Connections, 2)
}

func (o PostgresOptions) timeout() time.Duration {
	if o.Timeout <= 0 {
		return postgresTimeout
	}
	return o.Timeout
}

// postgresConfig reads the URL. What it asks for itself goes before what is set
// here.
func postgresConfig(rawURL string, o PostgresOptions) (*pgx.ConnConfig, error) {
	if !IsPostgresURL(rawURL) {
		return nil, errors.New("it is not a URL such as postgres://user@host/database")
	}
	config, err := pgx.ParseConfig(rawURL)
	if err != nil {
		return nil, errors.New(withoutSecrets(err.Error(), rawURL))
	}
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = connectTimeout
	}
	if config.ValidateConnect == nil {
		// What a standby says may be late.
		config.ValidateConnect = pgconn.ValidateConnectTargetSessionAttrsPrimary
	}
	for name, value := range map[string]string{
		"application_name":                    cmp.Or(o.Name, serverName),
		"statement_timeout":                   milliseconds(o.timeout()),
		"lock_timeout":                        milliseconds(busyTimeout),
		"idle_in_transaction_session_timeout": milliseconds(idleInTx),
	} {
		if config.RuntimeParams[name] == "" {
			config.RuntimeParams[name] = value
		}
	}
	return config, nil
}

func milliseconds(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }

// IsPostgresURL tells a PostgreSQL database's URL from anything else.
func IsPostgresURL(s string) bool {
	return strings.HasPrefix(s, "postgres://") || strings.HasPrefix(s, "postgresql://")
}

// RedactURL is a database's URL for people to read: without what is secret in
// it. Of what is no URL nothing is shown.
func RedactURL(rawURL string) string {
	u, err := url.Parse(rawURL)
	if err != nil || u.Scheme == "" || u.Opaque != "" {
		return "(a URL that can't be read)"
	}
	q := u.Query()
	for name := range q {
		if strings.Contains(name, "password") {
			q.Set(name, "xxxxx")
		}
	}
	u.RawQuery = q.Encode()
	return u.Redacted()
}

// withoutSecrets takes out of words what RedactURL would not show.
func withoutSecrets(words, rawURL string) string {
	words = strings.ReplaceAll(words, rawURL, RedactURL(rawURL))
	u, err := url.Parse(rawURL)
	if err != nil {
		return "its URL can't be read: special characters in the password must be written as %xx"
	}
	secrets := []string{}
	if p, ok := u.User.Password(); ok {
		secrets = append(secrets, p, url.QueryEscape(p), url.PathEscape(p))
	}
	for name, values := range u.Query() {
		if strings.Contains(name, "password") {
			secrets = append(secrets, values...)
		}
	}
	for _, s := range secrets {
		if s != "" {
			words = strings.ReplaceAll(words, s, "xxxxx")
		}
	}
	return words
}

// migratePostgres brings the schema up to date under an advisory lock, on
// connections of its own: a migration may take longer than a request.
func migratePostgres(ctx context.Context, config *pgx.ConnConfig) (done []string, err error) {
	config = config.Copy()
	config.RuntimeParams["statement_timeout"] = "0"
	config.RuntimeParams["idle_in_transaction_session_timeout"] = "0"
	db := stdlib.OpenDB(*config)
	defer db.Close()
	if err := checkServer(ctx, db); err != nil {
		return nil, err
	}
	holder, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	// Closing the session gives the lock back, whatever becomes of the rest.
	defer holder.Close()
	if _, err := holder.ExecContext(ctx, "SET lock_timeout = 0"); err != nil {
		return nil, err
	}
	if _, err := holder.ExecContext(ctx, "SELECT pg_advisory_lock($1)", int64(migrationLock)); err != nil {
		return nil, fmt.Errorf("wait for the lock to migrate under: %w", err)
	}
	return migrate(ctx, db, goose.DialectPostgres)
}

// checkServer refuses a database that would not keep what it is given.
func checkServer(ctx context.Context, db *sql.DB) error {
	var encoding, commit string
	err := db.QueryRowContext(ctx, "SELECT current_setting('server_encoding'), current_setting('synchronous_commit')").Scan(&encoding, &commit)
	switch {
	case err != nil:
		return err
	case encoding != "UTF8":
		return fmt.Errorf("the database keeps text as %s, and must keep it as UTF8: create it with ENCODING 'UTF8'", encoding)
	case commit == "off":
		return errors.New("synchronous_commit is off, which loses commits that were answered: set it to on for this database or user")
	}
	return nil
}

// Server says in words which database server this is and whether it is set up to
// keep what it answers; "" for one that is a file.
func (c *Catalog) Server(ctx context.Context) (words string, durable bool, err error) {
	if c.link == nil {
		return "", true, nil
	}
	var version, fsync, pages string
	var connections int
	err = c.reader.QueryRowContext(ctx, `SELECT current_setting('server_version'), current_setting('fsync'),
    current_setting('full_page_writes'), current_setting('max_connections')::int`).Scan(&version, &fsync, &pages, &connections)
	if err != nil {
		return "", false, during(err, "ask the database server for its settings")
	}
	durable = fsync == "on" && pages == "on"
	return fmt.Sprintf("PostgreSQL %s, up to %d connections, fsync %s, full_page_writes %s", version, connections, fsync, pages), durable, nil
}

// dial gives connections on which the server may be silent for so long.
func (l *link) dial(patience time.Duration) pgconn.DialFunc {
	dialer := net.Dialer{KeepAlive: 15 * time.Second}
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := dialer.DialContext(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		return &patientConn{Conn: conn, patience: patience, now: l.now}, nil
	}
}

// postgresDB is a connection to PostgreSQL, in whose text the queries are
// written.
type postgresDB struct{ queries.DBTX }

// plainArgs are args with the text in them as plainText has it.
func plainArgs(args []any) []any {
	for i, a := range args {
		if s, ok := a.(string); ok {
			args[i] = plainText(s)
		}
	}
	return args
}

func (p postgresDB) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	return p.DBTX.ExecContext(ctx, query, plainArgs(args)...)
}

func (p postgresDB) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	return p.DBTX.QueryContext(ctx, query, plainArgs(args)...)
}

func (p postgresDB) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	return p.DBTX.QueryRowContext(ctx, query, plainArgs(args)...)
}
