package bus

import (
	"fmt"
	"log/slog"
	"sync"
)

// serverLog puts what the embedded server logs into a slog.Logger, and keeps
// what it calls fatal: the server expects its logger to end the process there,
// and magpie has better to do.
type serverLog struct {
	log *slog.Logger

	mu   sync.Mutex
	died error
}

func (l *serverLog) Tracef(format string, v ...any)  { l.log.Debug("bus server", said(format, v)) }
func (l *serverLog) Debugf(format string, v ...any)  { l.log.Debug("bus server", said(format, v)) }
func (l *serverLog) Noticef(format string, v ...any) { l.log.Debug("bus server", said(format, v)) }
func (l *serverLog) Warnf(format string, v ...any)   { l.log.Warn("bus server", said(format, v)) }
func (l *serverLog) Errorf(format string, v ...any)  { l.log.Error("bus server", said(format, v)) }

func (l *serverLog) Fatalf(format string, v ...any) {
	l.log.Error("bus server", said(format, v))
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.died == nil {
		l.died = fmt.Errorf(format, v...)
	}
}

// fatal is the first thing that would have ended the process.
func (l *serverLog) fatal() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.died
}

func said(format string, v []any) slog.Attr {
	return slog.String("said", fmt.Sprintf(format, v...))
}
