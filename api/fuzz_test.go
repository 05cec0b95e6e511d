package api_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"go.uber.org/zap"

	"github.com/helix-collective/helix/api"
	"github.com/helix-collective/helix/clientip"
	"github.com/helix-collective/helix/sessions"
	"github.com/helix-collective/helix/settings"
)

// recorded is a store that keeps what it was asked to make.
type recorded struct {
	api.Store
	request *sessions.Request
}

func (r *recorded) Create(_ context.Context, request sessions.Request) (sessions.Token, sessions.Session, error) {
	r.request = &request
	return "token", sessions.Session{UserID: request.UserID, IP: request.IP}, nil
}

// Whatever body is taken, the plain reading of its JSON is what reaches the store.
func FuzzCreate(f *testing.F) {
	for _, seed := range []string{
		`{"user_id":"ann","ip":"203.0.113.7"}`,
		`{"user_id":null,"ip":"[2001:db8::1]:443","data":{"a":[1,2.50,null]},"user_agent":"x"}`,
		`{"user_id":"ann","ip":"203.0.113.7","USER_ID":"ben"}`,
		`{"user_id":"a\ud83d\ude00","ip":"::ffff:203.0.113.7","data":null}` + "\n",
		`{"ip":"203.0.113.7","user_id":"ann"}{"user_id":"ben"}`,
	} {
		f.Add(seed)
	}
	base, err := settings.Load(settings.Options{Flags: map[string]string{"api.listen": ":0", "api.keys": keysText, "api.rate": "1000000"}})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, body string) {
		store := &recorded{}
		server, err := api.New(api.Options{Store: store, Settings: base, Log: zap.NewNop()})
		if err != nil {
			t.Fatal(err)
		}
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "http://localhost/v1/sessions", strings.NewReader(body))
		r.Header.Set("Authorization", "Bearer "+everything)
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		server.Handler().ServeHTTP(w, r)
		if !json.Valid(w.Body.Bytes()) || (w.Code == http.StatusCreated) != (store.request != nil) {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		if store.request == nil {
			return
		}
		var plain map[string]any
		if err := json.Unmarshal([]byte(body), &plain); err != nil {
			t.Fatal(err)
		}
		userID, _ := plain["user_id"].(string)
		ip, _ := plain["ip"].(string)
		if addr, ok := clientip.Parse(ip); store.request.UserID != userID || !ok || store.request.IP != addr.String() {
			t.Errorf("%q makes %+v", body, *store.request)
		}
		if data := store.request.Data; data != nil && !json.Valid(data) {
			t.Errorf("data %q", data)
		}
	})
}
