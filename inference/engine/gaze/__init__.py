"""Where a model looks: regions of locked test pictures are replaced, and the answer is asked again."""
