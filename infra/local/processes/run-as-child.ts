import type { Server } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type { z } from 'zod'
import { errorMessage } from '../../../shared/values/error-message.ts'

export interface Running {
  readonly server: Server
  /** closes what outlives the server, once it is closed */
  close(): Promise<void>
}

// A program that was killed leaves its port and its database's lock to children that are just ending: wait that long.
const BUSY_RETRIES = 10
const BUSY_WAIT_MS = 100

/**
 * The inside of a stand-in's process: starts it with the settings from the command line, reports to the parent, and
 * ends when the parent asks or dies. Ctrl-C reaches the whole process group, and is the parent's to handle.
 */
export async function runAsChild<Settings extends { readonly port: number }>(
  settings: z.ZodType<Settings>,
  start: (settings: Settings) => Promise<Running>,
): Promise<void> {
  process.on('SIGINT', () => undefined)
  process.on('SIGTERM', () => undefined)
  const stopped = new Promise<void>((resolve) => {
    process.once('disconnect', resolve)
  })
  try {
    const parsed = settings.parse(JSON.parse(process.argv[2] ?? '{}'))
    const running = await whileBusy(() => start(parsed))
    try {
      await whileBusy(() => listen(running.server, parsed.port))
      tell({ ready: true, port: portOf(running.server) })
      await stopped
      running.server.closeAllConnections()
    } finally {
      await running.close()
    }
  } catch (error) {
    tell({ ready: false, code: codeOf(error), reason: errorMessage(error) })
    process.exitCode = 1
  }
  if (process.connected) process.disconnect()
  // Whatever still holds the loop open (a keep-alive socket, a timer of a library) must not keep the process.
  process.exit()
}

/** Sends a message to the parent; a parent that is gone does not matter, for then this process is ending too. */
export function tell(message: Readonly<Record<string, unknown>>): void {
  if (process.connected) process.send?.(message, () => undefined)
}

async function whileBusy<T>(attempt: () => Promise<T>): Promise<T> {
  for (let tried = 0; ; tried++) {
    try {
      return await attempt()
    } catch (error) {
      const busy = ['EADDRINUSE', 'LEVEL_DATABASE_NOT_OPEN'].includes(codeOf(error) ?? '')
      if (!busy || tried === BUSY_RETRIES || !process.connected) throw error
      await sleep(BUSY_WAIT_MS)
    }
  }
}

async function listen(server: Server, port: number): Promise<void> {
  // A client may be slow to send a gigabyte, and the SDK's agents keep sockets: do not close them under a request.
  server.requestTimeout = 0
  server.keepAliveTimeout = 120_000
  server.headersTimeout = 125_000
  await new Promise<void>((resolve, reject) => {
    const failed = (error: Error): void => {
      server.off('listening', listening)
      reject(error)
    }
    const listening = (): void => {
      server.off('error', failed)
      resolve()
    }
    server.once('error', failed)
    server.once('listening', listening)
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
