"""A back end that uses the functions of docs/service.md, in helix_sessions.py."""
import sys
import urllib.error

from helix_sessions import create_session, destroy_session, sign_in, validate_session

HOME, OTHER = "203.0.113.7", "198.51.100.9"


def refused(status, call, *args, **more):
    try:
        answer = call(*args, **more)
    except urllib.error.HTTPError as error:
        error.close()
        assert error.code == status, (call.__name__, error.code)
    else:
        raise AssertionError(f"{call.__name__} answers {answer}")


data = {"basket": [12345678901234567890, "né \U0001f600"]}
visitor = create_session(None, HOME, data=data, user_agent="Firefox")
session = validate_session(visitor, HOME)
assert session["user_id"] is None and session["data"] == data, session
assert validate_session(visitor, OTHER) is None

token = sign_in(visitor, "ann@example.com", HOME)
assert validate_session(visitor, HOME) is None
session = validate_session(token, HOME)
assert session["user_id"] == "ann@example.com" and session["data"] == data, session
assert session["created_at"] <= session["last_accessed"], session

refused(400, create_session, "ann", "nowhere")
refused(400, create_session, "ann", HOME, role="admin")
refused(401, sign_in, visitor, "ann", HOME)
assert validate_session(session["id"], HOME) is None

for _ in range(2):
    destroy_session(token)
    assert validate_session(token, HOME) is None
sys.stdout.write("sold")
