"""Faults on purpose, in a lab, while clients write: was anything acknowledged and lost, how long could nobody write?

`faults` lists what can be broken, `run` breaks it under the load of `load`, `verify` compares the database with the
`ledger` of every write.
"""
