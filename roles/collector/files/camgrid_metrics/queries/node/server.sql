-- node_primary: Whether a node takes writes
-- node_prepared_transactions: Transactions that are prepared on a node and wait for their end
-- node_prepared_transaction_oldest_seconds: How long the oldest of them has waited
SELECT
    NOT pg_is_in_recovery() AS node_primary,
    (SELECT count(*) FROM pg_prepared_xacts) AS node_prepared_transactions,
    (SELECT coalesce(max(extract(EPOCH FROM now() - x.prepared)), 0) FROM pg_prepared_xacts AS x)
        AS node_prepared_transaction_oldest_seconds
