package bot_test

import (
	"bytes"
	"testing"

	"github.com/helix-collective/helix/bot"
	"github.com/helix-collective/helix/commands"
)

// A picture goes below the words, and not one byte of it is masked.
func TestAnAnswerShowsItsPicture(t *testing.T) {
	png := append([]byte("\x89PNG\r\n"), []byte("password=hunter2hunter2 token=3f2a9c0191e44a778d000123456789ab")...)
	card := &commands.Card{Title: "Status", Tables: []commands.Table{{Columns: make([]commands.Column, 2), Rows: [][]string{{"Keys", "12"}}}}}
	for name, reply := range map[string]commands.Reply{
		"words": {Outcome: commands.OK, Output: []byte("Keys  12\n")},
		"card":  {Outcome: commands.OK, Output: []byte(card.Text()), Card: card},
	} {
		t.Run(name, func(t *testing.T) {
			reply.Pictures = []commands.Picture{{Name: "status.png", PNG: png}}
			_, acme, _ := world(t, nil, func(o *bot.Options) { o.Handler, o.Redact = says(reply), true })
			shown := acme.As("ann").Says("#ops", "!status").Sees("12")
			if f, ok := shown.File("status.png"); !ok || !bytes.Equal(f.Data, png) {
				t.Errorf("its picture is %q", f.Data)
			}
		})
	}
}
