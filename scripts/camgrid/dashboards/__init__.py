"""Dashboards for Grafana, written as JSON for the role `grafana`: what they show, and from when on it is wrong.

Only whoever changes a dashboard needs this package, and Grafana's own library for it (an extra of development).
"""
