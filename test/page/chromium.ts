import { spawnSync } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']

/**
 * Returns the path of Chromium or Chrome: that of the environment variable `CHROMIUM`, or one in the `PATH`. If there
 * is none and the user may install packages of Debian, installs it. Otherwise throws an error that says what to do.
 */
export const findChromium = (): string => {
  const found = installed()
  if (found !== undefined) return found
  if (process.getuid?.() === 0 && inPath('apt-get') !== undefined) {
    console.log('Chromium is not installed. Installing the package chromium …')
    for (const args of [['update'], ['install', '-y', '--no-install-recommends', 'chromium', 'fonts-dejavu-core']])
      spawnSync('apt-get', args, { stdio: 'inherit', env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } })
    const now = installed()
    if (now !== undefined) return now
  }
  throw new Error(
    'This test needs Chromium. On Debian and Ubuntu, run `sudo apt-get install chromium`. ' +
      'Or set the environment variable CHROMIUM to the path of Chromium or Chrome.',
  )
}

const installed = (): string | undefined => {
  const set = process.env['CHROMIUM']
  if (set === undefined || set === '') return NAMES.map(inPath).find((path) => path !== undefined)
  if (!isExecutable(set)) throw new Error(`CHROMIUM=${set} is not a program: set it to the path of Chromium or Chrome`)
  return set
}

const inPath = (name: string): string | undefined =>
  (process.env['PATH'] ?? '')
    .split(':')
    .map((folder) => join(folder, name))
    .find(isExecutable)

const isExecutable = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
