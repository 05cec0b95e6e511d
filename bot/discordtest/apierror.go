package discordtest

import (
	"fmt"
	"net/http"
)

// apiError is a refusal as Discord words it: an HTTP status with a JSON code.
type apiError struct {
	status  int
	code    int
	message string
	errors  object // details of 50035
}

func (e *apiError) Error() string {
	return fmt.Sprintf("%d %s (code %d)", e.status, e.message, e.code)
}

func (e *apiError) body() object {
	o := object{"message": e.message, "code": e.code}
	if e.errors != nil {
		o["errors"] = e.errors
	}
	return o
}

// refusal makes one of the codes below an error.
func refusal(code int) *apiError {
	known := refusals[code]
	return &apiError{status: known.status, code: code, message: known.message}
}

// Discord's JSON error codes, as far as they are answered here.
const (
	codeUnknownChannel       = 10003
	codeUnknownGuild         = 10004
	codeUnknownMember        = 10007
	codeUnknownMessage       = 10008
	codeUnknownUser          = 10013
	codeUnknownWebhook       = 10015
	codeUnknownInteraction   = 10062
	codeAlreadyAcknowledged  = 40060
	codeMissingAccess        = 50001
	codeForeignMessage       = 50005
	codeEmptyMessage         = 50006
	codeCannotMessageUser    = 50007
	codeMissingPermissions   = 50013
	codeInvalidToken         = 50027
	codeInvalidForm          = 50035
	codeThreadArchived       = 50083
	codeTooLarge             = 40005
	codeReplyWithoutHistory  = 160002
	codeThreadAlreadyForThis = 160004
)

var refusals = map[int]struct {
	status  int
	message string
}{
	codeUnknownChannel:       {http.StatusNotFound, "Unknown Channel"},
	codeUnknownGuild:         {http.StatusNotFound, "Unknown Guild"},
	codeUnknownMember:        {http.StatusNotFound, "Unknown Member"},
	codeUnknownMessage:       {http.StatusNotFound, "Unknown Message"},
	codeUnknownUser:          {http.StatusNotFound, "Unknown User"},
	codeUnknownWebhook:       {http.StatusNotFound, "Unknown Webhook"},
	codeUnknownInteraction:   {http.StatusNotFound, "Unknown interaction"},
	codeAlreadyAcknowledged:  {http.StatusBadRequest, "Interaction has already been acknowledged."},
	codeMissingAccess:        {http.StatusForbidden, "Missing Access"},
	codeForeignMessage:       {http.StatusForbidden, "Cannot edit a message authored by another user"},
	codeEmptyMessage:         {http.StatusBadRequest, "Cannot send an empty message"},
	codeCannotMessageUser:    {http.StatusForbidden, "Cannot send messages to this user"},
	codeMissingPermissions:   {http.StatusForbidden, "Missing Permissions"},
	codeInvalidToken:         {http.StatusUnauthorized, "Invalid Webhook Token"},
	codeInvalidForm:          {http.StatusBadRequest, "Invalid Form Body"},
	codeThreadArchived:       {http.StatusBadRequest, "Thread is archived"},
	codeTooLarge:             {http.StatusRequestEntityTooLarge, "Request entity too large"},
	codeReplyWithoutHistory:  {http.StatusBadRequest, "Cannot reply without permission to read message history"},
	codeThreadAlreadyForThis: {http.StatusBadRequest, "A thread has already been created for this message"},
}

func unauthorized() *apiError {
	return &apiError{status: http.StatusUnauthorized, message: "401: Unauthorized"}
}

func notFound() *apiError {
	return &apiError{status: http.StatusNotFound, message: "404: Not Found"}
}

// invalidForm is 50035 for one field, named by its path.
func invalidForm(code, message string, path ...string) *apiError {
	inner := object{"_errors": list{object{"code": code, "message": message}}}
	for i := len(path) - 1; i >= 0; i-- {
		inner = object{path[i]: inner}
	}
	e := refusal(codeInvalidForm)
	e.errors = inner
	return e
}
