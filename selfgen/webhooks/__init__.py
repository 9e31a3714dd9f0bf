"""Telling people elsewhere: one short message when a run is done, stalled, paused or failed."""
