"""A way to the platform that the tests can cut: what the cable between an office and the server does."""

import selectors
import socket
import threading

CHUNK_BYTES = 65536
POLL_S = 0.1


class Proxy:
    """Passes connections on to host:port from a port of its own until it is cut."""

    def __init__(self, host, port):
        self.target = (host, port)
        self.is_cut = False  # connections are broken, new ones too
        self.is_hung = False  # nothing comes through any more, and nobody says so
        self.closed = threading.Event()
        self.selector = selectors.DefaultSelector()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.selector.register(self.listener, selectors.EVENT_READ, None)
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def close(self):
        self.closed.set()
        self.thread.join()

    def run(self):
        while not self.closed.is_set():
            if self.is_hung:
                self.closed.wait(POLL_S)
                continue
            for key, _ in self.selector.select(POLL_S):
                if key.fileobj is self.listener:
                    self.accept()
                elif key.fileobj.fileno() >= 0:  # not closed together with its other end just now
                    self.forward(key.fileobj, key.data)
            if self.is_cut:
                self.drop_all()
        self.drop_all()
        self.listener.close()
        self.selector.close()

    def accept(self):
        near, _ = self.listener.accept()
        try:
            far = socket.create_connection(self.target)
        except OSError:
            near.close()
            return
        self.selector.register(near, selectors.EVENT_READ, far)
        self.selector.register(far, selectors.EVENT_READ, near)

    def forward(self, source, sink):
        try:
            data = source.recv(CHUNK_BYTES)
            if data:
                sink.sendall(data)
                return
        except OSError:
            pass
        self.drop(source, sink)

    def drop(self, *ends):
        for end in ends:
            self.selector.unregister(end)
            end.close()

    def drop_all(self):
        for key in list(self.selector.get_map().values()):
            if key.fileobj is not self.listener:
                self.drop(key.fileobj)
