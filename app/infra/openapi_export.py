"""`python -m app.infra.openapi_export [PATH]` writes the OpenAPI document, `docs/openapi.json` by default."""

import json
import sys
from pathlib import Path

from app.main import create_app
from app.settings import Settings

DEFAULT = Path("docs/openapi.json")


def export() -> str:
    """The document as text, stable from run to run. Needs neither a database nor the environment."""
    app = create_app(Settings(database_url="postgresql://nobody@localhost/none", profile="dev"))
    return json.dumps(app.openapi(), indent=1, ensure_ascii=False, sort_keys=False) + "\n"


def main(argv: list[str]) -> int:
    path = Path(argv[0]) if argv else DEFAULT
    path.write_text(export(), encoding="utf-8")
    sys.stdout.write(f"wrote {path}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
