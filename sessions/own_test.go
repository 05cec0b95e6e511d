package sessions_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/helix-collective/helix/sessions"
)

// What is read the short way is read as any JSON is.
func TestTheShortWayReadsTheSame(t *testing.T) {
	const (
		begins = `{"user_id":"ann","ip":"203.0.113.7","created_at":`
		times  = begins + `1762500000.000001,"last_accessed":1762500001.123456`
	)
	for name, c := range map[string]struct {
		value string
		short bool
	}{
		"the least":              {times + `}`, true},
		"everything":             {times + `,"authenticated_at":1762500000.000001,"user_agent":"Firefox <3","data": {"a":[1,"}"]} }`, true},
		"data alone":             {times + `,"data":null}`, true},
		"an escape in the agent": {times + `,"user_agent":"a \" b","data":1}`, false},
		"another script":         {times + `,"user_agent":"日本"}`, false},
		"not UTF-8":              {times + ",\"user_agent\":\"\xff\"}", false},
		"packed data":            {times + `,"data_zstd":"KLUv/QQAKQAAWzEsMl0ABJMU"}`, false},
		"a member more":          {times + `,"data":1,"n":2}`, false},
		"a person more":          {times + `,"data":1,"user_id":"bob"}`, false},
		"another order":          {times + `,"data":1,"user_agent":"x"}`, false},
		"half of it":             {times + `,"data":{"a":`, false},
		"something after it":     {times + `} `, false},
		"another beginning":      {strings.Replace(times, "ann", "bob", 1) + `}`, false},
		"a shorter time":         {begins + `1762500000.1,"last_accessed":1762500001.123456}`, false},
		"a time with a sign":     {begins + `+762500000.000001,"last_accessed":1762500001.123456}`, false},
	} {
		short, ok := sessions.ReadOwn("ann", c.value, begins)
		if ok != c.short {
			t.Errorf("%s: the short way is taken: %v", name, ok)
		}
		if long, err := sessions.Read("ann", c.value); ok && (err != nil || !reflect.DeepEqual(short, long)) {
			t.Errorf("%s: %+v, want %+v, %v", name, short, long, err)
		}
	}
}
