// The walk's network. With WALK_NETWORK=proxy UDP is off and browser and host reach the server through an HTTP proxy that
// leads nowhere else; otherwise nothing stands between.
import http from "node:http";
import net from "node:net";

const open = { browser: {}, server: {}, host: {}, close() {} };

export async function throughProxy(port) {
  if (process.env.WALK_NETWORK !== "proxy") return open;
  const target = `127.0.0.1:${port}`;
  const sockets = new Set();
  let passed = 0;
  const proxy = http.createServer((request, answer) => {
    // A page over plain HTTP: its address is written out in full.
    const url = URL.canParse(request.url) ? new URL(request.url) : null;
    if (url?.host !== target) return answer.writeHead(403).end();
    const onward = http.request({ host: "127.0.0.1", port, method: request.method, path: url.pathname + url.search, headers: request.headers });
    onward.on("response", (response) => {
      passed += 1;
      // A server that dies in the middle of an answer ends it here too.
      response.on("error", () => answer.destroy());
      answer.writeHead(response.statusCode, response.rawHeaders);
      response.pipe(answer);
    });
    onward.on("error", () => answer.destroy());
    answer.on("close", () => onward.destroy());
    request.pipe(onward);
  });
  proxy.on("connect", (request, socket, head) => {
    sockets.add(socket);
    if (request.url !== target) return socket.end("HTTP/1.1 403 Forbidden\r\n\r\n");
    const onward = net.connect(port, "127.0.0.1", () => {
      passed += 1;
      socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
      onward.write(head);
      socket.pipe(onward).pipe(socket);
    });
    for (const [one, other] of [[socket, onward], [onward, socket]]) {
      one.on("error", () => other.destroy());
      one.on("close", () => other.destroy());
    }
  });
  await new Promise((done) => proxy.listen(0, "127.0.0.1", done));
  const url = `http://127.0.0.1:${proxy.address().port}`;
  return {
    browser: { proxy: { server: url, bypass: "<-loopback>" } },
    server: { HOSPES_TRANSPORTS__UDP: "false" },
    host: { HTTP_PROXY: url },
    close() {
      if (passed === 0) throw new Error("nothing went through the proxy");
      proxy.close();
      sockets.forEach((socket) => socket.destroy());
    },
  };
}
