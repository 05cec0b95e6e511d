package text_test

import "strings"

// row is a call and its input, for ours and the real tool alike.
type row struct{ line, in string }

// Inputs that many rows share.
const (
	fruit   = "pear 3\napple 10\nfig 2\napple 9\n\nPear 1\n"
	keys    = "session:user:ann:1\nsession:user:bob:2\nsession:abc123\nuser:ann:3\n"
	open    = "one\ntwo\nthree"
	numbers = "10\n9\n-1\n0\n1.5\n1.25\n abc\n007\n-0\n.5\n+3\n1e3\n"
	tabbed  = "a\tb\tc\n1\t2\n\t\t\nnone\n"
	windows = "one\r\ntwo\r\n\r\n"
	nul     = "a\x00b\nc\x00\n\x00\n"
	broken  = "caf\xe9 x\n\xff\xfe\nok\n"
	sizes   = "1.5K\n2M\n999\n1G\n3k\n-5M\n0G\n-1K\n\nx\n1024K\n1.0M\n00\n"
	floats  = "1e3\n-inf\nnan\n0x10\n5\nx\n\n.5\n1e400\n-0\n0\n 7\n-1e-3\n"
	info    = "# Memory\r\nused_memory:1048576\r\nused_memory_human:1.00M\r\nmaxmemory:0\r\n"
)

var long = strings.Repeat("abc def,", 20_000) + "\nshort\n"

