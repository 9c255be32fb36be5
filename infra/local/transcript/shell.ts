import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import process from 'node:process'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import type { Line } from './sections.ts'

const CLI = fileURLToPath(new URL('../../../functions/cli/specstar-backup.ts', import.meta.url))

/** Matches the id of a job that the command or the API has created. */
const JOB_ID = /\b(?:k-[0-9a-f]{40}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\b/

/** The output of one line: stdout and stderr, in the order in which they were written. */
export interface LineOutput {
  readonly output: string
  readonly exitCode: number
}

/** A shell that runs the lines of the transcript, one after the other, in one folder. */
export class Shell {
  readonly #folder: string
  readonly #env: Record<string, string | undefined>

  private constructor(folder: string, env: Readonly<Record<string, string | undefined>>) {
    this.#folder = folder
    this.#env = { ...env }
  }

  /** Opens a shell in `folder`. Its `PATH` contains `specstar-backup`. */
  static async open(folder: string, env: Readonly<Record<string, string>>): Promise<Shell> {
    const bin = join(folder, '.bin')
    await mkdir(bin)
    await writeFile(join(bin, 'specstar-backup'), `#!/bin/sh\nexec '${process.execPath}' '${CLI}' "$@"\n`, {
      mode: 0o755,
    })
    return new Shell(folder, { ...process.env, ...env, PATH: `${bin}:${process.env['PATH'] ?? ''}` })
  }

  /** Runs a line to its end. Throws an `Error` if the line should print a job id, but does not. */
  async run({ shell, capture }: Line): Promise<LineOutput> {
    const child = spawn('bash', ['-c', `{ ${shell}; } 2>&1`], {
      cwd: this.#folder,
      env: this.#env,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [output] = await Promise.all([text(child.stdout), once(child, 'close')])
    if (capture !== undefined) {
      const [id] = JOB_ID.exec(output) ?? []
      if (id === undefined) throw new Error(`${shell} has printed no job id:\n${output}`)
      this.#env[capture] = id
    }
    return { output, exitCode: child.exitCode ?? 1 }
  }

  /** Returns the line with the values of its variables. */
  expand(shell: string): string {
    return shell.replaceAll(/\$([A-Z]+)\b/g, (variable, name: string) => this.#env[name] ?? variable)
  }
}
