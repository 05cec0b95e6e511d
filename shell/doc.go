// Package shell runs a small, host-free subset of POSIX shell over commands
// that its caller supplies. It never touches files, processes or environment.
//
// Parse accepts statements by line or ";", pipes, "&&", "||", "!", if, while,
// until, for … in, { … }, ( … ), assignments, quotes, $var, ${var}, $?, $(…),
// `…`, $((…)), comments, continued lines, redirection to and from /dev/null,
// "2>&1" and ">&2". It refuses all else, by name and place, before anything
// runs. A "!" glued to a command's name belongs to the chat and is left out.
//
// There are no files, so words like session:* and ~ are never completed from
// any: a pattern stands for itself. There is no environment either: $HOME is a
// variable like any other, empty until the program sets it.
//
// The shell's own commands are xargs, sh -c, read, test, [, true, false, ":",
// exit, break and continue. Every other name is the caller's. A name may
// stand for a script (see Aliases).
//
// # Keys
//
// A line that stands for a Redis key is one record (see Record) and becomes
// one argument through xargs, read and an unquoted $(…), whatever bytes the
// key holds. Such an argument carries both the text that may be shown and the
// whole key (see Arg). What comes from a key or a value is data: it is never
// parsed, neither by sh -c nor anywhere else.
//
// # Looking ahead
//
// A loop of while read, of for, or of xargs over the script of sh -c tells its
// commands which calls its coming rounds make, as far as their arguments are
// there already (see Prefetcher). It only looks: it takes no input, runs nothing
// and waits for nothing that the loop would not have waited for.
package shell
