"""The analysis of statements: what applications asked on all nodes, and the slowest of it."""

from __future__ import annotations


def test_the_analysis_names_the_slowest_statement_of_applications(cluster):
    marked = "SELECT pg_sleep(0.7), count(*) FROM counts_daily"
    for _ in range(11):  # those called ten times or less are left out
        with cluster.connect("reader") as conn:
            conn.execute(marked)
    rows = cluster.rows(
        "SELECT * FROM analyze_query_performance() WHERE query_pattern = 'analytics_queries'", role="monitor"
    )
    ((_, average, calls, advice, slowest, slowest_ms, node, reason),) = rows
    assert calls >= 11
    assert "pg_sleep" in slowest
    assert slowest_ms >= 700
    assert average <= slowest_ms
    assert "slowest" in advice or "optimiz" in advice
    assert node
    assert reason is None
