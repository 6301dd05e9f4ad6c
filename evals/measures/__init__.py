"""Measures of the tuner itself: cost, scale, harm, calibration."""
