import { createServer } from 'node:net'

/** Returns `count` different ports of 127.0.0.1 that no process listens on at the moment. */
export const freePorts = async (count: number): Promise<number[]> => {
  // All servers listen at the same time, so that their ports are different.
  const servers = Array.from({ length: count }, () => createServer())
  const ports = await Promise.all(
    servers.map(
      (server) =>
        new Promise<number>((resolve, reject) => {
          server.once('error', reject)
          server.listen(0, '127.0.0.1', () => {
            const address = server.address()
            if (address === null || typeof address === 'string') reject(new Error('the server has no TCP port'))
            else resolve(address.port)
          })
        }),
    ),
  )
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return ports
}
