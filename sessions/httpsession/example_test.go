package httpsession_test

import (
	"fmt"
	"log"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/sessions"
	"github.com/helix-collective/helix/sessions/httpsession"
	"github.com/helix-collective/helix/settings"
)

func Example() {
	server, err := miniredis.Run() // any Redis will do
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()
	client := redis.NewClient(&redis.Options{Addr: server.Addr()})
	defer client.Close()

	policy := settings.Defaults() // settings.Open answers one that follows !config set
	store := sessions.New(client, sessions.Live(policy), sessions.Options{})
	m := httpsession.New(store, httpsession.Options{Cookie: httpsession.Live(policy)})

	app := http.NewServeMux()
	app.HandleFunc("POST /signin", func(w http.ResponseWriter, r *http.Request) {
		// The password has been checked here.
		if _, err := m.SignIn(w, r, "ann@example.com", nil); err != nil {
			http.Error(w, "try again later", http.StatusServiceUnavailable)
		}
	})
	app.HandleFunc("POST /signout", func(w http.ResponseWriter, r *http.Request) {
		if err := m.SignOut(w, r); err != nil {
			http.Error(w, "you are still signed in", http.StatusServiceUnavailable)
		}
	})
	app.Handle("GET /account", m.Require(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, _ := httpsession.From(r.Context())
		fmt.Fprint(w, s.UserID)
	})))

	site := httptest.NewTLSServer(m.Handler(app))
	defer site.Close()
	browser := site.Client()
	if browser.Jar, err = cookiejar.New(nil); err != nil {
		log.Fatal(err)
	}
	for _, step := range []string{"GET /account", "POST /signin", "GET /account", "POST /signout", "GET /account"} {
		var method, path string
		if _, err := fmt.Sscan(step, &method, &path); err != nil {
			log.Fatal(err)
		}
		request, err := http.NewRequest(method, site.URL+path, nil)
		if err != nil {
			log.Fatal(err)
		}
		response, err := browser.Do(request)
		if err != nil {
			log.Fatal(err)
		}
		response.Body.Close()
		fmt.Println(step, response.StatusCode)
	}
	// Output:
	// GET /account 401
	// POST /signin 200
	// GET /account 200
	// POST /signout 200
	// GET /account 401
}

func ExampleFrom() {
	greet := func(w http.ResponseWriter, r *http.Request) {
		s, ok := httpsession.From(r.Context())
		switch {
		case !ok:
			fmt.Fprintln(w, "Welcome.")
		case s.UserID == "":
			fmt.Fprintln(w, "Welcome back.")
		default:
			fmt.Fprintf(w, "Welcome back, %s.\n", s.UserID)
		}
	}
	w := httptest.NewRecorder()
	greet(w, httptest.NewRequest(http.MethodGet, "/", nil))
	fmt.Print(w.Body)
	// Output: Welcome.
}
