import { createServer } from 'node:net'

/** Ports of this machine that nobody listens on at the moment. */
export const freePorts = async (count: number): Promise<number[]> => {
  // All are held until the last is known, so that no two are the same.
  const servers = Array.from({ length: count }, () => createServer())
  const ports = await Promise.all(
    servers.map(
      (server) =>
        new Promise<number>((resolve, reject) => {
          server.once('error', reject)
          server.listen(0, '127.0.0.1', () => {
            const address = server.address()
            if (address === null || typeof address === 'string') reject(new Error('a TCP server has a port'))
            else resolve(address.port)
          })
        }),
    ),
  )
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return ports
}
