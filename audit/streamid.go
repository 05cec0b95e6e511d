package audit

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// before answers the id next below one of a stream; servers before 6.2 know no
// ranges that leave their end out.
func before(id string) string {
	ms, n := splitID(id)
	if n > 0 {
		return fmt.Sprintf("%d-%d", ms, n-1)
	}
	if ms == 0 {
		return "0-0"
	}
	return fmt.Sprintf("%d-%d", ms-1, uint64(math.MaxUint64))
}

// after answers the id next above one.
func after(id string) string {
	ms, n := splitID(id)
	if n == math.MaxUint64 {
		return fmt.Sprintf("%d-0", ms+1)
	}
	return fmt.Sprintf("%d-%d", ms, n+1)
}

func splitID(id string) (ms, n uint64) {
	left, right, _ := strings.Cut(id, "-")
	ms, _ = strconv.ParseUint(left, 10, 64) // ids are Redis's own
	n, _ = strconv.ParseUint(right, 10, 64)
	return ms, n
}
