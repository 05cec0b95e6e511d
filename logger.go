package main

import (
	"fmt"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/helix-collective/helix/redact"
	"github.com/helix-collective/helix/settings"
)

// newFaultLogger writes to w what a person at a terminal has to know beyond the
// answer: faults of our own, which an answer only refers to.
func newFaultLogger(base *settings.Base, w zapcore.WriteSyncer) *zap.Logger {
	return newLoggerAt(zapcore.ErrorLevel, base.Snapshot(), w)
}

// newLogger writes JSON to w, at the level that the settings name.
func newLogger(base *settings.Base, w zapcore.WriteSyncer) *zap.Logger {
	s := base.Snapshot()
	level, err := zapcore.ParseLevel(s.Text(settings.LogLevel))
	if err != nil {
		level = zapcore.InfoLevel
	}
	return newLoggerAt(level, s, w)
}

func newLoggerAt(level zapcore.Level, s *settings.Snapshot, w zapcore.WriteSyncer) *zap.Logger {
	encoder := zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig())
	core := zapcore.NewCore(encoder, zapcore.Lock(w), level)
	typed := newConcealer(s)
	redactor, err := newRedactor(s)
	if err != nil { // which ends the start, and is said there
		redactor = redact.Default()
	}
	clean := func(text string) string { return string(redactor.Text([]byte(typed.conceal(text)))) }
	return zap.New(&cleanCore{core, clean})
}

// cleanCore takes the secrets out of what is logged, whoever does so.
type cleanCore struct {
	zapcore.Core
	clean func(string) string
}

// With is a zapcore.Core's.
func (c *cleanCore) With(fields []zapcore.Field) zapcore.Core {
	return &cleanCore{c.Core.With(c.cleaned(fields)), c.clean}
}

// Check is a zapcore.Core's.
func (c *cleanCore) Check(e zapcore.Entry, checked *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if c.Enabled(e.Level) {
		return checked.AddCore(e, c)
	}
	return checked
}

// Write is a zapcore.Core's.
func (c *cleanCore) Write(e zapcore.Entry, fields []zapcore.Field) error {
	e.Message = c.clean(e.Message)
	return c.Core.Write(e, c.cleaned(fields))
}

// cleaned answers fields whose texts are without secrets. Lists and maps stay:
// they hold names, and what has been cleaned already.
func (c *cleanCore) cleaned(fields []zapcore.Field) []zapcore.Field {
	out := make([]zapcore.Field, len(fields))
	for i, f := range fields {
		switch f.Type {
		case zapcore.StringType:
			f = zap.String(f.Key, c.clean(f.String))
		case zapcore.ByteStringType:
			f = zap.String(f.Key, c.clean(string(f.Interface.([]byte))))
		case zapcore.ErrorType, zapcore.StringerType:
			f = zap.String(f.Key, c.clean(fmt.Sprint(f.Interface)))
		}
		out[i] = f
	}
	return out
}

// newRedactor returns what hides secrets: those that the settings tell of, and
// Helix' own.
func newRedactor(s *settings.Snapshot, more ...string) (*redact.Redactor, error) {
	return redact.New(redact.Options{
		Fields: s.List(settings.RedactFields), Patterns: s.List(settings.RedactPatterns), Own: heldSecrets(s, more...),
	})
}
