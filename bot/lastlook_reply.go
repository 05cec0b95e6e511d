package bot

import (
	"slices"

	"github.com/helix-collective/helix/commands"
)

// reply answers a reply without secrets. It is looked at before it is rendered:
// what keeps a text from being markup, and where a page ends, may stand in the
// middle of a secret. The reply that it is given stays as it is.
func (l lastLook) reply(r commands.Reply, revealed bool) commands.Reply {
	clean := l.clean(revealed)
	text := func(s string) string { return string(clean([]byte(s))) }
	r.Output = clean(r.Output)
	r.Problem, r.Footer = text(r.Problem), text(r.Footer)
	r.Hints = each(r.Hints, text)
	r.Offers = each(r.Offers, func(o commands.Offer) commands.Offer {
		o.Label = text(o.Label)
		return o
	})
	if r.Plan != nil {
		plan := *r.Plan
		plan.Text, plan.Approval = text(plan.Text), text(plan.Approval)
		r.Plan = &plan
	}
	if r.Card != nil {
		card := r.Card.With(text)
		r.Card = &card
	}
	return r
}

// each answers a list whose items went through a change.
func each[T any](list []T, change func(T) T) []T {
	list = slices.Clone(list)
	for i := range list {
		list[i] = change(list[i])
	}
	return list
}
