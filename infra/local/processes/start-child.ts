import { fork } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { NODE_FLAGS } from './node-flags.ts'
import { PortInUseError, type PortVariable } from './port-in-use-error.ts'

/** A local service failed to start, or exited while the program was using it. */
export class ChildError extends Error {
  override readonly name = 'ChildError'
  readonly child: string

  constructor(child: string, reason: string) {
    super(`the local ${child} service ${reason}`)
    this.child = child
  }
}

export interface ChildOptions {
  /** The name of the service in messages: `S3` or `DynamoDB`. */
  readonly name: string
  /** The file to run. It calls `runAsChild`. */
  readonly entry: URL
  /** Passed to the entry file as JSON. `port` 0 selects any free port. */
  readonly settings: { readonly port: number; readonly [name: string]: unknown }
  /** The environment variable that sets the port. */
  readonly portVariable: PortVariable
  readonly onMessage?: (message: unknown) => void
  /** Called if the process exits before `stop` is called. */
  readonly onDied?: (error: ChildError) => void
}

export interface Child {
  readonly port: number
  readonly pid: number
  stop(): Promise<void>
}

/** A running local service. */
export interface LocalServer extends Child {
  readonly endpoint: string
}

const Started = z.object({ ready: z.literal(true), port: z.number().int() })
const Failed = z.object({ ready: z.literal(false), code: z.string().optional(), reason: z.string() })

// Closing takes milliseconds, so a process that needs longer hangs. Killing it is safe: the data survives `kill -9`.
const STOP_MS = 5_000

const explainFailure = ({ code, reason }: z.output<typeof Failed>): string =>
  // LevelDB reports a folder that another process has locked with this code only.
  code === 'LEVEL_DATABASE_NOT_OPEN'
    ? 'its data folder cannot be opened, probably because another instance of the program uses it: ' +
      'stop that instance, or set DATA_DIR to another folder'
    : reason

/**
 * Starts a local service in a separate process. Resolves when the service accepts requests. The process exits when this
 * process exits, even if this process is killed. Rejects with `PortInUseError`, or with `ChildError` for any other
 * failure.
 */
export async function startChild(options: ChildOptions): Promise<Child> {
  const { name, settings } = options
  // `execArgv` replaces the flags of this process: a debugger, coverage tool or test runner must not attach to the
  // child.
  const child = fork(options.entry, [JSON.stringify(settings)], {
    execArgv: [...NODE_FLAGS],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const exited = new Promise<string>((resolve) => {
    child.once('exit', (code, signal) => {
      resolve(signal === null ? `exited with code ${code ?? 0}` : `was terminated by ${signal}`)
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
            : new ChildError(name, `did not start: ${explainFailure(failed.data)}`),
        )
        return
      }
      options.onMessage?.(message)
    })
    void exited.then((reason) => {
      reject(new ChildError(name, reason))
    })
  })

  let stopping = false
  void exited.then((reason) => {
    if (!stopping) options.onDied?.(new ChildError(name, reason))
  })

  return {
    port,
    pid: child.pid ?? 0,
    async stop() {
      stopping = true
      // The child exits when the channel closes, which also happens when this process exits.
      if (child.connected) child.disconnect()
      const timeout = new AbortController()
      const late = sleep(STOP_MS, 'late' as const, { signal: timeout.signal }).catch(() => 'aborted')
      if ((await Promise.race([exited, late])) === 'late') child.kill('SIGKILL')
      timeout.abort()
      await exited
    },
  }
}
