"""Chong et al., Prevention of Mode Collapse in Deep One-Class Classification, IJCNN 2020."""
