"""The second region: what it is now, and how the place that takes the writes is moved there and back."""
