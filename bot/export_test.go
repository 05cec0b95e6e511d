package bot

// What the tests from outside share with those from inside.
var (
	RandomReply = randomReply
	RandomTexts = randomTexts
)
