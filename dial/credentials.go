package dial

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
)

// Files are what TLS needs besides the system's authorities. All of them are
// PEM, and read anew for every connection, so that one may be renewed in place.
type Files struct {
	CA         string // the authorities to trust, instead of the system's; "" for those
	Cert, Key  string // the certificate to show, and its key; "" for none
	ServerName string // the name to ask the server for; "" for its host's
}

// FileError is a file of TLS that cannot be used.
type FileError struct {
	File string
	Err  error
}

func (e *FileError) Error() string { return fmt.Sprintf("use %s for TLS: %v", e.File, e.Err) }

func (e *FileError) Unwrap() error { return e.Err }

// credentials is the configuration of TLS, as its files have it now.
type credentials struct {
	files Files

	mu   sync.Mutex
	last *tls.Config // nil: none yet
}

// current answers the configuration. While files are being replaced they may not
// fit each other; then it is the last that did.
func (c *credentials) current() (*tls.Config, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	fresh, err := c.files.read()
	switch {
	case err == nil:
		c.last = fresh
	case c.last == nil:
		return nil, err
	}
	return c.last, nil
}

// Check reads the files, and answers what is wrong with them.
func (f Files) Check() error {
	_, err := f.read()
	return err
}

func (f Files) read() (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: f.ServerName}
	if f.CA != "" {
		text, err := os.ReadFile(f.CA)
		if err != nil {
			return nil, &FileError{f.CA, errors.Unwrap(err)}
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(text) {
			return nil, &FileError{f.CA, errors.New("there is no certificate in it")}
		}
	}
	if f.Cert != "" {
		pair, err := tls.LoadX509KeyPair(f.Cert, f.Key)
		if err != nil {
			return nil, &FileError{f.Cert + " and " + f.Key, err}
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config, nil
}

// dial connects over a plain dialer and shakes hands.
func (c *credentials) dial(plain *net.Dialer) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		config, err := c.current()
		if err != nil {
			return nil, err
		}
		secure := &tls.Dialer{NetDialer: plain, Config: config}
		return secure.DialContext(ctx, network, addr)
	}
}
