"""What a setting is, and the settings that all methods share."""
