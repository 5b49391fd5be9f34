"""What the tests of nearest neighbours share."""

import kerasocc as kocc


def fitted(x, **options):
    model = kocc.NearestNeighbors(**options)
    model.fit(x, verbose=0)
    return model
