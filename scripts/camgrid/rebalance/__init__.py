"""Moving shards between worker groups while cameras write: what would move, doing it, watching it, what holds it up.

Citus does the moving, as a job of its own in the background of the coordinator: it survives this command, the
operator's terminal and a failover of the coordinator. `plan` asks Citus what it would do, `job` reads how far it is,
`control` starts and stops it, `causes` finds what it waits for.
"""
