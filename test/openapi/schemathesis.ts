import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'

/** What one run of the fuzzer tests. */
export interface FuzzerRun {
  readonly url: string
  /** Values of parameters, such as `path.model`. All other values are random. */
  readonly parameters?: Readonly<Record<string, string | number>>
  /** Other arguments of `schemathesis run`. */
  readonly options?: readonly string[]
}

interface FuzzerResult {
  readonly exitCode: number | null
  /** The number of requests. */
  readonly cases: number
  /** The number of tested operations. */
  readonly operations: number
  readonly output: string
}

/**
 * Checks of Schemathesis that are not run:
 *
 * - `positive_data_acceptance`: a schema cannot express the syntax of times, conditions and query expressions, or that
 *   parameters exclude each other. Requests that violate these rules are rejected, although their schema allows them.
 * - `ignored_auth`: the local program needs no signature. On AWS, API Gateway checks it.
 */
const EXCLUDED_CHECKS = ['positive_data_acceptance', 'ignored_auth']

/** API Gateway and the local program respond within 30 seconds. By default, Schemathesis waits for 10 seconds. */
const REQUEST_SECONDS = '60'

/** Runs Schemathesis against a program. `python` is a Python that can import it. */
export const fuzz = async (
  python: string,
  { url, parameters = {}, options = [] }: FuzzerRun,
): Promise<FuzzerResult> => {
  const folder = await mkdtemp(join(tmpdir(), 'schemathesis-'))
  try {
    const config = join(folder, 'schemathesis.toml')
    const lines = Object.entries(parameters).map(([name, value]) => `"${name}" = ${JSON.stringify(value)}`)
    await writeFile(config, ['[parameters]', ...lines, ''].join('\n'))
    const child = spawn(
      join(dirname(python), 'schemathesis'),
      [
        ...['--config-file', config, 'run', `${url}/_backup/openapi.json`, '--no-color'],
        ...['--exclude-checks', EXCLUDED_CHECKS.join(','), '--phases', 'examples,coverage,fuzzing'],
        ...[
          '--request-timeout',
          REQUEST_SECONDS,
          '--max-redirects',
          '0',
          '--warnings',
          'off',
          '--suppress-health-check',
          'all',
          ...options,
        ],
      ],
      { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] },
    )
    const exited = new Promise<number | null>((resolve, reject) => {
      child.once('error', reject)
      child.once('close', resolve)
    })
    const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)])
    const exitCode = await exited
    const number = (pattern: RegExp): number => Number(pattern.exec(out)?.[1]?.replaceAll(',', '') ?? 0)
    return {
      exitCode,
      cases: number(/([\d,]+) generated/),
      operations: number(/Tested: ([\d,]+)/),
      output: `${out}${err}`,
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
