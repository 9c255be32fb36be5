import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { errorMessage } from '../../../shared/values/error-message.ts'
import { ProcessUsage } from '../processes/usage.ts'

const run = promisify(execFile)

/** Git ignores this folder. Later runs use the environments in it. */
const FOLDER = fileURLToPath(new URL('../../../.local/bench', import.meta.url))
const MEASURED = fileURLToPath(new URL('measured.py', import.meta.url))

/** A peer cannot be installed or does not run. Its measures are left out, and the report contains the reason. */
export class PeerError extends Error {
  override readonly name = 'PeerError'
}

/** A program of PyPI that runs and is measured in a process of its own. */
export interface PythonProgram {
  /** The package with its pinned version, as pip accepts it. */
  readonly package: string
  /** The main function: the module and the name of the function, separated by a colon. */
  readonly main: string
  /** Constants of modules that are set before the program runs. */
  readonly constants?: Readonly<Record<string, number>>
}

interface PythonRun {
  readonly seconds: number
  readonly usage: ProcessUsage
  readonly stdout: string
}

/**
 * Runs a program, and measures the time, CPU time and peak memory of its process, with the start of Python. Installs
 * the package in a virtual environment of its own if an earlier run has not done so. Throws `PeerError` if this fails.
 */
export const runPython = async (
  program: PythonProgram,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<PythonRun> => {
  const python = await pythonWith(program.package)
  const folder = await mkdtemp(join(tmpdir(), 'specstar-peer-'))
  const usageFile = join(folder, 'usage.json')
  const constants = Object.entries(program.constants ?? {}).map(([name, value]) => `${name}=${value}`)
  try {
    const start = performance.now()
    const { stdout } = await run(python, [MEASURED, usageFile, program.main, ...constants, '--', ...args], {
      cwd: folder,
      env: { PATH: process.env['PATH'], PYTHONDONTWRITEBYTECODE: '1', ...env },
      maxBuffer: 256 * 1024 * 1024,
    })
    const seconds = (performance.now() - start) / 1000
    return { seconds, usage: ProcessUsage.parse(JSON.parse(await readFile(usageFile, 'utf8'))), stdout }
  } catch (error) {
    throw new PeerError(`${program.package} failed: ${errorMessage(error)}`, { cause: error })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Returns the path of a Python that can import the package. */
export const pythonWith = async (packageVersion: string): Promise<string> => {
  const environment = join(FOLDER, packageVersion)
  const python = join(environment, 'bin/python')
  const installed = join(environment, 'installed')
  if (existsSync(installed)) return python
  console.log(`Installing ${packageVersion} from PyPI in ${environment}`)
  try {
    await run('python3', ['-m', 'venv', '--clear', environment])
    await run(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', packageVersion])
  } catch (error) {
    throw new PeerError(
      `${packageVersion} could not be installed: python3 3.10 or later with venv, and PyPI, are required ` +
        `(${errorMessage(error)})`,
      { cause: error },
    )
  }
  await writeFile(installed, '')
  return python
}
