"""Errors with the codes of spec/v1/errors.md."""


class HandoffError(Exception):
    def __init__(self, code, message, origin="local"):
        super().__init__(message)
        self.code = code
        self.message = message
        #: "remote" where the peer said so.
        self.origin = origin
