"""ADBench: Han et al., ADBench: Anomaly Detection Benchmark, NeurIPS 2022."""
