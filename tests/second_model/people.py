"""Operations on people (sections 1 and 7)."""
from __future__ import annotations

from institution import Institution, Invalid
from rejection import Rejected


class People:
    """A part of the engine: after each change, assignment is tried again (ASG-8)."""

    def change(self, institution: Institution, loaded: bool = False) -> tuple:
        self.people_changed = loaded or not self.institution.same_as(institution)
        self.institution = institution
        return {"result": "applied"}, []

    def load_institution(self, data: dict) -> tuple:
        try:
            return self.change(self.institution.after_load(data["institution"]), True)
        except Invalid:
            raise Rejected("institution_invalid") from None

    def set_presence(self, data: dict) -> tuple:
        self.person(data["staff_id"])
        return self.change(self.institution.after_presence(data))

    def authorize(self, data: dict) -> tuple:
        self.both_known(data)
        grant = {name: data[name] for name in ("grantor_id", "grantee_id", "process_id", "act_id", "valid_from", "valid_to")
                 if name in data}
        try:
            return self.change(self.institution.after_authorize(grant))
        except Invalid:
            raise Rejected("institution_invalid") from None

    def revoke(self, data: dict) -> tuple:
        self.both_known(data)
        return self.change(self.institution.after_revoke(data))

    def both_known(self, data: dict) -> None:
        self.person(data["grantor_id"])
        self.person(data["grantee_id"])
