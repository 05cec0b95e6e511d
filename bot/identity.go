package bot

import (
	"context"
	"fmt"
	"net/http"
)

// Identity asks Discord whose the token is, and answers the id of the bot, which
// is its application's, too. It is empty for a server compatible with Discord that
// does not say. A *FatalError says that the token is refused.
func Identity(ctx context.Context, o Options) (id string, err error) {
	b, err := New(o)
	if err != nil {
		return "", err
	}
	defer b.rest.close()
	var me struct {
		ID string `json:"id"`
	}
	err = b.rest.do(ctx, call{method: http.MethodGet, path: "/users/@me"}, &me)
	if fatal := b.judge(err, true); fatal != nil {
		return "", fatal
	}
	if hasStatus(err, http.StatusBadRequest, http.StatusForbidden, http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusNotImplemented) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("ask Discord who we are: %w", err)
	}
	return me.ID, nil
}
