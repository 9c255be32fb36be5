import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** The emulator, installed once into a separate Python environment. */
const PACKAGE = 'ministack==1.5.33'
const ENVIRONMENT = fileURLToPath(new URL('../../../.local/ministack-python', import.meta.url))
const INSTALLED = join(ENVIRONMENT, `installed-${PACKAGE}`)

/** The machine lacks something that the deploy test needs. */
class RequirementError extends Error {
  override readonly name = 'RequirementError'
}

/**
 * Returns the path of a Python that can import the emulator. Installs the emulator if it is not installed yet. Throws
 * `RequirementError` if Python is missing or too old, or cannot install packages.
 */
export const pythonWithEmulator = async (): Promise<string> => {
  const python = join(ENVIRONMENT, 'bin/python')
  if (existsSync(INSTALLED)) return python
  await requirePython()
  await requireOpenSsl()
  try {
    await run('python3', ['-m', 'venv', '--clear', ENVIRONMENT])
  } catch (error) {
    throw new RequirementError(
      'test:deploy needs the Python modules venv and ensurepip; on Debian, install python3-venv',
      { cause: error },
    )
  }
  try {
    await run(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', PACKAGE])
  } catch (error) {
    throw new RequirementError(`test:deploy could not install ${PACKAGE} from PyPI with pip; check the network`, {
      cause: error,
    })
  }
  await writeFile(INSTALLED, '')
  return python
}

const requirePython = async (): Promise<void> => {
  const check = 'import sys; print("%d.%d" % sys.version_info[:2]); sys.exit(sys.version_info < (3, 10))'
  try {
    await run('python3', ['-c', check])
  } catch (error) {
    const found = hasOutput(error) && error.stdout !== '' ? `python3 is ${error.stdout.trim()}` : 'python3 is missing'
    throw new RequirementError(`test:deploy needs python3, version 3.10 or later, but ${found}`, { cause: error })
  }
}

/** The emulator creates its certificate with this program. */
const requireOpenSsl = async (): Promise<void> => {
  try {
    await run('openssl', ['version'])
  } catch (error) {
    throw new RequirementError('test:deploy needs the program openssl, but it is missing', { cause: error })
  }
}

const hasOutput = (error: unknown): error is { readonly stdout: string } =>
  error instanceof Error && 'stdout' in error && typeof error.stdout === 'string'
