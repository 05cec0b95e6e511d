package bot

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/helix-collective/helix/bot/outbound"
)

// apiError is Discord's refusal.
type apiError struct {
	Status  int
	Code    int    `json:"code"`
	Message string `json:"message"`
}

func (e *apiError) Error() string {
	return fmt.Sprintf("Discord answers %d: %s (code %d)", e.Status, e.Message, e.Code)
}

// Codes of Discord's refusals.
const (
	codeUnknownMessage  = 10008
	codeUnknownWebhook  = 10015
	codeUnknownInteract = 10062
	codeTooLarge        = 40005
	codeAlreadyAnswered = 40060
	codeMissingAccess   = 50001
	codeMissingRights   = 50013
	codeInvalidToken    = 50027
	codeInvalidForm     = 50035
	codeThreadArchived  = 50083
	codeNoHistory       = 160002 // a reply needs the right to read what it replies to
	codeThreadLocked    = 160005
)

func hasStatus(err error, statuses ...int) bool {
	var api *apiError
	return errors.As(err, &api) && slices.Contains(statuses, api.Status)
}

// refused reports whether Discord took a call and refused it, so that asking
// again is of no use.
func refused(err error) bool {
	var api *apiError
	return errors.As(err, &api) && api.Status < 500
}

func hasCode(err error, codes ...int) bool {
	var api *apiError
	return errors.As(err, &api) && slices.Contains(codes, api.Code)
}

// refusal is what Discord refused. What is gone when it is to be deleted once
// more was deleted by the attempt before, whose answer was lost.
func (c call) refusal(resp *outbound.Response) error {
	if c.method == http.MethodDelete && resp.Status == http.StatusNotFound && resp.Attempts > 1 {
		return nil
	}
	e := &apiError{Status: resp.Status, Message: http.StatusText(resp.Status)}
	_ = json.Unmarshal(resp.Body, e) // an HTML body leaves the status's own text
	e.Status = resp.Status
	return e
}
