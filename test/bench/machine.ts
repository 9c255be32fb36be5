import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import os from 'node:os'
import process from 'node:process'
import { promisify } from 'node:util'
import * as z from 'zod'

const run = promisify(execFile)

/** The packages whose versions influence the results. */
const PACKAGES = ['@aws-sdk/client-dynamodb', '@aws-sdk/client-s3', 'dynalite']
const Package = z.object({ devDependencies: z.record(z.string(), z.string()) })

/** The machine of a measurement. */
export const Machine = z.object({ cpu: z.string(), cores: z.number(), memory_bytes: z.number(), system: z.string() })

export const machine = (): z.output<typeof Machine> => ({
  cpu: os.cpus()[0]?.model ?? 'unknown',
  cores: os.availableParallelism(),
  memory_bytes: os.totalmem(),
  system: `${os.type()} ${os.release()} ${os.arch()}`,
})

export const versions = async (): Promise<Record<string, string>> => {
  const text = await readFile(new URL('../../package.json', import.meta.url), 'utf8')
  const { devDependencies } = Package.parse(JSON.parse(text))
  return {
    node: process.versions.node,
    ...Object.fromEntries(PACKAGES.map((name) => [name, devDependencies[name] ?? 'unknown'])),
  }
}

/** Returns the commit of the working copy, or undefined outside of a repository. */
export const commit = async (): Promise<string | undefined> =>
  run('git', ['rev-parse', 'HEAD'], { cwd: import.meta.dirname }).then(
    ({ stdout }) => stdout.trim(),
    () => undefined,
  )
