"""Brings the database's schema up to date: migrations once and in order, functions whenever they changed."""
