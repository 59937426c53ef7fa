"""One bad lot: the story, an act a file (`act<number>_<name>.py` with TITLE and play). Later acts are added as files."""
