package bot

import "encoding/json"

// What follows is as Discord wants it on the wire. discordgo's own types leave
// out the nonce and send nulls that change what is meant.

// outgoing is a message to be posted. One whose rows are a layout gets the flag
// for that by itself, and has no content.
type outgoing struct {
	Content   string     `json:"content,omitempty"`
	Mentions  mentions   `json:"allowed_mentions"`
	Reference *reference `json:"message_reference,omitempty"`
	Rows      []row      `json:"components,omitempty"`

	// Nonce under EnforceNonce keeps a message that is sent again, because its
	// first response was lost, from standing there twice.
	Nonce        string `json:"nonce,omitempty"`
	EnforceNonce bool   `json:"enforce_nonce,omitempty"`

	Attachments []attachment `json:"attachments,omitempty"`
	Flags       int          `json:"flags,omitempty"`

	revealed bool // it may show what is hidden elsewhere
}

// MarshalJSON writes the message as Discord wants it.
func (o outgoing) MarshalJSON() ([]byte, error) {
	type plain outgoing
	if laidOut(o.Rows) {
		o.Flags = o.Flags&^flagNoEmbeds | flagLayout
	}
	return json.Marshal(plain(o))
}

// amended is a change of a message's text and buttons; its files stay. The list
// is never left out: an empty one takes away what stands there.
type amended struct {
	Content  wording  `json:"content"`
	Mentions mentions `json:"allowed_mentions"`
	Rows     []row    `json:"components"`
	Flags    int      `json:"flags,omitempty"`
}

// wording is what a message comes to say. None is null, which takes away what
// stands there.
type wording string

// MarshalJSON writes null for no words.
func (w wording) MarshalJSON() ([]byte, error) {
	if w == "" {
		return []byte("null"), nil
	}
	return json.Marshal(string(w))
}

// edited is what takes a message's place, its files included.
type edited struct {
	amended
	Attachments []attachment `json:"attachments"`

	revealed bool // it may show what is hidden elsewhere
}

// mentions says whom a message may ring. Empty is not the same as left out.
type mentions struct {
	Parse       []string `json:"parse"`
	Roles       []string `json:"roles,omitempty"`
	Users       []string `json:"users,omitempty"`
	RepliedUser bool     `json:"replied_user"`
}

// nobody is what all messages say but those of incidents: they ring no one.
func nobody() mentions { return mentions{Parse: []string{}} }

type reference struct {
	MessageID       string `json:"message_id"`
	FailIfNotExists bool   `json:"fail_if_not_exists"`
}

type attachment struct {
	ID       string `json:"id"` // the place among the files, "0" for the first
	Filename string `json:"filename"`
}

// menu lets people pick from what a server has.
type menu struct {
	Type         int    `json:"type"`
	CustomID     string `json:"custom_id"`
	Placeholder  string `json:"placeholder"` // at most 150 characters
	MinValues    int    `json:"min_values"`
	MaxValues    int    `json:"max_values"`
	ChannelTypes []int  `json:"channel_types,omitempty"`
}

type button struct {
	Type     int    `json:"type"`
	Style    int    `json:"style"`
	Label    string `json:"label"`
	CustomID string `json:"custom_id"`
	Disabled bool   `json:"disabled"`
}

// Discord's numbers for these.
const (
	componentRow      = 1
	componentButton   = 2
	componentInput    = 4
	componentRoles    = 6
	componentChannels = 8
	componentText     = 10
	componentPictures = 12 // Discord's "media gallery"
	componentFile     = 13
	componentFrame    = 17 // Discord's "container"
	stylePrimary      = 1
	styleSecondary    = 2
	styleSuccess      = 3
	styleDanger       = 4
	inputShort        = 1
	inputLong         = 2
	flagNoEmbeds      = 1 << 2 // a link in an answer shows nothing of where it leads
	flagEphemeral     = 1 << 6
	flagLayout        = 1 << 15 // the message is made of components alone, for good
)

// callback answers an interaction.
type callback struct {
	Type int `json:"type"`
	Data any `json:"data,omitempty"`
}

const (
	callbackMessage  = 4 // a message of its own
	callbackThinking = 5 // a notice that an answer follows, which takes its place
	callbackDefer    = 6 // what comes of it follows; nothing is shown meanwhile
	callbackUpdate   = 7 // in the place of the message with the button
	callbackForm     = 9 // a form to be filled in
)

// form is a window with fields to fill in.
type form struct {
	CustomID string     `json:"custom_id"`
	Title    string     `json:"title"` // at most 45 characters
	Rows     []inputRow `json:"components"`
}

type inputRow struct {
	Type   int     `json:"type"`
	Inputs []input `json:"components"`
}

type input struct {
	Type        int    `json:"type"`
	Style       int    `json:"style"`
	Label       string `json:"label"` // at most 45 characters
	CustomID    string `json:"custom_id"`
	Placeholder string `json:"placeholder,omitempty"`
	Required    bool   `json:"required"`
	MaxLength   int    `json:"max_length"`
}
