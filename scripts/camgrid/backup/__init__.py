"""Backups, restore points and restores of the whole cluster."""
