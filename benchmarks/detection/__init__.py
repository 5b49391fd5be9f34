"""How well detectors do on tables, features and images: ours and those of other packages.

    KERASOCC_DATA_DIR=... TFDS_DATA_DIR=... python -m benchmarks.detection

in the root of the repository. All detectors get the same rows. What is done is kept in
the folder `--out`, a file per result, so that the command can be interrupted, repeated and run
several times at once; it prints and writes the tables of what is there.
"""
