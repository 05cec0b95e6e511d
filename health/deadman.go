package health

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"go.uber.org/zap"
)

// DeadMan asks for an address again and again for as long as all is well, so that
// whoever is asked can raise the alarm when that ends: an alert that Helix cannot
// send any more.
type DeadMan struct {
	URL    string        // asked for by GET; it may hold a secret, and is never shown
	Every  time.Duration // between two times
	Live   []Check       // what has to be in order
	Alone  []Check       // what has to be so for this process to be the one that asks; else another does
	Client *http.Client
	Log    *zap.Logger
}

// pingWithin is how long an answer may take.
const pingWithin = 10 * time.Second

// Run asks until ctx ends. That it cannot is logged once, until it can again.
func (d DeadMan) Run(ctx context.Context) {
	told := ""
	ticker := time.NewTicker(d.Every)
	defer ticker.Stop()
	for {
		trouble := ""
		if err := d.ping(ctx); err != nil && ctx.Err() == nil {
			trouble = err.Error()
		}
		if trouble != told && trouble != "" {
			d.Log.Warn("the dead-man's switch was not told that all is well", zap.String("why", trouble))
		}
		told = trouble
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// ping asks once, if all is well.
func (d DeadMan) ping(ctx context.Context) error {
	if _, ours := outcome(ctx, d.Alone); !ours {
		return nil
	}
	if text, ok := outcome(ctx, d.Live); !ok {
		return errors.New("not all is well:\n" + text)
	}
	ctx, cancel := context.WithTimeout(ctx, pingWithin)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, d.URL, nil)
	if err != nil {
		return errors.New("its address is none")
	}
	resp, err := d.Client.Do(req)
	if err != nil {
		return withoutAddress(err)
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, maxHead)) // its words say nothing
	if resp.StatusCode >= http.StatusMultipleChoices {
		return fmt.Errorf("it answers %d", resp.StatusCode)
	}
	return nil
}

// withoutAddress drops the address from an error: it may hold a secret.
func withoutAddress(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}
