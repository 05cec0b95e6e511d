package bot

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/gorilla/websocket"
)

// speaker is a gateway that says one thing to whoever connects.
func speaker(message string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		ws, err := (&websocket.Upgrader{}).Upgrade(w, r, nil)
		if err != nil {
			return // the upgrader has answered
		}
		defer ws.Close()
		_ = ws.WriteMessage(websocket.TextMessage, []byte(message)) // whoever reads notices
	}
}

// The gateway is trusted by its certificate, and sifted behind it.
func TestTheGatewayOverTLS(t *testing.T) {
	t.Parallel()
	server := httptest.NewTLSServer(speaker(`{"op":11}`))
	defer server.Close()
	address := "wss" + server.URL[len("https"):]
	c := &connections{passes: func(m []byte) bool { passes, _ := sift(m); return passes }}
	defer c.close()
	dialer := &websocket.Dialer{NetDialContext: c.dial, NetDialTLSContext: c.dialTLS}
	if _, _, err := dialer.DialContext(context.Background(), address, nil); err == nil {
		t.Error("a certificate that nobody vouches for is taken")
	}
	c.trust = server.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	ws, _, err := dialer.DialContext(t.Context(), address, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, got, err := ws.ReadMessage(); err != nil || string(got) != `{"op":11}` {
		t.Errorf("it says %q, %v", got, err)
	}
}
