// A line to the server that can be cut, as a lift or a tunnel cuts a telephone's: all connections through it end at
// once, without a closing handshake.
import net from 'node:net';

export async function lineTo(target) {
  const { hostname, port } = new URL(target);
  const ends = new Set();
  const server = net.createServer((near) => {
    const far = net.connect({ host: hostname, port: Number(port) });
    for (const [from, to] of [[near, far], [far, near]]) {
      ends.add(from);
      from.setNoDelay(true);
      from.on('error', () => to.destroy());
      from.on('close', () => {
        ends.delete(from);
        to.destroy();
      });
      from.pipe(to);
    }
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    cut: () => ends.forEach((end) => end.resetAndDestroy()),
    close: () => {
      server.close();
      ends.forEach((end) => end.destroy());
    },
  };
}
