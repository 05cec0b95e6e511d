package settings

import (
	"strings"
	"testing"
)

func TestDecide(t *testing.T) {
	none := decodeRecord(nil)
	at := func(revision, id string, more ...string) record {
		fields := map[string]string{"@revision": revision, "@id": id, "@schema": "1"}
		for i := 0; i+1 < len(more); i += 2 {
			fields[more[i]] = more[i+1]
		}
		return decodeRecord(fields)
	}
	tests := []struct {
		name         string
		held, stored record
		want         verdict
	}{
		{"nothing anywhere", none, none, keep},
		{"the first one", none, at("1", "a"), adopt},
		{"the same", at("3", "a"), at("3", "a"), keep},
		{"a newer one", at("3", "a"), at("4", "b"), adopt},
		{"another of the same revision", at("3", "a"), at("3", "b"), adopt},
		{"an older one", at("3", "a"), at("2", "b"), restore},
		{"gone", at("3", "a"), none, restore},
		{"a revision that is no number", at("3", "a"), at("what", "a"), restore},
		{"that from the start", none, at("what", "a"), adopt},
		{"a negative one", at("3", "a"), at("-4", "a"), restore},
		{"a later schema", at("3", "a"), at("3", "a", "@schema", "2"), adopt},
		{"a later schema and an older revision", at("3", "a"), at("2", "a", "@schema", "2"), adopt},
		{"a later schema, known", at("3", "a", "@schema", "2"), at("3", "a", "@schema", "2"), keep},
		{"an illegible schema", at("3", "a"), at("2", "a", "@schema", "two"), adopt},
		{"back from a later schema", at("3", "a", "@schema", "2"), at("2", "a"), adopt},
		{"gone under a later schema", at("3", "a", "@schema", "2"), none, adopt},
	}
	for _, tt := range tests {
		if got := decide(tt.held, tt.stored); got != tt.want {
			t.Errorf("%s: %d, want %d", tt.name, got, tt.want)
		}
	}
}

func TestAnEntryIsReadOnlyIfItIsOurs(t *testing.T) {
	for text, want := range map[string]bool{
		`{"at":1,"schema":1,"revision":2,"overrides":{}}`: true,
		`{"at":1,"schema":2,"revision":2,"overrides":{}}`: false,
		`{"at":1,"schema":1,"revision":0,"overrides":{}}`: false,
		`{"at":1,"schema":1,"revision":2}`:                false,
		`{"at":"x"}`:                                      false,
		``:                                                false,
	} {
		if _, ok := decodeEntry(text); ok != want {
			t.Errorf("%s: %v", text, ok)
		}
	}
}

func TestAConflictNamesWhoOrHelix(t *testing.T) {
	change := func(who Author) Entry {
		return Entry{Revision: 7, Who: who, Changes: []Change{{Key: "a", Old: "1", New: "2"}, {Key: "b"}}}
	}
	for who, want := range map[Author]string{{ID: "1", Name: "Ann"}: "Ann", {ID: "1"}: "1", {}: "Helix"} {
		text := (&Conflict{Keys: []string{"a"}, Entries: []Entry{change(who)}}).Error()
		if !strings.HasPrefix(text, want+" changed `a` meanwhile: 2 (was 1), revision 7. Yours") {
			t.Error(text)
		}
	}
}

func TestAnEmptyHistorySaysSo(t *testing.T) {
	if got := (&RevisionError{Revision: 3}).Error(); got != "There is no revision 3: the history is empty." {
		t.Error(got)
	}
}
