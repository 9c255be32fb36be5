import { fork } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import * as z from 'zod'
import { NODE_FLAGS } from './node-flags.ts'
import { PortInUseError, type PortVariable } from './port-in-use-error.ts'

/** Thrown if a local service does not start, or if it exits while the program is using it. */
export class ChildError extends Error {
  override readonly name = 'ChildError'
  readonly child: string

  constructor(child: string, reason: string) {
    super(`the local ${child} service ${reason}`)
    this.child = child
  }
}

interface ChildOptions {
  /** The name of the service in messages: `S3` or `DynamoDB`. */
  readonly name: string
  /** The file that the process runs. This file calls `runAsChild`. */
  readonly entry: URL
  /** Passed to the process as JSON. `port` 0 selects any free port. `dir` is the data folder. */
  readonly settings: { readonly port: number; readonly dir?: string; readonly [name: string]: unknown }
  /** The environment variable that sets the port. */
  readonly portVariable: PortVariable
  readonly onMessage?: (message: unknown) => void
  /** Called if the process exits before `stop` is called. */
  readonly onDied?: (error: ChildError) => void
}

interface Child {
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

// A service stops within milliseconds. A process that is still running after this time hangs and is killed. Its data
// survives `kill -9`.
const STOP_MS = 5_000

/** Returns the error of a service that did not start. */
const failureOf = (
  { name, portVariable, settings: { port, dir } }: ChildOptions,
  { code, reason }: z.output<typeof Failed>,
): Error => {
  if (code === 'EADDRINUSE') return new PortInUseError(port, portVariable)
  if (code !== 'LEVEL_LOCKED' || dir === undefined) return new ChildError(name, `did not start: ${reason}`)
  return new ChildError(
    name,
    `did not start: another process uses the data folder ${dir}. ` +
      'This is probably another instance of the local program: stop it. To run two instances, set DATA_DIR of one ' +
      'to another folder, and PORT, S3_PORT and DYNAMODB_PORT to other ports',
  )
}

/**
 * Starts a local service in a separate process. Resolves when the service accepts requests. The service exits when this
 * process exits, even if this process is killed. Rejects with `PortInUseError` if another process uses the port, and
 * with `ChildError` after any other failure.
 */
export async function startChild(options: ChildOptions): Promise<Child> {
  const { name, settings } = options
  // By default, the child would inherit the flags of this process, which may attach a debugger or a test runner.
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
        reject(failureOf(options, failed.data))
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
