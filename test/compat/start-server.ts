import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'

/** A server that accepts requests. */
export interface RunningServer {
  readonly endpoint: string
  stop(): Promise<void>
}

interface ServerProcess {
  /** The name of the server in messages. */
  readonly title: string
  readonly command: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  readonly endpoint: string
}

/** Java starts in 4 s on a calm machine. */
const START_MS = 60_000
const POLL_MS = 100
/** The servers stop within a second. A server that is still running after this time is killed. */
const STOP_MS = 10_000

/**
 * Starts a server as a process, and waits until it answers an HTTP request with any status. The server is also killed
 * if this process exits. Throws an error with the output of the server if it exits or does not answer within a minute.
 */
export const startServer = async ({
  title,
  command,
  args,
  env,
  cwd,
  endpoint,
}: ServerProcess): Promise<RunningServer> => {
  const child = spawn(command, args, { env: { ...process.env, ...env }, cwd, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-4_000)
    })
  child.on('error', (error) => {
    output += error.message
  })
  const kill = (): void => void child.kill('SIGKILL')
  process.once('exit', kill)
  const stop = async (): Promise<void> => {
    process.off('exit', kill)
    await stopChild(child)
  }
  const deadline = performance.now() + START_MS
  while (!(await answers(endpoint))) {
    if (hasExited(child) || performance.now() > deadline) {
      await stop()
      throw new Error(`${title} did not start. Its output: ${output.trim()}`)
    }
    await sleep(POLL_MS)
  }
  return { endpoint, stop }
}

const answers = async (endpoint: string): Promise<boolean> => {
  try {
    const response = await fetch(endpoint, { signal: AbortSignal.timeout(1_000) })
    await response.body?.cancel()
    return true
  } catch {
    return false
  }
}

const hasExited = (child: ChildProcess): boolean =>
  child.pid === undefined || child.exitCode !== null || child.signalCode !== null

const stopChild = async (child: ChildProcess): Promise<void> => {
  if (hasExited(child)) return
  const exited = once(child, 'exit')
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS)
  await exited
  clearTimeout(timer)
}
