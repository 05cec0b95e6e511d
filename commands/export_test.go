package commands

// SourceOf is the program that a message asks for.
func SourceOf(text string) (string, error) {
	m, err := readMessage(text, "!")
	return m.source, err
}
