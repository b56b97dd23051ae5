"""Random commands about definitions and people."""
from __future__ import annotations

import generator
from events import timestamp

NOBODY = "zoe"


class Administrator:
    """A part of the player."""

    def deploy(self) -> dict:
        """A new version; who has begun stays on the old one."""
        process_id = self.rng.choice(("p1", "p2"))
        file = generator.definition(self.rng, process_id, self.features)
        return {"topic": "admin", "key": process_id, "data": {"operation": "deploy-process", "definition": file}}

    def load(self) -> dict:
        """Somebody comes, moves or changes; now and then a department or team moves, perhaps in a circle (INS-1)."""
        person: dict = {"staff_id": self.rng.choice(generator.STAFF)}
        if self.chance(0.7):
            person["logging_on"] = self.chance(0.6)
        if self.chance(0.5):
            person["on_leave"] = self.chance(0.3)
        if self.chance(0.2):
            person["roles"] = self.rng.sample(("q", "r", "s"), self.rng.randint(0, 3))
        if self.chance(0.15):
            person["dept_id"] = self.rng.choice(("d", "d1", "e", "e", "no"))
        if self.chance(0.15):
            person["teams"] = self.rng.sample(("t", "t1", "u"), self.rng.randint(0, 2))
        file: dict = {"staff": [person]}
        if self.chance(0.1):
            file["departments"] = [{"dept_id": "d1", "super_dept_id": self.rng.choice(("d", "e", "d1"))}]
        if self.chance(0.1):
            file["teams"] = [dict(zip(("team_id", "super_team_id"), self.rng.sample(("t", "t1", "u"), 2)))]
        return {"topic": "admin", "key": "institution", "data": {"operation": "load-institution", "institution": file}}

    def replace(self) -> dict:
        """All that is, without somebody."""
        file = generator.institution(self.rng)
        return {"topic": "admin", "key": "institution",
                "data": {"operation": "load-institution", "institution": file | {"replace": True}}}

    def presence(self) -> dict:
        data = {"operation": "set-presence", "staff_id": self.anybody(), "on_leave": self.chance(0.15)}
        if self.chance(0.6):
            data["logging_on"] = self.chance(0.6)
        return {"topic": "admin", "key": "institution", "data": data}

    def authorize(self) -> dict:
        data = generator.grant(self.rng, sorted(self.engine.institution.staff | {NOBODY: None} if self.chance(0.05)
                                                else self.engine.institution.staff))
        for name in ("valid_from", "valid_to"):
            if self.chance(0.15):
                data[name] = timestamp(max(0, self.engine.now + self.rng.randint(-3600, 7200) * 1_000_000))
        return {"topic": "admin", "key": "institution", "data": {"operation": "authorize", **data}}

    def revoke(self) -> dict:
        grants = self.engine.institution.authorizations
        if not grants or self.chance(0.1):
            grant = generator.grant(self.rng, sorted(self.engine.institution.staff))
        else:
            grant = self.rng.choice(grants)
        data = {name: grant[name] for name in ("grantor_id", "grantee_id", "process_id", "act_id") if name in grant}
        return {"topic": "admin", "key": "institution", "data": {"operation": "revoke", **data}}

