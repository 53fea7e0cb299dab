/** Sends each message through a socket of the package ws. Returns the names of those that came back as they were. */
export async function echo(socket, received, messages) {
  const echoed = [];
  for (const { name, kind, parts } of messages) {
    const bytes = parts.map(part => Buffer.from(part, 'base64'));
    bytes.forEach((part, index) => socket.send(part, { binary: kind === 'Binary', fin: index === bytes.length - 1 }));
    const [data, isBinary] = (await received.next()).value;
    if (isBinary === (kind === 'Binary') && data.equals(Buffer.concat(bytes))) echoed.push(name);
  }
  return echoed;
}
