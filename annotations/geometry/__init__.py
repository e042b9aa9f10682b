"""Pure geometry of findings: shapes, masks, measures and agreement. Knows no Django."""
