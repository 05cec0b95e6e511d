"""The session life cycle of the guide, as it stands there, over a client that
speaks just enough of Redis's protocol. It reads calls as lines of JSON and
answers each with a line of JSON."""
import json
import socket
import sys
import time
import uuid


class Redis:
    def __init__(self, host, port):
        self.file = socket.create_connection((host, int(port))).makefile("rwb")

    def call(self, *words):
        self.file.write(b"*%d\r\n" % len(words))
        for word in words:
            word = str(word).encode()
            self.file.write(b"$%d\r\n%s\r\n" % (len(word), word))
        self.file.flush()
        line = self.file.readline()
        if line[:1] == b"$":
            size = int(line[1:])
            return None if size < 0 else self.file.read(size + 2)[:-2].decode()
        if line[:1] == b"-":
            raise RuntimeError(line)
        return line[1:].strip().decode()

    def get(self, key):
        return self.call("GET", key)

    def setex(self, key, seconds, value):
        return self.call("SETEX", key, seconds, value)

    def delete(self, key):
        return self.call("DEL", key)


redis_client = Redis(*sys.argv[1:3])


def create_session(user_id, ip_address):
    session_id = str(uuid.uuid4())
    session_data = {
        'user_id': user_id,
        'ip': ip_address,
        'created_at': time.time(),
        'last_accessed': time.time()
    }

    # Store with TTL
    redis_client.setex(
        f"session:{session_id}",
        86400,  # 24 hours
        json.dumps(session_data)
    )

    return session_id


def validate_session(session_id, ip_address=None):
    key = f"session:{session_id}"

    # Check if session exists
    data = redis_client.get(key)
    if not data:
        return None

    session = json.loads(data)

    # Validate IP binding if enabled
    if ip_address and session['ip'] != ip_address:
        return None

    # Refresh TTL (sliding window)
    session['last_accessed'] = time.time()
    redis_client.setex(key, 86400, json.dumps(session))

    return session


def destroy_session(session_id):
    redis_client.delete(f"session:{session_id}")


for line in sys.stdin:
    name, *arguments = json.loads(line)
    print(json.dumps(globals()[name](*arguments)), flush=True)
