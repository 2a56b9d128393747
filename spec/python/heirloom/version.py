"""How two programs find a version. spec/v1/versions.md, V-6 to V-9."""

SPOKEN = {"min": 1, "max": 1}


def negotiate(parent, child):
    """The version that two ranges agree on, or None."""
    highest = min(parent["max"], child["max"])
    return highest if highest >= max(parent["min"], child["min"]) else None
