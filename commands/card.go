package commands

import (
	"io"
	"strings"
	"sync"
)

// Card is an output as tables under a title, for where it can be laid out. It
// says what the output says, and nothing else.
type Card struct {
	Title  string
	Tables []Table
}

// Text is the card as a program's output: its tables, an empty line between
// them.
func (c Card) Text() string {
	texts := make([]string, len(c.Tables))
	for i, t := range c.Tables {
		texts[i] = t.Text()
	}
	return strings.Join(texts, "\n")
}

// With is the card with a change made to each of its texts.
func (c Card) With(change func(string) string) Card {
	changed := Card{Title: change(c.Title), Tables: make([]Table, len(c.Tables))}
	for i, t := range c.Tables {
		changed.Tables[i] = t.With(change)
	}
	return changed
}

// cards keeps the card that a program wrote last, to find out whether its output
// is that card. The zero cards is ready for use, from several goroutines.
type cards struct {
	mu   sync.Mutex
	last *Card
}

// write writes a card as text.
func (c *cards) write(out io.Writer, card Card) error {
	c.mu.Lock()
	c.last = &card
	c.mu.Unlock()
	_, err := io.WriteString(out, card.Text())
	return err
}

// of answers the card that an output is, to the byte; nil if it is another: it
// was piped, or stands beside more.
func (c *cards) of(output []byte) *Card {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.last == nil || c.last.Text() != string(output) {
		return nil
	}
	return c.last
}

// hidden is a card as its output is shown, whose secrets were masked; nil if that
// differs from the card with its own texts masked.
func (c *Card) hidden(output []byte, mask func(string) string) *Card {
	if c == nil {
		return nil
	}
	if masked := c.With(mask); masked.Text() == string(output) {
		return &masked
	}
	return nil
}
