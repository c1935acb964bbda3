"""Ends the lease of a leader that is gone, once no commit on it can be acknowledged any more. See the role's README."""
