"""How many hosts, drives and how much memory a number of cameras takes, and when the next worker is due."""
