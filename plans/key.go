package plans

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// keyLength is that of a key that we make, in bytes.
const keyLength = 32

// keyName is the file of the key in the folder of the plans.
const keyName = "key"

// keyOf answers what digests are made with: the configured key, else the one in
// the folder, which is made at first, else one of this process alone.
func keyOf(o Options) ([]byte, error) {
	switch {
	case o.Key != "":
		return []byte(o.Key), nil
	case o.Dir != "":
		return keyIn(o.Dir)
	}
	return newKey(), nil
}

func newKey() []byte {
	key := make([]byte, keyLength)
	_, _ = rand.Read(key) // never fails
	return key
}

func keyIn(dir string) ([]byte, error) {
	path := filepath.Join(dir, keyName)
	key, err := readKey(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err = makeKey(dir, path); err == nil {
			key, err = readKey(path)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("read the key of the plans: %w", err)
	}
	return key, nil
}

func readKey(path string) ([]byte, error) {
	key, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if len(key) != keyLength {
		return nil, fmt.Errorf("%s has %d bytes where a key has %d; remove it for a new one to be made", path, len(key), keyLength)
	}
	return key, os.Chmod(path, 0o600)
}

// makeKey makes the file whole and at once, and leaves one alone that another
// process made meanwhile.
func makeKey(dir, path string) (err error) {
	part := filepath.Join(dir, NewID()+".key"+partSuffix)
	if err := writeFile(part, newKey()); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.Remove(part)) }()
	if err := os.Link(part, path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return syncDir(dir)
}
