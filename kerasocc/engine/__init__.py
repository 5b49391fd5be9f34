"""How any model trains, scores, is calibrated and saved; knows no method."""
