package chaos

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// apiSecret is the key of the session service.
const apiSecret = "chaos-0123456789abcdef"

// unanswered is how long a back end waits for an answer of the session service,
// which gives itself 20 s.
const unanswered = 25 * time.Second

// answer is what the session service says, with what the load looks at.
type answer struct {
	fault  error  // nothing came, or not all of it
	status int    // 0 with a fault
	kind   string // of a problem, without its prefix
	limit  string // of a problem: the setting that was run into
	max    int    // its value
	retry  string // the header Retry-After

	token   string
	user    string // empty: nobody's
	owner   string // who the data says that the session is for
	retired bool
}

// owned is the data of a session.
type owned struct {
	Owner string `json:"owner"`
}

// ask sends a request to the session service of an instance.
func (v *visitor) ask(url, path string, body map[string]any) answer {
	text, err := json.Marshal(body)
	if err != nil {
		return answer{fault: err}
	}
	r, err := http.NewRequest(http.MethodPost, url+path, bytes.NewReader(text))
	if err != nil {
		return answer{fault: err}
	}
	r.Header.Set("Authorization", "Bearer "+apiSecret)
	r.Header.Set("Content-Type", "application/json")
	response, err := v.client.Do(r)
	if err != nil {
		return answer{fault: err}
	}
	defer response.Body.Close()
	return read(response)
}

// read reads an answer; one that is not what its status promises is a fault.
func read(response *http.Response) answer {
	a := answer{status: response.StatusCode, retry: response.Header.Get("Retry-After")}
	if a.status == http.StatusNoContent {
		return a
	}
	var said struct {
		Type, Limit, Token string
		Max                int
		Session            struct {
			UserID  string `json:"user_id"`
			Retired bool
			Data    owned
		}
	}
	if err := json.NewDecoder(response.Body).Decode(&said); err != nil {
		return answer{fault: fmt.Errorf("read an answer with status %d: %w", a.status, err)}
	}
	if a.status >= http.StatusBadRequest && response.Header.Get("Content-Type") == "application/problem+json" {
		a.kind = strings.TrimPrefix(said.Type, "urn:helix:problem:")
	}
	a.limit, a.max, a.token = said.Limit, said.Max, said.Token
	a.user, a.owner, a.retired = said.Session.UserID, said.Session.Data.Owner, said.Session.Retired
	return a
}

func (a answer) String() string {
	switch {
	case a.fault != nil:
		return a.fault.Error()
	case a.kind != "":
		return fmt.Sprintf("%d %s %s", a.status, a.kind, a.limit)
	}
	text := fmt.Sprint(a.status)
	if a.user != "" {
		text += " for " + a.user
	}
	if a.retired {
		text += ", retired"
	}
	return text
}
