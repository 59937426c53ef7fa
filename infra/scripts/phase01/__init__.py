"""The parts of the demo of phase 01."""
