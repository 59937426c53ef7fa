"""Under which name Hangar stores what it measures of itself."""

from typing import Literal

SERVICE = "hangar"
Role = Literal["server", "worker"]
