"""What goes out of the house and comes in: one file a format, both directions beside each other. Pure."""
