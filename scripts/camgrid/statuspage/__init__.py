"""The status page: what `camgrid status` tells, with charts over time, as one HTML file."""
