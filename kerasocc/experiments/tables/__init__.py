"""Tables of papers: their cells, where the results are kept, how they are run and shown."""
