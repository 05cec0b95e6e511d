package change

import "testing"

func TestEverySlotHasAMarkerOfItsOwn(t *testing.T) {
	for slot := range slots {
		if got := Slot(slotMarkers + "id:{" + tagOf(slot) + "}"); got != slot {
			t.Fatalf("the tag %q of slot %d lies in %d", tagOf(slot), slot, got)
		}
	}
}

func TestMarkersAreReadAsTheyAreWritten(t *testing.T) {
	for _, n := range []note{{}, {1, 1}, {17, 123456789}} {
		if got := readNote(n.String()); got != n {
			t.Errorf("%+v is read as %+v", n, got)
		}
	}
	for _, text := range []string{"", "x", "x 1x"} {
		if got := readNote(text); got != (note{}) {
			t.Errorf("%q is read as %+v", text, got)
		}
	}
}
