"""How methods are trained unless the user says so: for the command line and the estimators."""
