//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package journal

import (
	"errors"
	"os"
	"syscall"
)

// lockExclusive takes the lock that a writer holds until its file is closed,
// by itself or by the end of its process. It waits for those who just look.
func lockExclusive(f *os.File) error { return flock(f, syscall.LOCK_EX) }

// lockAtOnce takes the lock of a writer, unless somebody writes or reads.
func lockAtOnce(f *os.File) (free bool, err error) { return tryLock(f, syscall.LOCK_EX) }

// lockShared takes a lock that keeps nobody away but writers, until f is closed;
// free is false if a writer has the file.
func lockShared(f *os.File) (free bool, err error) { return tryLock(f, syscall.LOCK_SH) }

func tryLock(f *os.File, how int) (free bool, err error) {
	err = flock(f, how|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return false, nil
	}
	return err == nil, err
}

func flock(f *os.File, how int) error {
	for {
		if err := syscall.Flock(int(f.Fd()), how); !errors.Is(err, syscall.EINTR) {
			return os.NewSyscallError("flock", err)
		}
	}
}
