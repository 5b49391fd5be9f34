"""The comparison of the notebooks of Chalapathy et al., https://github.com/raghavchalapathy/oc-nn."""
