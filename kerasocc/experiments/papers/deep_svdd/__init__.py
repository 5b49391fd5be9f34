"""Deep SVDD: Ruff et al., Deep One-Class Classification, ICML 2018."""
