"""How fast accounts may call: buckets that all workers share, and what their answers teach."""
