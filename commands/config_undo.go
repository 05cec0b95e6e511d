package commands

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/helix-collective/helix/guard"
	"github.com/helix-collective/helix/journal"
	"github.com/helix-collective/helix/settings"
)

// keepSettings keeps the live values that settings had before a command changed
// them and have since, for undo. Without a journal there are the history and rollback.
func (t *turn) keepSettings(ctx context.Context, command string, before *settings.Snapshot, changes []settings.Change) error {
	changes = slices.DeleteFunc(slices.Clone(changes), func(c settings.Change) bool {
		return sameLive(liveImage(before, c.Key), stateOfImage(liveImage(t.snapshot(), c.Key)))
	})
	if t.Journal == nil || len(changes) == 0 {
		return nil
	}
	line := command
	var images []journal.Image
	var states []journal.State
	for _, c := range changes {
		line += " " + c.Key + "=" + c.New
		images = append(images, liveImage(before, c.Key))
		states = append(states, stateOfImage(liveImage(t.snapshot(), c.Key)))
	}
	u := t.newMaking(ctx, journal.Header{Request: t.request, Line: line})
	if _, err := u.Making.Journal(); err != nil {
		return fmt.Errorf("keep what the settings were: %w", err)
	}
	if err := keepBoth(u.journal, images, states); err != nil {
		return fmt.Errorf("keep what the settings were: %w", err)
	}
	return u.end(OK)
}

func keepBoth(w *journal.Writer, images []journal.Image, states []journal.State) error {
	if err := w.Before(images); err != nil {
		return err
	}
	return w.After(states)
}

// liveImage is the live value of a setting, if it has one.
func liveImage(s *settings.Snapshot, key string) journal.Image {
	image := journal.Image{Kind: journal.Setting, Name: []byte(key)}
	if item, err := s.Item(key); err == nil && item.Origin.Source == settings.FromLive {
		image.Exists, image.Content = true, []byte(item.Value.String())
	}
	return image
}

func stateOfImage(i journal.Image) journal.State {
	return journal.State{Exists: i.Exists, Altered: true, Content: i.Content}
}

// settingsUndo is the settings of a change being taken back.
type settingsUndo struct {
	now   map[string]journal.Image // by key, what they are and will be
	first map[string]journal.Image // what they are
	left  map[string]bool          // somebody changed them since
}

// undoSettings takes back the settings of a change, those that nobody changed
// since, or with force all.
func (t *turn) undoSettings(ctx context.Context, w *journal.Writer, batches guard.Batches, force bool, u *guard.Undone) error {
	s := t.settingsBack(batches, force)
	had, gone := make(map[string]string), []string(nil)
	var images []journal.Image
	var states []journal.State
	for key, image := range s.now {
		switch was := s.first[key]; {
		case s.left[key]:
			u.Since.AddSetting(key)
			continue
		case sameLive(was, stateOfImage(image)):
			u.Same++
			continue
		case image.Exists:
			had[key] = string(image.Content)
		default:
			gone = append(gone, key)
		}
		images, states = append(images, s.first[key]), append(states, stateOfImage(image))
	}
	if len(images) == 0 {
		return nil
	}
	result, err := t.Settings.TakeBack(ctx, had, gone, t.who("config undo"))
	if err != nil {
		return &unchangedError{err}
	}
	t.recording.changed("config undo", result.Changes)
	u.Restored += int64(len(images))
	return keepBoth(w, images, states)
}

// settingsBack goes through the settings of a change, the latest first.
func (t *turn) settingsBack(batches guard.Batches, force bool) *settingsUndo {
	s := &settingsUndo{now: make(map[string]journal.Image), first: make(map[string]journal.Image), left: make(map[string]bool)}
	for batch, err := range batches {
		for i, image := range batch.Images {
			if err == nil && !batch.Open() && image.Kind == journal.Setting {
				s.takeBack(t.snapshot(), image, batch.States[i], force)
			}
		}
	}
	return s
}

// settingsSince lists the settings of a change that somebody changed since.
func (t *turn) settingsSince(batches guard.Batches) []string {
	return slices.Sorted(maps.Keys(t.settingsBack(batches, false).left))
}

// takeBack goes one entry back.
func (s *settingsUndo) takeBack(in *settings.Snapshot, before journal.Image, after journal.State, force bool) {
	key := string(before.Name)
	if _, known := s.now[key]; !known {
		s.first[key] = liveImage(in, key)
		s.now[key] = s.first[key]
	}
	if !force && !s.left[key] && !sameLive(s.now[key], after) && !sameLive(s.now[key], stateOfImage(before)) {
		s.left[key] = true
	}
	s.now[key] = before
}

func sameLive(a journal.Image, b journal.State) bool {
	return a.Exists == b.Exists && string(a.Content) == string(b.Content)
}
