"""The exam of a recipe: what must hold before anybody trains with it, on drawn cases, on a CPU, in minutes."""
