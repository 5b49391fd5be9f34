"""Deep SAD: Ruff et al., Deep Semi-Supervised Anomaly Detection, ICLR 2020."""
