package permissions

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Reason says in one word why a member was denied.
type Reason string

// The reasons.
const (
	NoRole          Reason = "no role"          // no configured role applies to the member
	NoRight         Reason = "no right"         // their roles do not hold the right
	OutsidePatterns Reason = "outside patterns" // they hold it, but not on this key or setting
	OtherChannel    Reason = "other channel"    // they would hold it in another channel
	DeniedByRole    Reason = "denied by role"   // a denial covers it
	NotServed       Reason = "not served"       // a direct message, or a guild that Helix leaves alone
	OwnerOnly       Reason = "owner only"       // nobody but the guild's owner may, whatever they hold
	Fault           Reason = "fault"            // deciding failed
)

// Denied is the refusal of an action.
type Denied struct {
	Action Action
	Reason Reason
	Roles  []string // the roles that could do it here, by name

	because      string   // Fault and NotServed: the whole reason
	role         *role    // OtherChannel and DeniedByRole
	rule         grant    // DeniedByRole
	index        int      // of the key that is not covered; -1: none is named
	name         string   // that key or the setting, if the member may see it
	whole        bool     // everything is touched, and not everything is covered
	only         []string // the patterns that the member holds the right on
	unconfigured bool
}

func fault(a Action, why string) *Denied {
	return &Denied{Action: a, Reason: Fault, because: why}
}

func (d *Denied) by(reason Reason, r *role, rule grant) *Denied {
	d.Reason, d.role, d.rule = reason, r, rule
	return d
}

// Error tells the member what happened and who could do it. It names a key
// only if they may read it and see it whole.
func (d *Denied) Error() string { return d.sentence("You need") }

// sentence is Error with another beginning, as in "ann needs".
func (d *Denied) sentence(needs string) string {
	switch d.Reason {
	case NotServed:
		return d.because
	case OwnerOnly:
		return fmt.Sprintf("Only the owner of the server may use %s.", d.what())
	case Fault:
		return fmt.Sprintf("Whether %s is allowed could not be decided, so it is not: %s", d.what(), ended(d.because))
	}
	text := fmt.Sprintf("%s **%s** for %s", needs, d.Action.Right, d.what())
	if why := d.why(); why != "" {
		text += "; " + why
	}
	return text + "." + d.whoCould()
}

// ended closes a sentence that may be a question already.
func ended(text string) string {
	if strings.HasSuffix(text, "?") || strings.HasSuffix(text, ".") {
		return text
	}
	return text + "."
}

func (d *Denied) what() string {
	if d.Action.Name == "" {
		return "this"
	}
	return code(d.Action.Name)
}

func (d *Denied) why() string {
	switch d.Reason {
	case NoRole:
		if d.unconfigured {
			return "as long as no roles are configured, only the server's owner and administrators may act"
		}
		return "none of the configured roles applies"
	case OtherChannel:
		return fmt.Sprintf("@%s gives it only in %s", d.role.name, d.role.where())
	case DeniedByRole:
		return fmt.Sprintf("@%s denies %s%s", d.role.name, code(d.rule.String()), d.covering())
	case OutsidePatterns:
		return fmt.Sprintf("it is held on %s, not on %s", listed(d.only), d.object())
	}
	return ""
}

// covering says which name a denial met.
func (d *Denied) covering() string {
	switch {
	case d.rule.on.all:
		return ""
	case d.index >= 0:
		return ", which covers " + d.object()
	case d.whole:
		return ", and this would touch every " + d.Action.Right.Subject()
	}
	return ""
}

// object names what the member asked for: the key or setting in question.
func (d *Denied) object() string {
	subject := d.Action.Right.Subject()
	if d.index < 0 {
		return "every " + subject
	}
	text := "the " + subject
	if len(d.Action.names()) > 1 {
		text = "the " + ordinal(d.index+1) + " " + subject
	}
	if d.name != "" {
		text += " " + code(d.name)
	}
	return text
}

func (d *Denied) whoCould() string {
	switch {
	case len(d.Roles) > 0:
		return " Roles that have it: @" + strings.Join(d.Roles, ", @") + "."
	case d.unconfigured || d.Reason == DeniedByRole:
		return ""
	case d.Reason == OtherChannel:
		return " No role has it here."
	default:
		return " No role has it."
	}
}

// maxListed bounds how many patterns a sentence lists.
const maxListed = 5

func listed(patterns []string) string {
	var parts []string
	for i, p := range patterns {
		if i == maxListed {
			parts = append(parts, fmt.Sprintf("%d more", len(patterns)-i))
			break
		}
		parts = append(parts, code(p))
	}
	return strings.Join(parts, ", ")
}

// maxCode bounds the characters of a name within a sentence.
const maxCode = 80

// code sets text in Discord's code type. Nothing in it can end that early,
// start a new line or turn the direction of writing.
func code(text string) string {
	var b strings.Builder
	count := 0
	for i, r := range text {
		if count++; count > maxCode {
			b.WriteRune('…')
			break
		}
		switch {
		case r == utf8.RuneError && text[i] != "\uFFFD"[0]:
			fmt.Fprintf(&b, `\x%02x`, text[i])
		case r == '`':
			b.WriteRune('ˋ')
		case !unicode.IsPrint(r):
			b.WriteString(strings.Trim(strconv.QuoteRune(r), "'"))
		default:
			b.WriteRune(r)
		}
	}
	return "`" + b.String() + "`"
}

func ordinal(n int) string {
	suffix := "th"
	if n%100 < 11 || n%100 > 13 {
		switch n % 10 {
		case 1:
			suffix = "st"
		case 2:
			suffix = "nd"
		case 3:
			suffix = "rd"
		}
	}
	return fmt.Sprintf("%d%s", n, suffix)
}
