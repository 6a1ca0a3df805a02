"""whit beside its peers: `python -m benchmarks` measures what the README claims."""
