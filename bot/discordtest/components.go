package discordtest

// Discord's component types, as far as they matter here.
const (
	componentRow          = 1
	componentButton       = 2
	componentStringSelect = 3
	componentTextInput    = 4
	componentSelectLast   = 8
	componentText         = 10
)

// walkComponents visits components with all that they hold, in reading order.
func walkComponents(components []map[string]any, visit func(map[string]any)) {
	for _, c := range components {
		visit(c)
		walkComponents(objects(c["components"]), visit)
		if held := fields(c["component"]); held != nil {
			walkComponents([]map[string]any{held}, visit)
		}
		if held := fields(c["accessory"]); held != nil {
			walkComponents([]map[string]any{held}, visit)
		}
	}
}

// componentsOf answers components as a JSON array.
func componentsOf(components []map[string]any) list {
	all := make(list, 0, len(components))
	for _, c := range components {
		all = append(all, c)
	}
	return all
}
