package audit

import (
	"encoding/json"
	"fmt"
	"time"
)

// schema is the version of what we write. Who meets a later one only reads.
const schema = 1

// Event says what a record tells of.
type Event string

// The events.
const (
	Opened  Event = "open"  // a command above read is about to run
	Closed  Event = "close" // and has ended
	Done    Event = "done"  // one that only read, or never began, from its start to its end
	Clicked Event = "click" // of a button
)

// Entry is what happened, as the one who records it tells it. Line, Changes
// and Plan have to be free of secrets (see Options.Redact, which the line and
// the changes pass).
type Entry struct {
	Event   Event  `json:"event"`
	Request string `json:"request"` // joins what was opened and what closed it

	By     string   `json:"by"` // the person's id, "local" at a terminal
	Name   string   `json:"name,omitempty"`
	Roles  []string `json:"roles,omitempty"` // of the configuration, held there and then
	Guild  string   `json:"guild,omitempty"`
	Where  string   `json:"channel,omitempty"`
	Parent string   `json:"parent,omitempty"` // of a thread

	Line     string         `json:"line,omitempty"`
	Commands []string       `json:"commands,omitempty"` // by name
	Counts   map[string]int `json:"counts,omitempty"`   // expanded writes by kind
	Changes  []string       `json:"changes,omitempty"`  // of settings
	Outcome  string         `json:"outcome,omitempty"`
	Status   int            `json:"status,omitempty"`
	Took     int64          `json:"took_ms,omitempty"`
	Plan     string         `json:"plan,omitempty"`
	Approver string         `json:"approver,omitempty"`
}

// stamped is an Entry with its own name and time.
type stamped struct {
	ID   string `json:"id"`
	At   int64  `json:"at"`             // milliseconds since 1970, by the clock of Redis
	Away bool   `json:"away,omitempty"` // kept in a file until Redis took it
	Entry
}

// Record is an entry in its place in the chain.
type Record struct {
	Schema int    `json:"schema"`
	Seq    int64  `json:"seq"`            // 1, 2, 3 …
	First  int64  `json:"first"`          // the oldest that was kept when this one was written
	Lost   int64  `json:"lost,omitempty"` // Redis had lost what stood up to here
	Prev   string `json:"prev"`           // the hash of the one before
	Key    string `json:"key,omitempty"`  // which key the hash was made with; empty: with none
	stamped
}

// Time answers when it happened.
func (r Record) Time() time.Time { return time.UnixMilli(r.At).UTC() }

func (r Record) encode() (string, error) {
	body, err := json.Marshal(r)
	if err != nil {
		return "", fmt.Errorf("encode an audit record: %w", err)
	}
	return string(body), nil
}

// decode reads a record; ok is false for what is none, or of a later release.
func decode(body string) (r Record, ok bool) {
	err := json.Unmarshal([]byte(body), &r)
	return r, err == nil && r.Schema >= 1 && r.Schema <= schema && r.Seq > 0
}

// maxLine bounds a line in a record.
const maxLine = 2000

// bounded cuts what is too long for a record.
func (e Entry) bounded(redact func(string) string) Entry {
	e.Line = cut(redact(e.Line))
	e.Changes = append([]string(nil), e.Changes...)
	for i, c := range e.Changes {
		e.Changes[i] = cut(redact(c))
	}
	e.Name = cut(e.Name)
	return e
}

func cut(s string) string {
	if len(s) <= maxLine {
		return s
	}
	kept := []rune(s[:maxLine])
	return fmt.Sprintf("%s… (%d bytes)", string(kept[:len(kept)-1]), len(s))
}
