import type { Server } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type { z } from 'zod'
import { errorMessage } from '../../../shared/values/error-message.ts'

export interface ChildServer {
  readonly server: Server
  /** Closes everything that the server uses. Called after the last connection is closed. */
  close(): Promise<void>
}

// When the program is killed, its old child processes may hold the port and the database lock for some milliseconds.
const BUSY_RETRIES = 10
const BUSY_WAIT_MS = 100

/**
 * Runs a server in a child process, the counterpart of `startChild`: reads the settings from the command line, starts
 * the server and sends the parent either its port or the error. Exits when the parent disconnects or exits.
 *
 * Ctrl-C sends SIGINT to the whole process group. Only the parent handles it; the child waits for the parent to
 * disconnect.
 */
export async function runAsChild<Settings extends { readonly port: number }>(
  settings: z.ZodType<Settings>,
  start: (settings: Settings) => Promise<ChildServer>,
): Promise<void> {
  process.on('SIGINT', () => undefined)
  process.on('SIGTERM', () => undefined)
  const disconnected = new Promise<void>((resolve) => {
    process.once('disconnect', resolve)
  })
  try {
    const parsed = settings.parse(JSON.parse(process.argv[2] ?? '{}'))
    const child = await retryWhileBusy(() => start(parsed))
    try {
      await retryWhileBusy(() => listen(child.server, parsed.port))
      sendToParent({ ready: true, port: portOf(child.server) })
      await disconnected
      child.server.closeAllConnections()
    } finally {
      await child.close()
    }
  } catch (error) {
    sendToParent({ ready: false, code: codeOf(error), reason: errorMessage(error) })
    process.exitCode = 1
  }
  if (process.connected) process.disconnect()
  // A keep-alive socket or a library's timer would otherwise keep the process running.
  process.exit()
}

/** Sends a message to the parent process. Does nothing if the parent has exited, because this process exits too. */
export function sendToParent(message: Readonly<Record<string, unknown>>): void {
  if (process.connected) process.send?.(message, () => undefined)
}

async function retryWhileBusy<T>(attempt: () => Promise<T>): Promise<T> {
  for (let retries = 0; ; retries++) {
    try {
      return await attempt()
    } catch (error) {
      const isBusy = ['EADDRINUSE', 'LEVEL_DATABASE_NOT_OPEN'].includes(codeOf(error) ?? '')
      if (!isBusy || retries === BUSY_RETRIES || !process.connected) throw error
      await sleep(BUSY_WAIT_MS)
    }
  }
}

async function listen(server: Server, port: number): Promise<void> {
  // A client may need minutes to send a gigabyte: no limit for a whole request.
  server.requestTimeout = 0
  // The AWS SDK reuses idle sockets. Node's default of 5 seconds would close one while the SDK sends a request on it.
  server.keepAliveTimeout = 120_000
  server.headersTimeout = 125_000
  await new Promise<void>((resolve, reject) => {
    const onError = (error: Error): void => {
      server.off('listening', onListening)
      reject(error)
    }
    const onListening = (): void => {
      server.off('error', onError)
      resolve()
    }
    server.once('error', onError)
    server.once('listening', onListening)
    server.listen(port, '127.0.0.1')
  })
}

function portOf(server: Server): number {
  const address = server.address()
  return address !== null && typeof address === 'object' ? address.port : 0
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}
