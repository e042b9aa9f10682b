"""The front door of the HTTP side: who is really calling, how long a sender may take, and how much they may send."""
