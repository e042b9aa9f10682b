"""Content for a first look: people, real sample images, drawn radiographs with known truth, a first model."""
