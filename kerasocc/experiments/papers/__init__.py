"""Studies of published papers, a folder each."""
