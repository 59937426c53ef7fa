"""The units every tenant starts with, and the other names they go by."""

STANDARD: tuple[tuple[str, str, str, int, int], ...] = (
    ("pcs", "Piece", "COUNT", 1, 1),
    ("pair", "Pair", "COUNT", 2, 1),
    ("set", "Set", "SET", 1, 1),
    ("roll", "Roll", "ROLL", 1, 1),
    ("box", "Box", "BOX", 1, 1),
    ("mm", "Millimetre", "LENGTH", 1, 1000),
    ("cm", "Centimetre", "LENGTH", 1, 100),
    ("m", "Metre", "LENGTH", 1, 1),
    ("yd", "Yard", "LENGTH", 1143, 1250),
    ("g", "Gram", "MASS", 1, 1000),
    ("kg", "Kilogram", "MASS", 1, 1),
    ("ml", "Millilitre", "VOLUME", 1, 1000),
    ("l", "Litre", "VOLUME", 1, 1),
    ("min", "Minute", "TIME", 1, 1),
    ("h", "Hour", "TIME", 60, 1),
)
"""Code, name, dimension, numerator, denominator. A set, a roll and a box hold what the item says, so they convert
to nothing. A yard is 0.9144 m (international yard and pound agreement of 1959).
"""

_NAMES: dict[str, tuple[str, ...]] = {
    "pcs": ("pc", "piece", "pieces", "ea", "each"),
    "pair": ("pairs",),
    "set": ("sets",),
    "roll": ("rolls",),
    "box": ("boxes",),
    "mm": ("millimeter", "millimeters", "millimetre", "millimetres"),
    "cm": ("centimeter", "centimeters", "centimetre", "centimetres"),
    "m": ("meter", "meters", "metre", "metres"),
    "yd": ("yard", "yards"),
    "g": ("gram", "grams"),
    "kg": ("kilo", "kilogram", "kilograms"),
    "ml": ("milliliter", "milliliters", "millilitre", "millilitres"),
    "l": ("liter", "liters", "litre", "litres"),
    "min": ("minute", "minutes"),
    "h": ("hr", "hour", "hours"),
}
ALIASES: dict[str, str] = {name: code for code, names in _NAMES.items() for name in names}


def normal(code: str) -> str:
    """The code that a word means: lower case, other names of standard units replaced."""
    word = code.strip().lower()
    return ALIASES.get(word, word)
