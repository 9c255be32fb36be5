import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** A package from PyPI that a command needs. It is installed once, into a Python environment of its own. */
interface PythonPackage {
  /** The command of npm that needs the package, for messages. */
  readonly command: string
  /** The name and the version, as pip expects them. */
  readonly requirement: string
  /** The name of the folder of the environment in `.local/`. */
  readonly folder: string
  /** Other programs that must be installed. */
  readonly programs?: readonly string[]
}

/** The machine lacks something that a command needs. The message says what. */
class RequirementError extends Error {
  override readonly name = 'RequirementError'
}

/**
 * Returns the path of a Python that can import a package. Installs the package if it is not installed yet. Throws
 * `RequirementError` if Python is missing or too old, or cannot install packages.
 */
export const pythonWith = async ({ command, requirement, folder, programs = [] }: PythonPackage): Promise<string> => {
  const environment = fileURLToPath(new URL(`../../.local/${folder}`, import.meta.url))
  const installed = join(environment, `installed-${requirement}`)
  const python = join(environment, 'bin/python')
  if (existsSync(installed)) return python
  await requirePython(command)
  for (const program of programs) await requireProgram(command, program)
  await mkdir(environment, { recursive: true })
  await run('python3', ['-m', 'venv', '--clear', environment]).catch((error: unknown) => {
    const modules = 'the Python modules venv and ensurepip; on Debian, install python3-venv'
    throw new RequirementError(`${command} needs ${modules}`, { cause: error })
  })
  await run(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', requirement]).catch(
    (error: unknown) => {
      const failed = `could not install ${requirement} from PyPI with pip; check the network`
      throw new RequirementError(`${command} ${failed}`, { cause: error })
    },
  )
  await writeFile(installed, '')
  return python
}

const requirePython = async (command: string): Promise<void> => {
  const check = 'import sys; print("%d.%d" % sys.version_info[:2]); sys.exit(sys.version_info < (3, 10))'
  try {
    await run('python3', ['-c', check])
  } catch (error) {
    const found = hasOutput(error) && error.stdout !== '' ? `python3 is ${error.stdout.trim()}` : 'python3 is missing'
    throw new RequirementError(`${command} needs python3, version 3.10 or later, but ${found}`, { cause: error })
  }
}

const requireProgram = async (command: string, program: string): Promise<void> => {
  try {
    await run(program, ['version'])
  } catch (error) {
    throw new RequirementError(`${command} needs the program ${program}, but it is missing`, { cause: error })
  }
}

const hasOutput = (error: unknown): error is { readonly stdout: string } =>
  error instanceof Error && 'stdout' in error && typeof error.stdout === 'string'

/** Runs a command. If something is missing on this machine, prints what, and sets the exit code to 1. */
export const runWithRequirements = async (command: () => Promise<unknown>): Promise<void> => {
  try {
    await command()
  } catch (error) {
    if (!(error instanceof RequirementError)) throw error
    process.stderr.write(`${error.message}\n`)
    process.exitCode = 1
  }
}
