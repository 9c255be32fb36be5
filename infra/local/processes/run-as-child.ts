import type { Server } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type * as z from 'zod'
import { errorMessage } from '../../../shared/values/error-message.ts'

interface ChildServer {
  readonly server: Server
  /** Closes everything that the server uses, after all connections have been closed. */
  close(): Promise<void>
}

// After the program has been killed, its child processes may keep the port and the lock of the database for some
// milliseconds. A program that starts during this time retries for one second.
const BUSY_RETRIES = 10
const BUSY_WAIT_MS = 100

/**
 * Runs a server in this process, which `startChild` has started. Reads the settings from the command line, starts the
 * server and sends its port, or the error, to the parent process. Exits when the parent disconnects or exits.
 *
 * Ctrl-C sends SIGINT to the parent and to this process. This process ignores the signal and waits until the parent
 * disconnects, because the parent still uses the server while it stops.
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
    sendToParent({ ready: false, code: codeOf(error), reason: reasonOf(error) })
    process.exitCode = 1
  }
  if (process.connected) process.disconnect()
  // Without this call, an open socket or a timer of a library could keep the process running.
  process.exit()
}

/** Sends a message to the parent process. Does nothing if the parent has exited. */
export function sendToParent(message: Readonly<Record<string, unknown>>): void {
  if (process.connected) process.send?.(message, () => undefined)
}

async function retryWhileBusy<T>(attempt: () => Promise<T>): Promise<T> {
  for (let retries = 0; ; retries++) {
    try {
      return await attempt()
    } catch (error) {
      const isBusy = ['EADDRINUSE', 'LEVEL_LOCKED'].includes(codeOf(error) ?? '')
      if (!isBusy || retries === BUSY_RETRIES || !process.connected) throw error
      await sleep(BUSY_WAIT_MS)
    }
  }
}

async function listen(server: Server, port: number): Promise<void> {
  // No time limit, because a client may need minutes to send a gigabyte.
  server.requestTimeout = 0
  // The AWS SDK reuses idle sockets. After Node's default of 5 seconds, the server could close a socket at the moment
  // at which the SDK sends a request on it.
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

/** Returns the code of an error. For a database that does not open, returns the code of the cause. */
function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error && 'code' in error && typeof error.code === 'string')) return undefined
  return isDatabaseError(error) ? codeOf(error.cause) : error.code
}

function reasonOf(error: unknown): string {
  const message = errorMessage(error)
  return isDatabaseError(error) ? `${message}: ${errorMessage(error.cause)}` : message
}

/** Returns whether LevelDB could not open a database. Such an error has a cause, which contains the reason. */
function isDatabaseError(error: unknown): error is Error & { readonly code: 'LEVEL_DATABASE_NOT_OPEN' } {
  return error instanceof Error && 'code' in error && error.code === 'LEVEL_DATABASE_NOT_OPEN'
}
