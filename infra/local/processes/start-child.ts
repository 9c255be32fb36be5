import { fork } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { NODE_FLAGS } from './node-flags.ts'
import { PortInUseError } from './port-in-use-error.ts'

/** A stand-in that did not start, or died by itself. */
export class ChildError extends Error {
  override readonly name = 'ChildError'
  readonly child: string

  constructor(child: string, reason: string) {
    super(`the ${child} stand-in ${reason}`)
    this.child = child
  }
}

export interface ChildOptions {
  /** what messages call it: S3, DynamoDB */
  readonly name: string
  readonly entry: URL
  /** given to the entry as JSON */
  readonly settings: { readonly port: number; readonly [name: string]: unknown }
  /** the environment variable that chooses its port */
  readonly portVariable: string
  readonly onMessage?: (message: unknown) => void
  /** it ended without being asked to */
  readonly onDied?: (error: ChildError) => void
}

export interface Child {
  readonly port: number
  readonly pid: number
  stop(): Promise<void>
}

const Started = z.object({ ready: z.literal(true), port: z.number().int() })
const Failed = z.object({ ready: z.literal(false), code: z.string().optional(), reason: z.string() })

// Closing takes milliseconds; past this, something hangs, and the data is as safe as after a kill -9.
const STOP_MS = 5_000

/** LevelDB's lock has no better name: the folder is another program's. */
const whyNot = ({ code, reason }: z.output<typeof Failed>): string =>
  code === 'LEVEL_DATABASE_NOT_OPEN'
    ? 'its folder cannot be opened, or another program uses it: stop that one, or choose another folder with DATA_DIR'
    : reason

/**
 * Starts a stand-in in a process of its own, and resolves when it answers. Its process ends with this one, however this
 * one ends. Rejects with `PortInUseError`, or `ChildError` for anything else that keeps it from starting.
 */
export async function startChild(options: ChildOptions): Promise<Child> {
  const { name, settings } = options
  // execArgv: a debugger, a coverage tool or a test runner on this process is not meant for the child
  const child = fork(options.entry, [JSON.stringify(settings)], {
    execArgv: [...NODE_FLAGS],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const exited = new Promise<string>((resolve) => {
    child.once('exit', (code, signal) => {
      resolve(signal === null ? `ended with code ${code ?? 0}` : `was ended by ${signal}`)
    })
    child.once('error', (error) => {
      resolve(`did not start: ${error.message}`)
    })
  })

  const port = await new Promise<number>((resolve, reject) => {
    child.on('message', (message) => {
      const started = Started.safeParse(message)
      if (started.success) {
        resolve(started.data.port)
        return
      }
      const failed = Failed.safeParse(message)
      if (failed.success) {
        reject(
          failed.data.code === 'EADDRINUSE'
            ? new PortInUseError(settings.port, options.portVariable)
            : new ChildError(name, `did not start: ${whyNot(failed.data)}`),
        )
        return
      }
      options.onMessage?.(message)
    })
    void exited.then((how) => {
      reject(new ChildError(name, how))
    })
  })

  let stopping = false
  void exited.then((how) => {
    if (!stopping) options.onDied?.(new ChildError(name, how))
  })

  return {
    port,
    pid: child.pid ?? 0,
    async stop() {
      stopping = true
      // The child takes the closed channel as its order to end: the same that it sees when this process dies.
      if (child.connected) child.disconnect()
      const timeout = new AbortController()
      const late = sleep(STOP_MS, 'late' as const, { signal: timeout.signal }).catch(() => 'ended')
      if ((await Promise.race([exited, late])) === 'late') child.kill('SIGKILL')
      timeout.abort()
      await exited
    },
  }
}
