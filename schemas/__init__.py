"""Ground floor: everything that crosses a process or a floor, and nothing that does work."""
