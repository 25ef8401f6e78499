"""Who a citizen is inside one mini-app: a name that no other mini-app can join with its own."""

import hashlib
import hmac

from shimin.kit.ids import CitizenId


def pairwise_subject(citizen_id: CitizenId, app_id: str, secret: bytes) -> str:
    """Return the citizen's subject in an app: stable there, unlinkable elsewhere without the secret.

    Source: OpenID Connect Core 1.0 section 8.1 (pairwise identifiers).
    """
    digest = hmac.new(secret, f"{app_id}\n{citizen_id}".encode(), hashlib.sha256).hexdigest()
    return f"sub_{digest[:32]}"
