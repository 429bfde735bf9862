"""Access files for the tests, and who may come in by them."""

from pathlib import Path

from access.register import Register

PASSWORD = "correct horse battery"


class Grants:
    """An access file with one token for each role; `add_ben` adds somebody who has a password and may operate."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "access.json"
        self.register = Register(self.path)
        self.tokens = {role: self.register.add(f"{role}-er", role)[1] for role in ("watch", "analyse", "operate")}

    def add_ben(self) -> None:
        """Apart, since scrypt takes its time."""
        self.register.add("ben", "operate", PASSWORD)

    def bearer(self, role: str) -> dict[str, str]:
        """The header by which a program shows that role's token."""
        return {"Authorization": f"Bearer {self.tokens[role]}"}