var rows = []row{
	// wc
	{"wc", fruit}, {"wc -l", fruit}, {"wc -w", fruit}, {"wc -c", fruit}, {"wc -m", fruit},
	{"wc -l -w", fruit}, {"wc -lc", fruit}, {"wc -cwl", fruit}, {"wc", ""}, {"wc -l", ""},
	{"wc -l", open}, {"wc", open}, {"wc", windows}, {"wc", nul}, {"wc -l -", keys}, {"wc -", keys},
	{"wc", long}, {"wc --lines", fruit}, {"wc --wo", fruit}, {"wc -w", "a\x01 \x01 b\v\fc\n"}, {"wc", "\n\n\n"},
	{"wc -c", broken}, {"wc -l", broken},
	// head
	{"head", fruit}, {"head -n 2", fruit}, {"head -n2", fruit}, {"head -2", fruit}, {"head -c 5", fruit},
	{"head -c5", open}, {"head -n 0", fruit}, {"head -n -2", fruit}, {"head -n -2", open}, {"head -c -4", open},
	{"head -c -4", fruit}, {"head -n -100", fruit}, {"head -n 5", open}, {"head", ""}, {"head -c 100", open},
	{"head -c 0", open}, {"head --lines=1", fruit}, {"head --bytes=3", fruit}, {"head -n 1 -c 3", fruit},
	{"head -c 3 -n 1", fruit}, {"head -n 1K", open}, {"head -c 1b", long}, {"head -n 1", windows}, {"head -c 4", nul},
	{"head -c 1", nul}, {"head -n -0", open}, {"head -c -0", open}, {"head -n +1", fruit},
	// tail
	{"tail", fruit}, {"tail -n 2", fruit}, {"tail -2", fruit}, {"tail -n +3", fruit}, {"tail -n +0", fruit},
	{"tail -n +1", open}, {"tail -n 0", fruit}, {"tail -c 4", fruit}, {"tail -c 4", open}, {"tail -c +3", open},
	{"tail -n 2", open}, {"tail -n 100", open}, {"tail", ""}, {"tail -c 0", open}, {"tail -c 100", fruit},
	{"tail -c +1", open}, {"tail -c +100", open}, {"tail -n +100", open}, {"tail -n 1", windows}, {"tail -c 3", nul},
	{"tail -n -1", open}, {"tail -c 10000", long}, {"tail --lines=+2", fruit}, {"tail -c +0", open},
	// sort
	{"sort", fruit}, {"sort -r", fruit}, {"sort -n", numbers}, {"sort -rn", numbers}, {"sort -nr", numbers},
	{"sort -u", fruit}, {"sort -f", fruit}, {"sort -fu", "b\nA\na\nB\n"}, {"sort -k2", fruit}, {"sort -k2n", fruit},
	{"sort -k2,2n", fruit}, {"sort -k2,2nr", fruit}, {"sort -k 1,1 -k 2,2n", fruit}, {"sort -k1,1 -s", fruit},
	{"sort -s -k1,1f", fruit}, {"sort -t: -k3,3", keys}, {"sort -t : -k 3", keys}, {"sort -t: -k2,2 -k3r", keys},
	{"sort -t: -k4n", keys}, {"sort", open}, {"sort", ""}, {"sort", windows}, {"sort", nul}, {"sort", broken},
	{"sort -n", open}, {"sort -u -k1,1", fruit}, {"sort -un", numbers}, {"sort -run", numbers},
	{"sort -k1.2", fruit}, {"sort -k1.2,1.3", fruit}, {"sort -k1.2,1.3r", fruit}, {"sort -b", "  b\n a\nc\n"},
	{"sort", "  b\n a\nc\n"}, {"sort -k2", "x  b\ny a\nz   c\n"}, {"sort -k2b", "x  b\ny a\nz   c\n"},
	{"sort -b -k2", "x  b\ny a\nz   c\n"}, {"sort -k2,2", "x  b\ny a\nz   c\n"}, {"sort -bk2,2.1", "x  bb\ny ab\nz   ca\n"},
	{"sort -t, -k2", "a,\nb,,\nc\n,d\n"}, {"sort -t, -k3,3", "a,,1\nb,,\nc\n,d,0\n"}, {"sort -k1,1n -k2,2", "2 b\n10 a\n2 a\n"},
	{"sort --reverse --numeric-sort", numbers}, {"sort --key=2,2 --field-separator=:", keys}, {"sort -s", fruit},
	{"sort -s -r", fruit}, {"sort -r -k1,1", fruit}, {"sort -rs -k1,1", fruit}, {"sort -k2,1", fruit}, {"sort -k9", fruit},
	{"sort", "\n\na\n\n"}, {"sort -n", "1\n01\n1.0\n1.00\n"}, {"sort -n", "100000000000000000000\n99999999999999999999\n-5\n-50\n"},
	{"sort -n", "-1.5\n-1.25\n-1\n1.50\n1.5\n"}, {"sort -rn", "   16 a\n    3 b\n   16 b\n"}, {"sort -t\\0 -k1", "b\na\n"},
	{"sort -k1,1 -u -r", fruit}, {"sort -k1,1.0", fruit}, {"sort -f -k1,1", fruit}, {"sort -nk1.3", "ab10\ncd9\n"}, {"sort", long},
	{"sort -", fruit}, {"sort -fr", fruit}, {"sort -sf", "b\nB\na\nA\n"}, {"sort -k2.2b,2.3b", "x  bca\ny acb\nz   cab\n"},
	// uniq
	{"uniq", "a\na\nb\na\n"}, {"uniq -c", "a\na\nb\na\n"}, {"uniq -d", "a\na\nb\na\n"}, {"uniq -u", "a\na\nb\na\n"},
	{"uniq -i", "a\nA\nb\n"}, {"uniq -ci", "a\nA\nb\n"}, {"uniq", ""}, {"uniq", "a\na"}, {"uniq -c", "a"}, {"uniq -d -u", "a\na\nb\n"},
	{"uniq -cd", "a\na\nb\n"}, {"uniq -c", "\n\n"}, {"uniq", nul}, {"uniq", windows}, {"uniq --count --repeated", "x\nx\n"},
	// cut
	{"cut -d: -f3", keys}, {"cut -d : -f 1,3", keys}, {"cut -d: -f2-", keys}, {"cut -d: -f-2", keys}, {"cut -d: -f3,1", keys},
	{"cut -d: -f3 -s", keys}, {"cut -f2", tabbed}, {"cut -f1,3", tabbed}, {"cut -c1-3", keys}, {"cut -c 3-", keys},
	{"cut -b2,4-5", keys}, {"cut -c1", open}, {"cut -d: -f3", ""}, {"cut -d: -f1", "a:b"}, {"cut -d: -f2 --complement", keys},
	{"cut -c2 --complement", keys}, {"cut -d: -f1,2 --output-delimiter=/", keys}, {"cut -c1,3 --output-delimiter=-", keys},
	{"cut -c1-2,2-4 --output-delimiter=-", keys}, {"cut -c1-2,3-4 --output-delimiter=-", keys}, {"cut -d: -f5-", keys},
	{"cut -d '' -f1", nul}, {"cut -f1 -d,", long}, {"cut -d: -f2", info}, {"cut -d: -f1 --output-delimiter=xx -s", keys},
	{"cut -c100", keys}, {"cut -f 1-2,4", "a\tb\tc\td\n"}, {"cut -d: -f1,1,1", keys}, {"cut -d ' ' -f 2", fruit}, {"cut -b1", broken},
	{"cut -d: --fields=2", keys}, {"cut -d: -f1-99999999999", keys}, {"cut -d: -f '1 3'", keys},
	// grep
	{"grep ann", keys}, {"grep -v ann", keys}, {"grep -c ann", keys}, {"grep -n ann", keys}, {"grep -o ann", keys},
	{"grep nothing", keys}, {"grep -c nothing", keys}, {"grep -q ann", keys}, {"grep -q nothing", keys}, {"grep -i ANN", keys},
	{"grep -m 1 session", keys}, {"grep -m1 -n session", keys}, {"grep -cm1 session", keys}, {"grep -m 0 session", keys},
	{"grep -w ann", "ann\nanna\nan ann an\n_ann\n"}, {"grep -x ann", "ann\nanna\n"}, {"grep -F a.b", "a.b\naxb\n"}, {"grep a.b", "a.b\naxb\n"},
	{"grep -E 'ann|bob'", keys}, {"grep 'ann|bob'", keys + "ann|bob\n"}, {"grep 'ann\\|bob'", keys}, {"grep -e ann -e bob", keys},
	{"grep -E '^session:[a-z0-9]+$'", keys}, {"grep '^session:[a-z0-9]*$'", keys}, {"grep -E 'a{2}'", "aa\na{2}\n"}, {"grep 'a\\{2\\}'", "aa\na{2}\n"},
	{"grep 'a{2}'", "aa\na{2}\n"}, {"grep -E 'a\\{2'", "aa\na{2}\n"}, {"grep 'a+'", "a+\naa\n"}, {"grep 'a\\+b'", "a+b\naab\n"}, {"grep 'a\\?b'", "a?b\nb\n"},
	{"grep '^*ab'", "*ab\nab\n"}, {"grep '*ab'", "*ab\nab\n"}, {"grep -E '*ab'", "*ab\nab\n"}, {"grep '\\(a\\)b'", "ab\n(a)b\n"}, {"grep '(a)b'", "ab\n(a)b\n"},
	{"grep 'a^b'", "a^b\nab\n"}, {"grep 'a$b'", "a$b\nab\n"}, {"grep '\\(^a\\)'", "ab\nba\n"}, {"grep '\\(b$\\)'", "ab\nba\n"}, {"grep 'x\\|^b'", "ab\nba\n"},
	{"grep '[[:digit:]]'", keys}, {"grep '[^[:alnum:]:]'", keys + "a b\n"}, {"grep '[]a]'", "]\na\nb\n"}, {"grep '[^]a]'", "]\na\nb\n"}, {"grep '[a-]'", "-\na\nb\n"},
	{"grep '[\\n]'", "n\n\\\nx\n"}, {"grep -E '(a|b)*c'", "abc\nc\nd\n"}, {"grep -E 'a**'", "aa\nb\n"}, {"grep -E '()'", "x\n"}, {"grep -E 'a||b'", "x\n"},
	{"grep -E 'a)'", "a)\nb\n"}, {"grep -E '{1}a'", "a\n{1}a\n"}, {"grep -E 'a{1'", "a{1\na\n"}, {"grep -E 'a{,2}b'", "b\naab\n"}, {"grep -E 'a{x'", "a{x\na\n"},
	{"grep -E '\\<ann\\>'", "ann\nanna\nx ann\n"}, {"grep -E '\\bann'", "ann\nxann\n"}, {"grep '\\w\\+'", "a_1 -\n--\n"}, {"grep -o '\\w*'", "a_1 -b\n--\n"},
	{"grep -o 'a*'", "aab ab\nb\n"}, {"grep -on '[0-9]'", keys}, {"grep -ow '[a-z]*'", "ab cd,ef\n"}, {"grep -ov ann", keys}, {"grep -oi ANN", keys},
	{"grep ''", "a\n\nb\n"}, {"grep -v ''", "a\n\nb\n"}, {"grep -c ''", open}, {"grep two", open}, {"grep three", open}, {"grep '^$'", "a\n\nb\n"}, {"grep x", ""},
	{"grep -F -e ann -e bob", keys}, {"grep -Fx ann", "ann\nxann\n"}, {"grep -Fi ANN", keys}, {"grep -Fw a.b", "a.b\nxa.b\na.b.\n"}, {"grep -Fo a", "banana\n"},
	{"grep -E 'a|ab|abc' -o", "abcd\n"}, {"grep -o 'ab\\|abc'", "abcabx\n"}, {"grep -h ann -", keys}, {"grep -s ann", keys}, {"grep -vc ann", keys}, {"grep -vn ann", keys},
	{"grep -E '.'", windows}, {"grep -c 'o$'", windows}, {"grep used_memory_human", info}, {"grep -i MEMORY", info}, {"grep -E -x 'a|b'", "a\nb\nab\n"}, {"grep -x -F ''", "\na\n"},
	{"grep -w ''", "a\n\n \n"}, {"grep -e a -v -e b", "a\nb\nc\n"}, {"grep -E 'x+|y' -w", "xx y\nxxz\n"}, {"grep \\.", "a.b\nab\n"}, {"grep -- -x", "-x\nx\n"},
	{"grep -E '[0-9]{3}-[0-9]{2}'", "123-45\n12-345\n"}, {"grep -E '^(a|b){2,3}$'", "ab\naba\nabab\na\n"}, {"grep -E 'a.c'", long + "abc\n"}, {"grep -c def,", long},
	{"grep -E '[.]'", "a.b\nab\n"}, {"grep '[.$^*]'", "*\n^\nx\n"}, {"grep -E '\\$|\\^'", "$\n^\nx\n"}, {"grep --count --ignore-case ANN", keys}, {"grep -m 2 -v ann", keys},
	{"grep -G 'a\\|b'", "a\nc\n"}, {"grep -wo 'a'", "a a aa a-a\n"}, {"grep -E '(^|:)ann(:|$)'", keys}, {"grep -E 'b$'", "ab\nb\nbc\n"}, {"grep -c 'a*'", "b\n"},
	// tr
	{"tr a-z A-Z", keys}, {"tr : ' '", keys}, {"tr '\\n' ' '", keys}, {"tr -d :", keys}, {"tr -d '\\r'", windows}, {"tr -s ' '", "a  b   c\n"},
	{"tr -s a-z", "aabbcc dd\n"}, {"tr -s '\\n'", "a\n\n\nb\n"}, {"tr -cd '0-9\\n'", keys}, {"tr -c '0-9\\n' x", keys}, {"tr [:lower:] [:upper:]", keys},
	{"tr -d [:digit:]", keys}, {"tr -d '[:space:]'", keys}, {"tr abc x", "aabbccdd\n"}, {"tr abc xy", "aabbccdd\n"}, {"tr -s ab xx", "aabbaab\n"},
	{"tr -ds a b", "aabbaab\n"}, {"tr '\\101' '\\n'", "xAxAx\n"}, {"tr 'a\\-c' 'xyz'", "a-cb\n"}, {"tr -t abc x", "abc\n"}, {"tr 'a-c' '[x*]'", "abcd\n"},
	{"tr 'a-c' '[x*2]y'", "abcd\n"}, {"tr '[a-c]' '[x-z]'", "[abc]\n"}, {"tr -d '[=a=]'", "banana\n"}, {"tr -C 'a-z\\n' _", "a b-c\n"}, {"tr a b", ""}, {"tr a b", "aaa"},
	{"tr '\\000' x", nul}, {"tr -d '\\000'", nul}, {"tr '\\\\' /", "a\\b\n"}, {"tr -s '\\n' ' '", "a\n\nb\n"}, {"tr x '\\n'", "axbxc\n"}, {"tr -sc a-z '\\n'", "one two, three\n"},
	{"tr -d '\\200-\\377'", broken}, {"tr 'a-z' 'b-za'", keys}, {"tr '[:upper:]' '[:lower:]'", "ABC\n"}, {"tr -d '[:punct:]'", "a.b,c!\n"}, {"tr '\\t' ,", tabbed},
	{"tr -cs '[:alnum:]' '[\\n*]'", "one two,three\n"}, {"tr - _", "a-b\n"}, {"tr a-", "xy"}, {"tr -s '[:blank:]' '\\t'", "a  b\tc\n"},
	// sed
	{"sed s/a/b/", fruit}, {"sed s/p/X/g", fruit}, {"sed s/p/X/2", fruit}, {"sed s/p/X/2g", "pppp\n"}, {"sed -n s/p/X/p", fruit}, {"sed s/APPLE/x/I", fruit},
	{"sed s/APPLE/x/i", fruit}, {"sed 's,/,:,g'", "a/b/c\n"}, {"sed 's|a\\|b|X|'", "a|b\nab\n"}, {"sed 's/[^:]*$/[&]/'", keys}, {"sed 's/\\(.*\\):\\(.*\\)/\\2:\\1/'", keys},
	{"sed -E 's/(.*):(.*)/\\2:\\1/'", keys}, {"sed -r 's/(a+)b?/<\\1>/g'", "aab ab a\n"}, {"sed 's/a\\&b/x/'", "a&b\n"}, {"sed 's/x/\\&/'", "axb\n"}, {"sed 's/x/a\\nb/'", "1x2\n"},
	{"sed -n p", open}, {"sed p", open}, {"sed -n 2p", open}, {"sed -n '$p'", open}, {"sed '$d'", open}, {"sed 2d", open}, {"sed 1,2d", open}, {"sed '2,$d'", open},
	{"sed -n '/two/p'", open}, {"sed '/two/d'", open}, {"sed '/one/,/two/d'", open}, {"sed '/two/,/nothing/d'", open}, {"sed '/one/,/o/d'", "one\nxox\nthree\nfour\n"}, {"sed '2,1d'", open},
	{"sed -n '/t/,1p'", open}, {"sed '2!d'", open}, {"sed '/two/!s/e/E/'", open}, {"sed q", open}, {"sed 2q", open}, {"sed 2q5", open}, {"sed '/two/q'", open}, {"sed -n '$='", fruit},
	{"sed =", open}, {"sed -e s/one/1/ -e s/two/2/", open}, {"sed 's/one/1/;s/two/2/'", open}, {"sed 's/one/1/ ; 2d'", open}, {"sed -n '1p;1p'", open}, {"sed '2,+1d'", "1\n2\n3\n4\n"},
	{"sed '0,/e/d'", "e\ne\nx\n"}, {"sed '1,/e/d'", "e\ne\nx\n"}, {"sed '\\,t,d'", open}, {"sed 's/a*/x/g'", "baaac\n"}, {"sed 's/a*/x/2'", "baaac\n"}, {"sed 's/x*/-/g'", "abc\n"},
	{"sed 's/b*$/X/'", "abb\n"}, {"sed 's/^/> /'", open}, {"sed 's/$/ </'", open}, {"sed 's/^a/x/g'", "aaa\n"}, {"sed 's/\\ba/X/g'", "ab ab bab\n"}, {"sed 's/[/]/x/'", "a/b\n"},
	{"sed 's/\\//x/'", "a/b\n"}, {"sed 's/\\t/,/g'", tabbed}, {"sed 's/\\r$//'", windows}, {"sed 's/\\r//'", info}, {"sed 's/a\\|b/X/g'", "abc\n"},
	{"sed 's/a\\+/X/'", "baac\n"}, {"sed 's/a+/X/'", "ba+c\n"}, {"sed -E 's/a|ab|abc/X/'", "abcd\n"}, {"sed 's/\\(a\\)\\{2\\}/X/'", "aaa\n"}, {"sed -E 's/(a)|b/[\\1]/g'", "ab\n"},
	{"sed ''", open}, {"sed p", ""}, {"sed -n p", nul}, {"sed 's/\\./,/'", "1.5\n"}, {"sed 's/.*/\"&\"/'", open}, {"sed '/^$/d'", "a\n\nb\n"}, {"sed 's/one/two/;s//X/'", open},
	{"sed '/two/s//2/'", open}, {"sed s/a/b", "x\n"},
	{"sed 's/\\(/x/'", "x\n"}, {"sed k", "x\n"}, {"sed 's/a/\\1/'", "x\n"}, {"sed 5", "x\n"}, {"sed 's/a/b/gg p'", "x\n"}, {"sed --quiet --expression=p", open}, {"sed '# note\np'", open},
	{"sed -n '2,3p;4q'", "1\n2\n3\n4\n5\n"}, {"sed 's/[0-9]\\{2,\\}/N/g'", "1 22 333\n"}, {"sed 's/\\w\\+/W/g'", "ab cd\n"}, {"sed 's/[]x]/Y/g'", "]x\n"}, {"sed 2,2d", open}, {"sed 's/a/b/3'", "aaaa\n"},
	{"sed 's/\\(^\\|[^a]\\)b/\\1X/g'", "bab cb\n"}, {"sed 's/\\n/x/'", open}, {"sed -e 's/$/\\\n/'", open}, {"sed 's/def,/;/g'", long}, {"sed '$!d'", open}, {"sed '$s/e/E/g'", open},
	// echo, printf, seq
	{"echo", ""}, {"echo a b", ""}, {"echo 'a  b' c", ""}, {"echo -n a", ""}, {"echo -e 'a\\tb\\n'", ""}, {"echo -e 'a\\cb'", ""}, {"echo -E 'a\\tb'", ""}, {"echo 'a\\tb'", ""},
	{"echo -ne 'a\\n'", ""}, {"echo -e '\\0101\\x41\\e\\\\'", ""}, {"echo -x a", ""}, {"echo -", ""}, {"echo -- a", ""}, {"echo -eE 'a\\n'", ""}, {"echo a -n", ""}, {"echo -e 'a\\101'", ""},
	{"echo -e '\\q\\x'", ""}, {"echo ''", ""}, {"echo -n", ""}, {"echo --version", ""},
	{"printf a", ""}, {"printf '%s\\n' a b c", ""}, {"printf '%s-%s\\n' a b c", ""}, {"printf '%d\\n' 5 -5 0x1f 010", ""}, {"printf '%5d|%-5d|%05d\\n' 1 2 3", ""},
	{"printf '%5s|%-5s|%.2s\\n' a b abc", ""}, {"printf '%x %X %o %#x %#o\\n' 255 255 8 255 8", ""}, {"printf '%c%c\\n' abc d", ""}, {"printf '%%\\n'", ""}, {"printf '%b\\n' 'a\\tb'", ""},
	{"printf '%b|' 'x\\0101' 'x\\101' 'a\\cb' z", ""}, {"printf '%e %f %g\\n' 1.5 1.5 1e10", ""}, {"printf '%.2f\\n' 3.14159", ""}, {"printf '%g\\n' 100000 1000000 0.0001 0.00001", ""},
	{"printf '%*d|%-*d|\\n' 5 1 5 2", ""}, {"printf '%.*f\\n' 1 2.55", ""}, {"printf '%s\\n'", ""}, {"printf '%d\\n'", ""}, {"printf 'x\\n' a b", ""}, {"printf '\\101\\x41\\t\\q\\n'", ""},
	{"printf '%+d % d\\n' 3 4", ""}, {"printf '%u\\n' -1", ""}, {"printf '%i\\n' 12", ""}, {"printf '%s' ''", ""}, {"printf '%d\\n' \"'a\"", ""}, {"printf '%c' ''", ""}, {"printf -- '%s\\n' -a", ""},
	{"printf '%5.3d|%05.3d|%.3d\\n' 7 7 7", ""}, {"printf '%05s|%-05d|\\n' ab 5", ""}, {"printf '%G %E\\n' 1e-10 12345.678", ""}, {"printf '%x\\n' -1", ""}, {"printf '%d\\n' 9223372036854775807", ""},
	{"printf '%s %d\\n' a 1 b 2", ""}, {"printf '%10.3s|\\n' abcdef", ""}, {"printf '\\\"%s\\\"\\n' x", ""}, {"printf '%-*s|' -5 a", ""}, {"printf '%f\\n' 1e3", ""},
	{"printf '%d' abc", ""}, {"printf '%d' 12abc", ""}, {"printf '%f' x", ""}, {"printf '%d\\n' 99999999999999999999", ""},
	{"seq 5", ""}, {"seq 2 5", ""}, {"seq 1 2 9", ""}, {"seq 5 -2 1", ""}, {"seq 5 1", ""}, {"seq -2 2", ""}, {"seq -w 8 11", ""}, {"seq -s , 3", ""}, {"seq 0.5 0.25 1.2", ""}, {"seq 1.0 3", ""},
	{"seq -w -1 2", ""}, {"seq 0", ""}, {"seq 1 0 3", ""}, {"seq x", ""}, {"seq", ""}, {"seq 1 2 3 4", ""}, {"seq 3 -1 -3", ""}, {"seq 1 1.5", ""}, {"seq -0.5 0.5 1", ""}, {"seq -w 0.9 0.1 1.1", ""},
	{"seq 99999999999999999998 99999999999999999999", ""}, {"seq 1 2.5 9", ""}, {"seq -5 -1", ""}, {"seq 1 .5 2", ""},
	// column
	{"column -t", fruit}, {"column -t", "a b\nc\n\n  x  yyy z\n"}, {"column -t -s:", keys}, {"column -t -s :", "a:b::d\nccc\n:x\n"}, {"column -t -s ':;' -o '|'", "a:b;c\nd:e\n"}, {"column -t", ""},
	{"column -t", "a\tb\nccc\td"}, {"column -t -s:", "a:b\nc:d:\n"}, {"column -t", open}, {"column --table --separator=,", "1,22,3\n44,5,6\n"}, {"column -ts,", "a,b\n"},
	// cat, tac, rev, nl, paste
	{"cat", fruit}, {"cat", open}, {"cat -", nul}, {"cat", ""}, {"cat", broken}, {"cat", long}, {"tac", fruit}, {"tac", open}, {"tac", ""}, {"tac", "\n\na\n"}, {"tac -", keys},
	{"rev", keys}, {"rev", open}, {"rev", ""}, {"rev", windows}, {"nl", fruit}, {"nl", open}, {"nl -ba", fruit}, {"nl -bn", open}, {"nl -w3 -s:", open}, {"nl -v 10 -b a", open}, {"nl", ""},
	{"nl -s '. ' -w 2", open}, {"paste", fruit}, {"paste -s", open}, {"paste -sd,", open}, {"paste -s -d ,", fruit}, {"paste - -", fruit}, {"paste -d: - - -", fruit}, {"paste -d ab - - -", fruit},
	{"paste -s", ""}, {"paste", ""}, {"paste - -", ""}, {"paste -sd '\\n:'", fruit}, {"paste -d '' - -", fruit}, {"paste -s - -", open}, {"paste", open}, {"paste -d '\\0:' - - -", fruit}, {"paste -d '\\t' - -", open},
	// awk
	{"awk '{print $1}'", fruit}, {"awk -F: '{print $3}'", keys}, {"awk -F: -v OFS=- '{$1=$1}1'", keys}, {"awk 'END{print NR}'", fruit}, {"awk '{s+=$2}END{print s}'", fruit},
	{"awk '/ann/'", keys}, {"awk '!/ann/'", keys}, {"awk 'NR==2'", keys}, {"awk 'NR==1{print;exit 3}'", keys}, {"awk 'BEGIN{printf \"%5.2f|%d|%s\\n\",3.14159,42,\"x\"}'", ""},
	{"awk '{c[$1]++}END{print c[\"apple\"]}'", fruit}, {"awk -F, '{print NF}'", "a,b,c\n\n"}, {"awk '{print length($0)}'", keys}, {"awk '{print toupper(substr($0,1,3))}'", keys}, {"awk 'BEGIN{print ENVIRON[\"HOME\"]}'", ""},
	{"awk '{gsub(/:/,\"/\");print}'", keys}, {"awk '{n=split($0,p,\":\");print n,p[1]}'", keys}, {"awk -v n=2 'NR<=n'", keys}, {"awk 'BEGIN{x=1;while(x<100)x*=2;print x}'", ""}, {"awk '{print $NF}'", open},
	{"awk '{print NR\": \"$0}'", open}, {"awk '$2>5'", fruit}, {"awk '{print}' -", keys}, {"awk '{print n}' n=3", "x\n"}, {"awk -F '\\t' '{print $2}'", tabbed}, {"awk 'BEGIN{exit 7}'", ""}, {"awk 'BEGIN{print index(\"abc\",\"c\"), 7%3, 2^10}'", ""},
	{"awk 'BEGIN{print substr(\"hello\",2,3) \"-\" match(\"foobar\",/o+/) RSTART RLENGTH}'", ""}, {"awk '", ""}, {"awk '{print'", ""}, {"awk 'BEGIN { getline; print \"got \" $0 }'", open},
	// jq
	{"jq .", `{"a":1,"b":[1,2,{"c":null}],"d":"x"}`}, {"jq -c .", `{"a":1,"b":[1,2]} [] {} "x"`}, {"jq -r .a", `{"a":"x y"}` + "\n" + `{"a":null}`}, {"jq .a", `{"a":"x y"}`}, {"jq -r '.[]'", `["a","b",1]`},
	{"jq -e .a", `{"a":false}`}, {"jq -e .a", `{"a":1}`}, {"jq -e empty", `1`}, {"jq -n '1+1'", ``}, {"jq -s length", "1 2 3"}, {"jq -s -c .", "1 2 3"}, {"jq -j .a", `{"a":"x"}{"a":"y"}`}, {"jq --arg n ann '.name==$n'", `{"name":"ann"}`},
	{"jq --argjson n 5 '.+$n'", "3"}, {"jq -S -c .", `{"b":1,"a":2}`}, {"jq '.[] | select(.n>1) | .id' -r", `[{"id":"a","n":1},{"id":"b","n":2}]`}, {"jq keys -c", `{"b":1,"a":2}`}, {"jq 'map(.+1)' -c", "[1,2]"}, {"jq length", `"abc"`},
	{"jq '.a.b.c'", "{}"}, {"jq '.a'", "[1]"}, {"jq 'error(\"x\")'", "1"}, {"jq", "[1]"}, {"jq -n '[range(3)]' -c", ""}, {"jq -n env.HOME", ""}, {"jq -n '$ENV.HOME'", ""}, {"jq -n input_filename", ""}, {"jq -R .", "a\nb"}, {"jq -Rs .", "a\nb\n"},
	{"jq -n '[inputs]' -c", "1 2"}, {"jq --tab .", `{"a":[1]}`}, {"jq 'to_entries' -c", `{"a":1}`}, {"jq -r '@csv'", `["a",1,"b\"c"]`}, {"jq -r '@base64'", `"hello"`}, {"jq '.[0:2]' -c", "[1,2,3]"}, {"jq '.a|ascii_downcase'", `{"a":"ABC"}`},
	{"jq .", ""}, {"jq .", "not json"}, {"jq '.a'", "\"\\u00e9\""}, {"jq . -c", "1.5 100 0.1 \"\\u0001\\n\""}, {"jq 'test(\"a+\")'", `"caat"`}, {"jq -n halt", ""}, {"jq -n '\"a\"|halt_error'", ""}, {"jq 'if . then 1 else 2 end'", "false"},
	// sizes and floating-point numbers
	{"sort -h", sizes}, {"sort -hr", sizes}, {"sort -rh", sizes}, {"sort -k2,2h", "b 2M\na 900K\nc 1G\n"}, {"sort -hu", sizes}, {"sort -g", floats}, {"sort -gr", floats},
	{"sort -k1g,1", floats}, {"sort -gs", floats}, {"sort --human-numeric-sort -k 2", "b 2M\na 900K\n"}, {"sort -hn", sizes}, {"sort -k1hn", sizes}, {"sort -k1h,1g", sizes},
	// lines around those that grep selects
	{"grep -A1 Memory", info}, {"grep -A 1 -B 2 human", info}, {"grep -C1 human", info}, {"grep -1 human", info}, {"grep -nC1 ann", keys}, {"grep -nB1 ann", keys + keys},
	{"grep -A1 ann", keys + keys}, {"grep -vA1 session", keys + keys}, {"grep -cA1 ann", keys}, {"grep -qA1 ann", keys}, {"grep -oA1 ann", keys + keys}, {"grep -m1 -A2 session", keys},
	{"grep -m1 -nA1 session", keys}, {"grep -A0 ann", keys + keys}, {"grep --context=1 bob", keys}, {"grep --after-context=1 -C0 bob", keys}, {"grep -C0 -A1 bob", keys}, {"grep -B9 thr", open},
	{"grep -A9 one", open}, {"grep -A x ann", keys}, {"grep -A -1 ann", keys}, {"grep --color=auto ann", keys}, {"grep --color=never ann", keys}, {"grep --line-buffered ann", keys}, {"grep -m1 -A3 a", "a\nb\na\na\nc\n"},
	// bytes by their number, and aliases that scripts carry
	{"sed 's/\\x61/\\x41/g'", fruit}, {"sed 's/[\\x61-\\x63]/-/g'", fruit}, {"sed 's/p\\x70*/\\x26/'", fruit}, {"sed --silent p", open}, {"sed -u 2d", open}, {"sed -s 2d", open},
	// what C does with infinity, separators and sizes of numbers
	{"printf '%f %5.1f %G %+e|%05f\\n' inf inf nan inf -inf", ""}, {"printf '%g\\n' 0x1f 0x1p4 .5", ""}, {"printf '%f\\n' 1_000", ""}, {"printf '%.1f\\n' 1x", ""}, {"printf '%#x %#o\\n' 0 0", ""},
	{"printf '%ld %lld %hd %lu\\n' 1 2 3 4", ""}, {"printf \"%'d\\n\" 12", ""}, {"printf '%#g\\n' 1", ""}, {"printf '%d\\n' 1_000", ""},
	{"seq -w 007", ""}, {"seq -w 5 007", ""}, {"seq -w 1.5 007", ""}, {"seq -w 9 -1 -.5", ""}, {"seq -w -.5 007", ""}, {"seq -w +2 10", ""},
	{"column -t -s:", "a:b\n  \nc\n"}, {"column -t -s,", " \n"},
	// calls that are wrong for everybody
	{"wc -z", ""}, {"head -n x", ""}, {"tail -c y", ""}, {"sort -k0", ""}, {"sort -k a", ""}, {"sort -t ab", ""}, {"cut", ""}, {"cut -f0", ""}, {"cut -f 3-1", ""}, {"cut -d ab -f1", ""}, {"cut -f1 -c1", ""}, {"cut -c1 -d:", ""}, {"cut -f a", ""},
	{"grep", ""}, {"grep '\\('", ""}, {"grep '['", ""}, {"grep -E 'a('", ""}, {"grep 'a\\{1'", ""}, {"grep -E 'a{2,1}'", ""}, {"grep '[z-a]'", ""}, {"grep '[[:nope:]]'", ""}, {"grep -m x a", ""}, {"tr", ""}, {"tr a", ""}, {"tr z-a x", ""}, {"tr a ''", ""}, {"tr -d a b", ""},
	{"tr '[:nope:]' x", ""}, {"sed", ""}, {"printf", ""}, {"printf %z", ""}, {"seq 1 x", ""}, {"nl -b q", ""}, {"cut -f", ""}, {"head -n", ""}, {"uniq --nope", ""}, {"sort --nope", ""}, {"tac --nope", ""}, {"paste --nope", ""}, {"cut -s -c1", ""},
}

