"""The models, one final class per file, on the common `base.OneClassModel`."""
