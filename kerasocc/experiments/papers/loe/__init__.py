"""Latent outlier exposure: Qiu et al., Latent Outlier Exposure, ICML 2022."""