// difference is a call where ours does something else on purpose.
type difference struct {
	row
	stdout string
	status int
	reason string
}

var differences = []difference{
	{row{"sed 's.a\\.b.X.'", "a.b\naxb\n"}, "X\naxb\n", 0, "a quoted delimiter stands for itself, as POSIX has it"},
	{row{"sed -n '2{p;q}'", "x\n"}, "", 2, "blocks are refused by name"},
	{row{"sed '1~2d'", "x\n"}, "", 2, "steps are refused by name"},
	{row{"sed 's/x/y/w out'", "x\n"}, "", 2, "nothing writes files"},
	{row{"sed y/x/z/", "x\n"}, "", 2, "y is refused by name; tr does it"},
	{row{"sed '1r in'", "x\n"}, "", 2, "nothing reads files"},
	{row{"sed -n '$!N;P'", "x\n"}, "", 2, "commands beside s p d q = are refused by name"},
	{row{"sed ':a;s/x/y/;ta'", "x\n"}, "", 2, "loops are refused by name"},
	{row{"sed 's/x/\\U&/'", "x\n"}, "", 2, "changes of case are refused by name"},
	{row{"sed -E 's/\\d+/N/'", "12\n"}, "", 2, "who writes \\d means a digit, which it never is"},
	{row{"grep '\\d'", "1 d\n"}, "", 2, "who writes \\d means a digit, which it never is"},
	{row{"sed 's/a\\x2a/X/'", "a* aa\n"}, "X aa\n", 0, "a byte named by its number is text"},
	{row{"cut -d: -f1,2 --output-delimiter=''", "a:b\n"}, "ab\n", 0, "nothing is nothing, not a zero byte"},
	{row{"sed 's/./X/g'", "\u00e9\n"}, "X\n", 0, "a character is one of UTF-8: answers must stay readable text"},
	{row{"grep -o .", "\u00e9\n"}, "\u00e9\n", 0, "a character is one of UTF-8"},
	{row{"grep '\\(a\\)\\1'", "aa\n"}, "", 2, "RE2 cannot refer back to a group"},
	{row{"grep a", "a\x00\n"}, "a\x00\n", 0, "all input is text; there is no message about binary files"},
	{row{"grep -P a", "a\n"}, "", 2, "Perl's expressions are not supported"},
	{row{"grep -E 'a{1,2000}'", "a\n"}, "", 2, "RE2 repeats at most 1000 times"},
	{row{"wc -m", "\u00e9\n"}, "2\n", 0, "a character is one of UTF-8"},
	{row{"wc -w", "\u00e9 \u00fc\n"}, "2\n", 0, "letters beyond ASCII make words"},
	{row{"cut -c1", "\u00e9a\n"}, "\u00e9\n", 0, "a character is one of UTF-8"},
	{row{"rev", "a\u00e9\n"}, "\u00e9a\n", 0, "a character is one of UTF-8"},
	{row{"column", "a b\n"}, "a  b\n", 0, "there is no terminal whose width could be filled: it always makes a table"},
	{row{"column -t", "\u00e9 b\ncc d\n"}, "\u00e9   b\ncc  d\n", 0, "a character is one of UTF-8"},
	{row{"printf '\\u00e9'", ""}, "\u00e9", 0, "characters are written in UTF-8"},
	{row{"printf '%3s|' \u00e9", ""}, "  \u00e9|", 0, "a character is one of UTF-8"},
	{row{"printf %q a", ""}, "", 2, "nothing here is read as a program again"},
	{row{"uniq - out", "a\n"}, "", 2, "nothing writes files"},
	{row{"seq 1e3", ""}, "", 2, "numbers are plain decimals"},
	{row{"awk '{print length($0)}'", "\u00e9\n"}, "1\n", 0, "a character is one of UTF-8"},
	{row{"awk 'BEGIN{print > \"/dev/stderr\"}'", ""}, "", 2, "awk writes standard output only"},
	{row{"awk 'BEGIN{system(\"true\")}'", ""}, "", 2, "awk starts no commands"},
	{row{"jq -c .", `{"b":1,"a":2}`}, `{"a":2,"b":1}` + "\n", 0, "keys are always sorted"},
	{row{"jq '.['", "1"}, "", 2, "a wrong filter is a wrong call, status 2"},
	{row{"jq -n '1000000000000000000000'", ""}, "1000000000000000000000\n", 0, "whole numbers keep all their digits"},
}
