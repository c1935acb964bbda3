"""Everything that hosts install, in one archive: what it holds, how it is made, and whether it will do."""
