"""What connector costs, measured over HTTP against a floor: see docs/benchmarks.md, which `make bench` writes."""
