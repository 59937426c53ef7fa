"""The parts of verify_phase08_integration."""
