package shadow

import "slices"

// keep takes over what was read.
func (s *Shadow) keep(db int, l *loader) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return errClosed
	}
	if err := s.open(); err != nil {
		return err
	}
	s.fieldsLast = s.fieldsLast || !l.fields
	for _, v := range l.values {
		at := place{db, v.key}
		e := s.note(at)
		s.drop(at, e)
		if v.typ == typeNone {
			continue
		}
		if s.bytes+v.bytes > maxBytes {
			delete(s.known, at)
			s.bytes -= overhead(at)
			return &TooLargeError{Bytes: s.bytes + v.bytes}
		}
		s.fill(at, e, v)
	}
	return nil
}

// fill puts a value into the library.
func (s *Shadow) fill(at place, e *entry, v *value) {
	list := texts(v.raw)
	e.exists, e.deadline = true, v.deadline
	switch v.typ {
	case typeString:
		text, _ := v.raw.(string)
		s.library.run(at.db, "SET", at.key, text)
	case typeHash:
		s.library.run(at.db, append([]string{"HSET", at.key}, list...)...)
	case typeList:
		s.library.run(at.db, append([]string{"RPUSH", at.key}, list...)...)
	case typeSet:
		s.library.run(at.db, append([]string{"SADD", at.key}, list...)...)
	case typeZSet:
		for pair := range slices.Chunk(list, 2) {
			s.library.run(at.db, "ZADD", at.key, pair[1], pair[0])
		}
	case typeStream:
		s.fillStream(at, e, v)
	}
	if v.compact {
		e.order, e.longest = v.order()
	}
	s.resize(e, v.bytes)
}

// order answers the names of a hash or set as they were read, and the bytes of
// its longest element.
func (v *value) order() (names []string, longest int) {
	names = texts(v.raw)
	for _, text := range names {
		longest = max(longest, len(text))
	}
	if v.typ == typeHash {
		names = everyOther(names)
	}
	return names, longest
}

// fillStream puts a stream's entries into the library, which forgets the last
// id of entries that were removed.
func (s *Shadow) fillStream(at place, e *entry, v *value) {
	e.last = v.last
	entries, _ := v.raw.([]any)
	if len(entries) == 0 {
		s.library.run(at.db, "XADD", at.key, "1-1", "", "")
		s.library.run(at.db, "XDEL", at.key, "1-1")
	}
	for _, one := range entries {
		parts, _ := one.([]any)
		if len(parts) == 2 {
			id, _ := parts[0].(string)
			s.library.run(at.db, append([]string{"XADD", at.key, id}, texts(parts[1])...)...)
		}
	}
}
