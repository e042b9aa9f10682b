"""Labels of a picture from its grey levels alone: the simplest thing that can be trained."""
