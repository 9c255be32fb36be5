"""Runs the emulator in the foreground, after closing the gaps in `gaps/`. Settings come from environment variables."""

from importlib import import_module
from pathlib import Path

from ministack import app

for file in sorted((Path(__file__).parent / "gaps").glob("*.py")):
    import_module(f"gaps.{file.stem}").close()

# With TLS, the emulator would also listen on port 443 if it may.
app._port_is_bindable = lambda host, port: False
app.main()
