package charts

import (
	"cmp"
	"encoding/binary"
	"image"
	"image/color"
	"maps"
	"slices"
)

// mostColors is how many colours a picture with a palette has.
const mostColors = 256

// reduced answers a picture with a palette of its most frequent colours, which
// makes it a third as long. A chart has few but where lines are smoothed, and there
// the nearest one looks the same.
func reduced(picture *image.RGBA) *image.Paletted {
	uses := make(map[color.RGBA]int)
	runs(picture, func(_, n int, c color.RGBA) { uses[c] += n })
	colors := slices.SortedFunc(maps.Keys(uses), func(a, b color.RGBA) int {
		return cmp.Or(cmp.Compare(uses[b], uses[a]), cmp.Compare(number(a), number(b)))
	})
	var palette color.Palette
	for _, c := range colors[:min(len(colors), mostColors)] {
		palette = append(palette, c)
	}
	nearest := make(map[color.RGBA]uint8, len(colors))
	for _, c := range colors {
		nearest[c] = uint8(palette.Index(c))
	}
	out := image.NewPaletted(picture.Bounds(), palette)
	runs(picture, func(from, n int, c color.RGBA) {
		index := nearest[c]
		for i := range n {
			out.Pix[from+i] = index
		}
	})
	return out
}

// runs visits the colours of a picture, each run of one colour once, by the number
// of its first pixel and how many it has. What shines through at the edge does not.
func runs(picture *image.RGBA, visit func(from, n int, c color.RGBA)) {
	pixels := len(picture.Pix) / 4
	for from := 0; from < pixels; {
		pixel := binary.LittleEndian.Uint32(picture.Pix[4*from:])
		n := 1
		for from+n < pixels && binary.LittleEndian.Uint32(picture.Pix[4*(from+n):]) == pixel {
			n++
		}
		visit(from, n, color.RGBA{uint8(pixel), uint8(pixel >> 8), uint8(pixel >> 16), 255})
		from += n
	}
}

func number(c color.RGBA) int { return int(c.R)<<16 | int(c.G)<<8 | int(c.B) }
